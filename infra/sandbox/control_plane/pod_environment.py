"""The environment of a container on the host: what its pod declares, and nothing of the caller's.

Owns `env`, `envFrom` and the expansion of `$(NAME)` in values, command and arguments, as a kubelet does them.
"""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from infra.sandbox.control_plane.api import ApiClient, ApiError

_REFERENCE = re.compile(r"\$\$|\$\(([^()]+)\)")
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


class NotThereYetError(Exception):
    """A ConfigMap, Secret or key that the pod needs does not exist; it may come, so the container waits for it."""


class CannotProvideError(Exception):
    """The pod asks for something that the host cannot give it; it fails."""


class PodObjects:
    """Reads the objects that one pod refers to."""

    def __init__(self, api: ApiClient, namespace: str) -> None:
        """Read through `api` in `namespace`; nothing is cached, so that a retry sees what has come since."""
        self._api = api
        self._namespace = namespace

    def config_map(self, name: str) -> dict[str, bytes]:
        """Return the entries of a ConfigMap."""
        found = self._read("configmaps", name)
        binary = {key: base64.b64decode(value) for key, value in (found.get("binaryData") or {}).items()}
        return {key: value.encode() for key, value in (found.get("data") or {}).items()} | binary

    def secret(self, name: str) -> dict[str, bytes]:
        """Return the entries of a Secret."""
        return {key: base64.b64decode(value) for key, value in (self._read("secrets", name).get("data") or {}).items()}

    def _read(self, kind: str, name: str) -> dict[str, Any]:
        try:
            return self._api.get(f"/api/v1/namespaces/{self._namespace}/{kind}/{name}")
        except ApiError as error:
            if error.status == httpx.codes.NOT_FOUND:
                raise NotThereYetError(error.message) from error
            raise


def resolve_environment(
    pod: Mapping[str, Any], container: Mapping[str, Any], objects: PodObjects, base: Mapping[str, str]
) -> dict[str, str]:
    """Return the whole environment of `container`.

    Args:
        pod: the Pod object.
        container: the container's part of it.
        objects: reads ConfigMaps and Secrets.
        base: what every container gets; the pod's own settings win.

    Raises:
        NotThereYetError: a ConfigMap, Secret or key does not exist and is not optional.
        CannotProvideError: a source that the host cannot provide.
    """
    environment = dict(base)
    for source in container.get("envFrom") or []:
        environment.update(_all_of(source, objects))
    for item in container.get("env") or []:
        value = _value(item, pod, objects)
        if value is not None:
            environment[item["name"]] = expand(value, environment) if "value" in item else value
    return environment


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by the variable's value; an unknown name stays as it is, and `$$` stands for `$`."""

    def replacement(match: re.Match[str]) -> str:
        return "$" if match[1] is None else environment.get(match[1], match[0])

    return _REFERENCE.sub(replacement, text)


def field(path: str, pod: Mapping[str, Any]) -> str:
    """Return the pod's field `path`, as the downward API names it.

    Raises:
        CannotProvideError: a field that the host does not know.
    """
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript is not None:
        return str((pod["metadata"].get(subscript[1]) or {}).get(subscript[2], ""))
    metadata, spec = pod["metadata"], pod["spec"]
    known = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
    }
    if path not in known:
        raise CannotProvideError(f"fieldRef {path} is not available on the host")
    return str(known[path])


def _all_of(source: Mapping[str, Any], objects: PodObjects) -> dict[str, str]:
    read, reference = (
        (objects.secret, source["secretRef"]) if "secretRef" in source else (objects.config_map, source["configMapRef"])
    )
    try:
        entries = read(reference["name"])
    except NotThereYetError:
        if reference.get("optional"):
            return {}
        raise
    prefix = source.get("prefix", "")
    return {prefix + key: value.decode() for key, value in entries.items()}


def _value(item: Mapping[str, Any], pod: Mapping[str, Any], objects: PodObjects) -> str | None:
    source = item.get("valueFrom")
    if source is None:
        return str(item.get("value", ""))
    if "secretKeyRef" in source:
        return _entry(objects.secret, source["secretKeyRef"])
    if "configMapKeyRef" in source:
        return _entry(objects.config_map, source["configMapKeyRef"])
    if "fieldRef" in source:
        return field(source["fieldRef"]["fieldPath"], pod)
    raise CannotProvideError(f"environment variable {item['name']}: {', '.join(source)} is not available on the host")


def _entry(read: Callable[[str], dict[str, bytes]], reference: Mapping[str, Any]) -> str | None:
    try:
        entries = read(reference["name"])
        if reference["key"] in entries:
            return entries[reference["key"]].decode()
        raise NotThereYetError(f"couldn't find key {reference['key']} in {reference['name']}")
    except NotThereYetError:
        if reference.get("optional"):
            return None
        raise
