"""One stack of the real program in a real sandbox instance, driven through the CLI."""

import copy
import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import yaml

from infra.paths import BIN, PROJECT_ROOT
from infra.sandbox.environment import Workspace
from infra.sandbox.servers.postgresql import PostgreSQL
from infra.settings import tenant_file
from infra.settings.stack_file import EngineLoader

Settings = dict[str, Any]

_OUTPUTS: dict[Path, tuple[bytes, str]] = {}
"""File of a state -> the state, and the outputs that the CLI told of it."""


def storefront_alone(settings: Settings) -> None:
    """Leave one of the services of `local`: the others are more of its kind, and every update would wait for them.

    With them goes the migration, which is another service's. The rehearsals apply all.
    """
    storefront = settings["services"]["storefront"]
    storefront.pop("after", None)
    settings["services"] = {"storefront": storefront}


def connection_url(outputs: Mapping[str, Any], slug: str) -> str:
    """Return the URL that a tenant is served by: its own, or that of the services for a tenant of the pool.

    Args:
        outputs: the stack's, secrets shown.
        slug: the tenant.
    """
    pooled = outputs["tenants"][slug]["isolation"] == "pool"
    return str(outputs["pool_connection"] if pooled else outputs["connections"][slug])


@dataclass(frozen=True)
class Result:
    """What one run of the CLI left: exit code, and both streams."""

    code: int
    output: str
    errors: str

    @property
    def text(self) -> str:
        return self.output + self.errors


@dataclass(frozen=True)
class Stack:
    """The stack of one workspace. The stack file of the work tree is never touched: tests write the sandbox's copy."""

    workspace: Workspace

    @property
    def tenant_file(self) -> Path:
        """Where tenants of the test's own are: in the sandbox, as its copy of the stack file."""
        return self.workspace.stack_file.with_name(f"tenants-{self.workspace.stack}.yaml")

    def settings(self) -> Settings:
        """Return the settings that the next run will use, with the tenants that it will read."""
        return self._whole(copy.deepcopy(self._content()["config"]["tenantry:settings"]))

    def _whole(self, settings: Settings) -> Settings:
        listed = tenant_file.read(self.workspace.stack, settings)
        return {**settings, tenant_file.FIELD: list(listed.entries)}

    def _content(self) -> dict[str, Any]:
        # As the engine reads it: to PyYAML's own loader a key `on` is true.
        return dict(yaml.load(self.workspace.stack_file.read_text(), EngineLoader))

    def configure(self, change: Callable[[Settings], None]) -> None:
        """Apply `change` to the settings of the next run, tenants among them."""
        content = self._content()
        whole = self._whole(content["config"]["tenantry:settings"])
        change(whole)
        tenants = sorted(whole.pop(tenant_file.FIELD), key=lambda tenant: str(tenant["slug"]))
        self.tenant_file.write_text(yaml.safe_dump(tenants, sort_keys=False))
        content["config"]["tenantry:settings"] = {**whole, "tenant_file": str(self.tenant_file)}
        self.workspace.stack_file.write_text(yaml.safe_dump(content, sort_keys=False))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `pulumi ARGUMENTS` in a session of its own, and return the process."""
        return subprocess.Popen(
            [str(BIN / "pulumi"), *arguments],
            env={**self.workspace.process_environment(), "PULUMI_DEBUG_COMMANDS": "true"},  # for --event-log
            cwd=PROJECT_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def pulumi(self, *arguments: str, expect: int | None = 0) -> Result:
        """Run `pulumi ARGUMENTS`; fail with all it printed unless it exits with `expect` (None: with anything)."""
        process = self.start(*arguments, "--non-interactive")
        output, errors = process.communicate()
        result = Result(process.returncode, output, errors)
        assert expect is None or result.code == expect, f"pulumi {arguments} exited {result.code}:\n{result.text}"
        return result

    def up(self, *arguments: str, expect: int | None = 0) -> Result:
        """Run `pulumi up` without asking."""
        return self.pulumi("up", "--yes", "--skip-preview", "--parallel", "16", *arguments, expect=expect)

    def changes(self, *arguments: str) -> dict[str, int]:
        """Return what a preview would do, as operation -> count, without what stays the same."""
        document = json.loads(self.pulumi("preview", "--json", *arguments).output)
        return {op: count for op, count in document["changeSummary"].items() if op != "same"}

    def differences(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Return what a preview would change, as operation, logical name and detailed difference."""
        steps = json.loads(self.pulumi("preview", "--json").output)["steps"]
        return [
            (step["op"], step["urn"].rpartition("::")[2], step.get("detailedDiff") or {})
            for step in steps
            if step["op"] != "same"
        ]

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, secrets shown; the CLI is asked once for each state that there is."""
        state = self.state_file.read_bytes()
        known = _OUTPUTS.get(self.state_file)
        if known is None or known[0] != state:
            told = self.pulumi("stack", "output", "--json", "--show-secrets").output
            known = _OUTPUTS[self.state_file] = (state, told)
        return dict(json.loads(known[1]))

    @property
    def state_file(self) -> Path:
        """Where the backend has the state: `pulumi stack export` prints what is in it, and takes a second for that."""
        return self._stacks / "tenantry" / f"{self.workspace.stack}.json"

    @property
    def _stacks(self) -> Path:
        return self.workspace.instance.folder("pulumi") / "state" / ".pulumi" / "stacks"

    def state(self) -> dict[str, Any]:
        """Return the deployment as the backend holds it, secrets encrypted."""
        return dict(json.loads(self.state_file.read_bytes())["checkpoint"].get("latest") or {})

    def resources(self) -> list[dict[str, Any]]:
        """Return the resources in the state."""
        return list(self.state().get("resources", []))

    def urns(self) -> list[str]:
        """Return the URNs of the resources in the state, sorted."""
        return sorted(resource["urn"] for resource in self.resources())

    def kubectl(self, *arguments: str) -> Any:
        """Run `kubectl ARGUMENTS -o json` and return the document."""
        command: Sequence[str | Path] = [
            BIN / "kubectl",
            "--kubeconfig",
            self.workspace.instance.kubeconfig,
            *arguments,
        ]
        finished = subprocess.run([*command, "-o", "json"], capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    def administrator(self, database: str = "postgres") -> "psycopg.Connection[tuple[Any, ...]]":
        """Return a connection of the superuser, in autocommit."""
        variables = PostgreSQL(self.workspace.instance).environment()
        return psycopg.connect(
            host=variables["PGHOST"],
            port=variables["PGPORT"],
            user=variables["PGUSER"],
            password=variables["PGPASSWORD"],
            dbname=database,
            sslmode=variables["PGSSLMODE"],
            sslrootcert=variables["PGSSLROOTCERT"],
            autocommit=True,
        )

    def tenant(self, slug: str, **overrides: str) -> "psycopg.Connection[tuple[Any, ...]]":
        """Return a connection with the tenant's own credentials, a pool tenant's with the services', in autocommit."""
        return self.connect(connection_url(self.outputs(), slug), **overrides)

    def connect(self, url: str, **overrides: str) -> "psycopg.Connection[tuple[Any, ...]]":
        """Return a connection with the credentials of `url`, in autocommit."""
        authority = str(self.workspace.instance.authority.certificate)
        return psycopg.connect(url, sslrootcert=authority, autocommit=True, **overrides)
