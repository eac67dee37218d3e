"""What the engine keeps of an object: its outputs and inputs, in the official plugin's shape."""

from dataclasses import dataclass

from infra.sandbox.plugins.kubernetes import secrets
from infra.sandbox.plugins.kubernetes.client import Object
from infra.sandbox.plugins.kubernetes.discovery import Endpoint
from infra.sandbox.plugins.kubernetes.kinds import Kind
from infra.sandbox.plugins.kubernetes.manifests import (
    INITIAL_API_VERSION,
    INPUTS,
    STORED_MANAGER,
    from_server,
    with_metadata,
)
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value


@dataclass(frozen=True)
class Subject:
    """Which object a request is about, and as whom it is written.

    Args:
        kind: its kind.
        endpoint: where its kind is.
        manager: the field manager.
    """

    kind: Kind
    endpoint: Endpoint
    manager: str

    def path(self, live: Object) -> str:
        """Return the object's URL."""
        metadata = live["metadata"]
        return self.endpoint.item(metadata.get("namespace", ""), metadata["name"])

    def outputs(self, live: Object, inputs: Properties) -> dict[str, Value]:
        """Return the state: the live object without `managedFields`, and what the official plugin keeps beside it.

        The managed fields are left out because they are a third of a small object's state, which the engine rewrites
        at every step, and name nothing that a program reads.
        """
        state = with_metadata(from_server(live), {"managedFields": None})
        return {
            **secrets.mark_live(state, inputs, self.kind),
            INPUTS: dict(inputs),
            INITIAL_API_VERSION: self.kind.api_version,
            STORED_MANAGER: self.manager,
        }

    def previewed(self, live: Object, inputs: Properties) -> dict[str, Value]:
        """Return the outputs of a dry run, without the status, which is not known yet."""
        return self.outputs({key: value for key, value in live.items() if key != "status"}, inputs)
