"""`python -m infra.sandbox.plugins.postgresql ENGINE`: serve the plugin to the engine that started it."""

from importlib.metadata import version

from infra.sandbox.plugins.postgresql.provider import PostgreSQLProvider
from infra.sandbox.plugins.server import serve

if __name__ == "__main__":
    serve(PostgreSQLProvider(), version("pulumi-postgresql"))
