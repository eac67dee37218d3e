"""Between a resource's properties and the manifest that the API server takes.

Owns annotations' names, the dashed `x-kubernetes-*` keys, which Pulumi writes with underscores, and reading through
secret marks and unknowns.
"""

from collections.abc import Mapping
from typing import Any

from infra.sandbox.plugins.kubernetes.client import Object
from infra.sandbox.plugins.kubernetes.kinds import Kind
from infra.sandbox.plugins.values import Secret, Value

AUTONAMED = "pulumi.com/autonamed"
SKIP_AWAIT = "pulumi.com/skipAwait"
WAIT_FOR = "pulumi.com/waitFor"
TIMEOUT = "pulumi.com/timeoutSeconds"
REPLACE_UNREADY = "pulumi.com/replaceUnready"
PATCH_FORCE = "pulumi.com/patchForce"
FIELD_MANAGER = "pulumi.com/patchFieldManager"
PROPAGATION = "pulumi.com/deletionPropagationPolicy"
REPLACED_BY = "pulumi.com/replacedBy"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

INPUTS = "__inputs"
INITIAL_API_VERSION = "__initialApiVersion"
STORED_MANAGER = "__fieldManager"

_DASHED = {
    f"x_kubernetes_{name}": f"x-kubernetes-{name.replace('_', '-')}"
    for name in (
        "embedded_resource",
        "int_or_string",
        "list_map_keys",
        "list_type",
        "map_type",
        "preserve_unknown_fields",
        "validations",
    )
}
_UNDERSCORED = {dashed: name for name, dashed in _DASHED.items()}
_SERVERS_OWN = frozenset(
    {
        *("creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields"),
        *("resourceVersion", "selfLink", "uid"),
    }
)


def peek(value: Value, *path: str) -> Value:
    """Return what is at `path`, looking through secret marks, or None when it is absent or unknown."""
    for key in path:
        value = bare(value)
        value = value.get(key) if isinstance(value, Mapping) else None
    return bare(value)


def bare(value: Value) -> Value:
    """Return `value` without the secret mark around it."""
    return value.value if isinstance(value, Secret) else value


def annotation(properties: Value, name: str) -> str:
    """Return the value of an annotation, empty when it is absent or unknown."""
    value = peek(properties, "metadata", "annotations", name)
    return value if isinstance(value, str) else ""


def with_metadata(properties: Mapping[str, Value], changes: Mapping[str, Value]) -> dict[str, Value]:
    """Return the properties with some of their metadata replaced; a None removes. Unknown metadata stays as it is."""
    metadata = properties.get("metadata") or {}
    plain = bare(metadata)
    if not isinstance(plain, Mapping):
        return dict(properties)
    changed = {key: value for key, value in {**plain, **changes}.items() if value is not None}
    return {**properties, "metadata": Secret(changed) if isinstance(metadata, Secret) else changed}


def with_annotation(properties: Mapping[str, Value], name: str, value: str) -> dict[str, Value]:
    """Return the properties with one more annotation; unknown annotations stay as they are."""
    annotations = peek(properties, "metadata", "annotations") or {}
    if not isinstance(annotations, Mapping):
        return dict(properties)
    return with_metadata(properties, {"annotations": {**annotations, name: value}})


def normalized(inputs: Mapping[str, Value], kind: Kind) -> dict[str, Value]:
    """Return the inputs without nulls and without the metadata that only the server sets, with version and kind."""
    complete = {"apiVersion": kind.api_version, "kind": kind.name, **_without_nulls(inputs)}
    complete["apiVersion"], complete["kind"] = kind.api_version, kind.name
    return with_metadata(complete, dict.fromkeys(_SERVERS_OWN))


def manifest(inputs: Value, *, namespaced: bool) -> Object:
    """Return what to send: no marks, no nulls, dashed keys, and a namespace only where the kind has one.

    Args:
        inputs: known inputs.
        namespaced: whether the kind's objects live in namespaces.
    """
    document: Object = _plain(inputs)
    if not namespaced:
        document.get("metadata", {}).pop("namespace", None)
    return document


def from_server(live: Value) -> Value:
    """Return an object of the server as properties: dashed keys underscored."""
    if isinstance(live, Mapping):
        return {_UNDERSCORED.get(key, key): from_server(value) for key, value in live.items()}
    if isinstance(live, list):
        return [from_server(value) for value in live]
    return live


def without_servers_own(live: Object) -> Object:
    """Return a live object as a program would write it: no status, none of the server's metadata."""
    metadata = {key: value for key, value in live.get("metadata", {}).items() if key not in _SERVERS_OWN}
    annotations = {
        key: value
        for key, value in metadata.pop("annotations", {}).items()
        if key not in (LAST_APPLIED, "deployment.kubernetes.io/revision")
    }
    if annotations:
        metadata["annotations"] = annotations
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}


def identity(live: Object) -> str:
    """Return the Pulumi id of a live object: `namespace/name`, or `name` without a namespace."""
    metadata = live["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])


def split_identity(identity: str) -> tuple[str, str]:
    """Return namespace (empty without one) and name of a Pulumi id."""
    namespace, _, name = identity.rpartition("/")
    return namespace, name


def dig(value: Any, *path: str) -> Any:
    """Return what is at `path` of a server's object, or None."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _plain(value: Value) -> Any:
    value = bare(value)
    if isinstance(value, Mapping):
        return {_DASHED.get(key, key): _plain(item) for key, item in value.items() if bare(item) is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _without_nulls(value: Value) -> Value:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
