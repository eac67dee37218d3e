"""The offline kubernetes plugin: what pulumi-kubernetes does for a program's resources, over the API server's REST.

Owns server-side apply, dry runs in preview, awaiting, drift and autonaming. Leaves out Helm, Kustomize, rendering of
YAML and client-side apply on purpose; each is refused with a clear message.
"""
