"""`python -m infra.sandbox.plugins.random_values ENGINE`: serve the plugin to the engine that started it."""

from importlib.metadata import version

from infra.sandbox.plugins.random_values.provider import RandomProvider
from infra.sandbox.plugins.server import serve

if __name__ == "__main__":
    serve(RandomProvider(), version("pulumi-random"))
