"""AWS's own IAM policies (`arn:aws:iam::aws:policy/...`), as moto knows them and a fifth of the size.

moto keeps all 1,500 documents as texts, in each of six partitions, though an account lives in one and almost nobody
reads a document: it is looked up here when somebody does.
"""

import importlib
import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from moto.iam import models
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy, PolicyVersion
from moto.settings import load_iam_aws_managed_policies

from infra.sandbox.kept import kept, of_sources

_PARTITION = "aws"
_DATA = "moto.iam.aws_managed_policies"
_DOCUMENT = "Document"


class _Version(PolicyVersion):
    """A version whose document is read from moto's data."""

    policy_name = ""

    @property
    def document(self) -> str:
        """The policy as a text."""
        return json.dumps(json.loads(_data())[self.policy_name][_DOCUMENT])

    @document.setter
    def document(self, text: str) -> None:
        """Drop it, as every version of such a policy is AWS's own."""


def install() -> None:
    """Let IAM begin with these; before its first request. Doing it again changes nothing."""
    IAMBackend._init_aws_policies = _begin  # type: ignore[assignment, method-assign]  # moto's own place for this
    vars(models)["aws_managed_policies_data"] = ""
    _forget()


def _begin(backend: IAMBackend) -> list[ManagedPolicy]:
    if not load_iam_aws_managed_policies() or backend.region_name != _PARTITION:
        return []
    made_from = f"{metadata.version('moto')} {of_sources(Path(__file__))}"
    entries: dict[str, dict[str, Any]] = kept("managed policies", made_from, _parsed)
    return [_policy(name, backend, entry) for name, entry in entries.items()]


def _parsed() -> Any:
    return json.loads(_data(), object_pairs_hook=_entries)


def _entries(pairs: list[tuple[str, Any]]) -> dict[str, Any] | None:
    """Return an object of the two upper levels; what documents hold is dropped while it is read."""
    entry = dict(pairs)
    if _DOCUMENT in entry:
        return {**entry, _DOCUMENT: ""}
    is_all = bool(entry) and all(isinstance(value, dict) and _DOCUMENT in value for value in entry.values())
    return entry if is_all else None


def _policy(name: str, backend: IAMBackend, entry: dict[str, Any]) -> AWSManagedPolicy:
    policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, entry)
    for version in policy.versions:
        vars(version).pop("document")
        version.__class__ = _Version
        vars(version)["policy_name"] = name
    return policy


def _data() -> str:
    """Return moto's data, 4.5 MiB of JSON, without leaving it in memory."""
    text = str(importlib.import_module(_DATA).aws_managed_policies_data)
    _forget()
    return text


def _forget() -> None:
    """Let the module be imported anew by whoever asks for it next."""
    if sys.modules.pop(_DATA, None) is not None:
        vars(sys.modules["moto.iam"]).pop("aws_managed_policies", None)
