"""`python -m infra.sandbox.plugins.aws ENGINE`: serve the plugin to the engine that started it."""

from importlib.metadata import version

from infra.sandbox.plugins.aws.provider import AWSProvider
from infra.sandbox.plugins.server import serve

if __name__ == "__main__":
    serve(AWSProvider(), version("pulumi-aws"))
