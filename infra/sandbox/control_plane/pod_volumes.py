"""The volumes of a pod on the host: folders inside the pod's own folder, instead of mounts.

A process on the host cannot have a file system of its own without privileges. So a volume is written below the pod's
folder, and wherever an environment value, an argument or the working directory begins with its mount path, the folder
takes its place. Programs that have a mount path built in do not find it. ConfigMaps, Secrets, projections of both and
empty folders are provided; the service-account volume that Kubernetes adds is replaced by KUBECONFIG.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.paths import PROJECT_ROOT
from infra.sandbox.control_plane.pod_environment import CannotProvideError, NotThereYetError, PodObjects, field

_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
_PROJECT = str(PROJECT_ROOT)


def wants_account_token(pod: Mapping[str, Any]) -> bool:
    """Whether the pod is to have its service account's token."""
    volumes = pod["spec"].get("volumes") or []
    return any("serviceAccountToken" in source for volume in volumes for source in _projections(volume))


def write_volumes(pod: Mapping[str, Any], objects: PodObjects, folder: Path) -> dict[str, Path]:
    """Write the volumes that the pod's containers mount below `folder`; return where each is, by name.

    Raises:
        NotThereYetError: a ConfigMap, Secret or key does not exist and is not optional.
        CannotProvideError: a volume of a kind that the host cannot provide.
    """
    spec = pod["spec"]
    containers = [*(spec.get("initContainers") or []), *spec["containers"]]
    mounts = [mount for container in containers for mount in container.get("volumeMounts") or []]
    used = {mount["name"] for mount in mounts if mount["mountPath"] != _ACCOUNT_FOLDER}
    places = {}
    for volume in spec.get("volumes") or []:
        if volume["name"] in used:
            places[volume["name"]] = place = folder / volume["name"]
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name, content in _content(volume, pod, objects).items():
                target = place / name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                target.write_bytes(content)
    return places


def mount_table(container: Mapping[str, Any], places: Mapping[str, Path]) -> list[tuple[str, str]]:
    """Return the (mount path, folder) pairs of `container`, deepest first."""
    table = [
        (mount["mountPath"].rstrip("/"), str(places[mount["name"]] / mount.get("subPath", "")))
        for mount in container.get("volumeMounts") or []
        if mount["name"] in places
    ]
    return sorted(table, key=lambda pair: len(pair[0]), reverse=True)


def relocate(text: str, table: Sequence[tuple[str, str]]) -> str:
    """Replace the mount path that `text` begins with, or that follows a `=` in it, by its folder.

    Paths of this project stay: they are the host's, also where the project lies below a mount path, as `/tmp`.
    """
    head, equals, tail = text.partition("=")
    for candidate, prefix in ((text, ""), (tail, head + equals)):
        if candidate == _PROJECT or candidate.startswith(_PROJECT + "/"):
            return text
        for mount, place in table:
            if candidate == mount or candidate.startswith(mount + "/"):
                return prefix + place + candidate[len(mount) :]
    return text


def _content(volume: Mapping[str, Any], pod: Mapping[str, Any], objects: PodObjects) -> dict[str, bytes]:
    if "emptyDir" in volume:
        return {}
    sources = _projections(volume) or [volume]
    return {name: content for source in sources for name, content in _source(volume["name"], source, pod, objects)}


def _projections(volume: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(volume.get("projected", {}).get("sources") or [])


def _source(
    volume: str, source: Mapping[str, Any], pod: Mapping[str, Any], objects: PodObjects
) -> list[tuple[str, bytes]]:
    if "configMap" in source:
        return _selected(source["configMap"], objects.config_map, source["configMap"]["name"])
    if "secret" in source:
        secret = source["secret"]
        return _selected(secret, objects.secret, secret.get("secretName") or secret["name"])
    if "downwardAPI" in source and all("fieldRef" in item for item in source["downwardAPI"].get("items") or []):
        items = source["downwardAPI"].get("items") or []
        return [(item["path"], field(item["fieldRef"]["fieldPath"], pod).encode()) for item in items]
    kinds = ", ".join(sorted(set(source) - {"name"}))
    raise CannotProvideError(f"volume {volume}: {kinds} is not available on the host")


def _selected(
    options: Mapping[str, Any], read: Callable[[str], dict[str, bytes]], name: str
) -> list[tuple[str, bytes]]:
    try:
        entries = read(name)
    except NotThereYetError:
        if options.get("optional"):
            return []
        raise
    if not options.get("items"):
        return list(entries.items())
    missing = [item["key"] for item in options["items"] if item["key"] not in entries]
    if missing and not options.get("optional"):
        raise NotThereYetError(f"references non-existent key {missing[0]} in {name}")
    return [(item["path"], entries[item["key"]]) for item in options["items"] if item["key"] in entries]
