"""The plugin's entry: `python -m infra.sandbox.plugins.kubernetes`, started by the engine."""

from infra.sandbox.plugins.installation import version_of
from infra.sandbox.plugins.kubernetes.provider import KubernetesProvider
from infra.sandbox.plugins.server import serve

if __name__ == "__main__":
    serve(KubernetesProvider(), version_of("kubernetes"))
