"""What the program declares for a stack, without a cloud, a state or a credential.

Owns running the program in processes of their own, and what comes of them as plain values. Leaves the resource monitor
to `parity_program`, and comparing to `parity`.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.errors import TenantryError
from infra.gate.change import FailedPreview, Properties
from infra.gate.values import Values
from infra.paths import PROJECT_ROOT
from infra.settings import SETTINGS_KEY
from infra.settings.stack_file import StackFile

_SECONDS = 120.0  # for a program that takes 5; one that waits for something must not hold its caller for ever

_OPTIONS = ("protect", "retainOnDelete", "ignoreChanges", "provider")

_PARITY_PROGRAM = "infra.gate.parity_program"


@dataclass(frozen=True, slots=True)
class Declared:
    """One resource that the program declares.

    Args:
        types: its type token after those of the components it is in, joined by `$`, as a URN has them.
        name: its logical name.
        properties: its inputs; its options are among them, as `options:protect`.
    """

    types: str
    name: str
    properties: Properties

    @property
    def type(self) -> str:
        """Its own type token."""
        return self.types.rpartition("$")[2]


def declared(files: Sequence[StackFile]) -> list[list[Declared]]:
    """Run the program for each stack, all at once, and return what it declares for each, in order of the stacks.

    Args:
        files: the stacks' files, whose settings are valid.

    Raises:
        TenantryError: the program refuses the settings of one of them, fails, or takes two minutes.
    """
    project = yaml.safe_load((PROJECT_ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="tenantry-parity-") as folder, ThreadPoolExecutor(len(files)) as pool:
        authority = Path(folder) / "authority.pem"
        authority.write_text("the certificates that the machine has\n", encoding="ascii")
        return list(pool.map(lambda file: _declared(file, project, authority), files))


def _declared(file: StackFile, project: Mapping[str, Any], authority: Path) -> list[Declared]:
    aws = (file.settings or {}).get("aws") or {}
    order = {
        "stack": file.stack,
        "project": project["name"],
        "root": str(PROJECT_ROOT),
        "program": str(PROJECT_ROOT / project.get("main", ".")),
        "config": {SETTINGS_KEY: json.dumps(file.settings)},
        "cloud": {key: str(aws.get(key, "")) for key in ("account_id", "region")},
    }
    answer = _answer(file, json.dumps(order), authority)
    if answer["refused"] is not None:
        raise TenantryError("the program refuses it", file.path.name, answer["refused"], exit_code=2)
    values = Values()
    try:
        return [_resource(told, values) for told in answer["resources"]]
    except FailedPreview as error:
        raise TenantryError(
            f"the program declares what no engine takes ({error})", file.path.name, "mend it"
        ) from error


def _answer(file: StackFile, order: str, authority: Path) -> Mapping[str, Any]:
    try:
        ran = subprocess.run(
            [sys.executable, "-m", _PARITY_PROGRAM],
            input=order,
            capture_output=True,
            text=True,
            check=False,
            cwd=PROJECT_ROOT,
            env=_environment(authority),
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise TenantryError(
            f"the program does not end within {_SECONDS:.0f} s", file.path.name, "look for what it waits for"
        ) from error
    if ran.returncode:
        last = next(iter(reversed(ran.stderr.strip().splitlines())), f"exit code {ran.returncode}")
        remedy = f"run `pulumi preview --stack {file.stack}`, which tells where"
        raise TenantryError(f"the program fails ({last})", file.path.name, remedy)
    answer: Mapping[str, Any] = json.loads(ran.stdout)
    return answer


def _environment(authority: Path) -> dict[str, str]:
    """Return the same variables on every machine: the SDKs take inputs from the caller's, such as AWS_REGION.

    Of a database that is brought, the files leave out where it is.
    """
    return {
        "PATH": "/usr/bin:/bin",
        "PGSSLROOTCERT": str(authority),
        "PGHOST": "database.invalid",
        "PGUSER": "tenantry",
        "PGPASSWORD": "",
        "PYTHONUTF8": "1",
    }


def _resource(told: Mapping[str, Any], values: Values) -> Declared:
    _, _, types, name = told["urn"].split("::", 3)
    inputs = {key: values.plain(value) for key, value in told["inputs"].items()}
    options = {f"options:{option}": told[option] for option in _OPTIONS if told[option]}
    return Declared(types, name, {**inputs, **options})
