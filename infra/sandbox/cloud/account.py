"""The simulated AWS account: its number, who is known to it before any program, and what it is kept in.

Nobody applies a program to an account in which he is not known yet: somebody has made a user or a role for him before.
In the sandbox the caller is the first administrator that the stack names (`cluster.administrators`), and everyone that
it names is there. Each has a key, which follows from the ARN: it opens nothing but a simulated account on this machine.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import TenantryError
from infra.sandbox import files

ACCOUNT = "123456789012"
"""The number of an account for which no stack names one: moto's, and in AWS's documentation nobody's."""

USER = f"arn:aws:iam::{ACCOUNT}:user/sandbox"
"""Who is known there."""

SESSION = "tenantry"
"""The name of the session that a caller has who is a role."""

JOURNAL = "journal.jsonl"
"""The file in the cloud's folder from which a start makes the account again."""

_RECORD = "account.json"
_NUMBER = re.compile(r"[0-9]{12}")
_PRINCIPAL = re.compile(
    r"arn:aws:iam::(?P<account>[0-9]{12}):(?P<kind>role|user)(?P<path>/(?:[^/]+/)*)(?P<name>[\w+=,.@-]+)"
)


@dataclass(frozen=True)
class Principal:
    """A user or a role that is there before any program.

    Args:
        arn: its ARN, with its path.
        kind: `user` or `role`.
        path: as `/` or `/people/`.
        name: the last part of the ARN.
    """

    arn: str
    kind: str
    path: str
    name: str

    @property
    def key(self) -> str:
        """Its access key and the key's secret: the cloud takes any, and no real account knows it. 20 of A-Z0-9."""
        digest = base64.b32encode(hashlib.sha256(self.arn.encode()).digest())
        return f"TENANTRY{digest.decode()[:12]}"

    def credentials(self) -> dict[str, str]:
        """Return the environment variables of who calls as this user, or in a session of this role."""
        session = {"AWS_SESSION_TOKEN": SESSION} if self.kind == "role" else {}
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.key, **session}


@dataclass(frozen=True)
class Identity:
    """An account and who is known to it.

    Args:
        account: twelve digits.
        principals: ARNs of users and roles of that account; who calls is the first one.
    """

    account: str = ACCOUNT
    principals: tuple[str, ...] = (USER,)

    @property
    def caller(self) -> Principal:
        """Who calls."""
        return self.known()[0]

    def known(self) -> list[Principal]:
        """Return everyone who is known; the user `sandbox` when nobody is."""
        found = [_principal(arn) for arn in self.principals]
        return [one for one in found if one] or [_user(self.account)]


def of_stack(sections: Mapping[str, Mapping[str, Any]]) -> Identity:
    """Return what a stack's settings say; what they do not say, or say wrongly, is the documented account's.

    Args:
        sections: the stack's settings by section, as they are written: nothing has checked them yet.
    """
    said = sections.get("aws", {}).get("account_id")
    account = said if isinstance(said, str) and _NUMBER.fullmatch(said) else ACCOUNT
    named = sections.get("cluster", {}).get("administrators")
    arns = [str(arn) for arn in named.values()] if isinstance(named, dict) else []
    principals = [one for one in map(_principal, arns) if one and one.arn.split(":")[4] == account]
    return Identity(account, tuple(one.arn for one in principals) or (_user(account).arn,))


def recorded(folder: Path) -> Identity:
    """Return whose account is kept in a folder, the documented one's unless something else was recorded.

    Args:
        folder: the cloud's.

    Raises:
        TenantryError: the record is damaged.
    """
    record = folder / _RECORD
    try:
        content = json.loads(record.read_text())
        return Identity(str(content["account"]), tuple(map(str, content["principals"])))
    except FileNotFoundError:
        return Identity()
    except (ValueError, KeyError, TypeError) as error:
        remedy = "restore it, or begin anew with `tenantry sandbox down NAME --delete`"
        raise TenantryError("the record of the simulated AWS account is damaged", str(record), remedy) from error


def record(folder: Path, identity: Identity) -> None:
    """Write down whose account is kept in a folder, in one step."""
    content = {"account": identity.account, "principals": list(identity.principals)}
    files.replace(folder / _RECORD, json.dumps(content) + "\n")


def is_unused(folder: Path) -> bool:
    """Whether nothing was ever changed in the account that is kept in a folder."""
    journal = folder / JOURNAL
    if not journal.exists():
        return True
    with journal.open("rb") as file:
        return len([line for _, line in zip(range(2), file, strict=False)]) < 2  # the first one is the header


def _principal(arn: str) -> Principal | None:
    found = _PRINCIPAL.fullmatch(arn)
    return Principal(arn, found["kind"], found["path"], found["name"]) if found else None


def _user(account: str) -> Principal:
    return Principal(f"arn:aws:iam::{account}:user/sandbox", "user", "/", "sandbox")
