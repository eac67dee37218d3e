"""Custom resource definitions: the Gateway API's, which every cluster has, and those that come with an add-on.

The controllers behind them do not run in the sandbox: objects are kept, checked against their schema, and nobody acts
on them. The server parses the YAML: with 25,000 lines, PyYAML would take seconds. Descriptions are left out, which are
most of it: the server would parse, convert and publish all of them.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from infra.errors import TenantryError
from infra.paths import SHARE
from infra.sandbox.control_plane.api import ApiClient, ApiError

GATEWAY_API = "gateway-api"
"""The set that every cluster has."""

ADDONS: Mapping[str, str] = {
    "cert-manager": "cert-manager",
    "aws-secrets-store-csi-driver-provider": "secrets-store",
}
"""EKS add-on -> the set that it brings; the others bring none that the platform uses."""

_DIGEST = "tenantry.dev/digest"
# A text begins on the line of its key, unlike a property of that name, and goes on where lines are indented deeper.
_DESCRIPTION = re.compile(r"^( +)description: .*\n(?:\1 .*\n|[ ]*\n)*", re.MULTILINE)
_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@dataclass(frozen=True)
class Definition:
    """A definition as its project ships it.

    Args:
        name: as `certificates.cert-manager.io`.
        text: its YAML.
    """

    name: str
    text: str

    @property
    def digest(self) -> str:
        """Tells its text from another release's."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    @property
    def marked(self) -> str:
        """Its YAML without descriptions, with the digest in an annotation, among those that it may have."""
        line = f'    {_DIGEST}: "{self.digest}"\n'
        text = _DESCRIPTION.sub("", self.text)
        annotations = re.search(r"^  annotations:\n", text, flags=re.MULTILINE)
        if annotations:
            return text[: annotations.end()] + line + text[annotations.end() :]
        return re.sub(r"^metadata:\n", f"metadata:\n  annotations:\n{line}", text, count=1, flags=re.MULTILINE)


def definition_files(kept: str) -> list[Path]:
    """Return the files of the set `kept`.

    Raises:
        TenantryError: there are none.
    """
    files = sorted((SHARE / kept).glob("*.yaml"))
    if not files:
        raise TenantryError(f"the definitions of {kept} are missing", str(SHARE / kept), "run `make up`")
    return files


def definitions(sets: Sequence[str]) -> list[Definition]:
    """Return the definitions of all `sets`, in order.

    Raises:
        TenantryError: a set is missing.
    """
    texts = [file.read_text() for kept in sets for file in definition_files(kept)]
    documents = [document for text in texts for document in re.split(r"^---\s*$", text, flags=re.MULTILINE)]
    named = [(re.search(r"^  name: (\S+)$", document, flags=re.MULTILINE), document) for document in documents]
    return [Definition(name[1].strip("\"'"), document) for name, document in named if name is not None]


def apply_definitions(api: ApiClient, sets: Sequence[str]) -> list[str]:
    """Apply the definitions of `sets` and return the names of those that the server does not serve yet.

    Those that are there already as they should be are left alone: applying them takes most of a second.

    Raises:
        TenantryError: a set is missing.
        ApiError: the server refuses one.
    """
    there = {facts["name"]: facts.get("annotations", {}).get(_DIGEST) for facts in api.metadata(_PATH)}
    wanted = [each for each in definitions(sets) if there.get(each.name) != each.digest]
    return [each.name for each in wanted if not _served(api.apply(f"{_PATH}/{each.name}", each.marked))]


def unserved_definitions(api: ApiClient, names: Sequence[str]) -> list[str]:
    """Return those of the definitions `names` that the API server does not serve yet."""
    return [name for name in names if not _served(api.get(f"{_PATH}/{name}"))]


def delete_definitions(api: ApiClient, sets: Sequence[str]) -> list[str]:
    """Delete the definitions of `sets`, and every object of their kinds; return the names."""
    names = [each.name for each in definitions(sets)]
    for name in names:
        api.delete(f"{_PATH}/{name}")
    return names


def remaining_definitions(api: ApiClient, names: Sequence[str]) -> list[str]:
    """Return those of the definitions `names` that are still there."""
    return [name for name in names if _exists(api, name)]


def _exists(api: ApiClient, name: str) -> bool:
    try:
        api.get(f"{_PATH}/{name}")
    except ApiError as error:
        if error.status == httpx.codes.NOT_FOUND:
            return False
        raise
    return True


def _served(definition: dict[str, Any]) -> bool:
    conditions = definition.get("status", {}).get("conditions") or []  # null in the files
    return any(it["type"] == "Established" and it["status"] == "True" for it in conditions)
