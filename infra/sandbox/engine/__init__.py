"""Builds the open engines that the sandbox runs, from pinned Go modules: the Pulumi CLI, Kubernetes, etcd and KWOK.

Owns what lies in `.sandbox/bin` and `.sandbox/share`. Leaves starting any of it to the services.
"""

from infra.sandbox.engine.builder import ensure_built
from infra.sandbox.engine.status import Part, status

__all__ = ["Part", "ensure_built", "status"]
