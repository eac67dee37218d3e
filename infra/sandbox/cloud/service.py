"""The cloud as a service of an instance: started, stopped, asked and described to clients.

Plain HTTP on a loopback address of the instance; the process is `server`.
"""

import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from infra.errors import TenantryError
from infra.paths import VIRTUALENV
from infra.sandbox.cloud import account, behind
from infra.sandbox.cloud.account import JOURNAL, Identity
from infra.sandbox.cloud.backing import control_planes
from infra.sandbox.cloud.backing.site import Site
from infra.sandbox.control_plane.component import Component
from infra.sandbox.instance import Instance, Report, Status
from infra.sandbox.servers import storage

PORT = 5000
"""Where it listens: moto's usual port."""

_NAME = "cloud"
_READY_SECONDS = 120.0  # replays a long journal
_ANSWER_SECONDS = 10.0

_MOTO = {
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",  # arn:aws:iam::aws:policy/..., which every EKS role is attached to
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # nobody starts an image here; saves time at each region's beginning
    "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",  # the host is an address, whose first octet is no bucket
    "PYTHONHASHSEED": "0",  # moto picks from sets, and must pick the same at each replay; -I would ignore this
    "MALLOC_ARENA_MAX": "1",  # what one thread has freed is used again by all
    "MALLOC_MMAP_THRESHOLD_": "131072",  # large texts, once read, go back to the machine
}


@dataclass(frozen=True)
class Cloud:
    """A simulated AWS account that keeps what was created in it, down to ids, until the instance is deleted.

    Args:
        instance: where it lives.
        backed: whether what has an open engine really runs: a control plane behind each EKS cluster, PostgreSQL behind
            each RDS instance, Valkey behind each replication group.
    """

    instance: Instance
    backed: bool = False

    @property
    def name(self) -> str:
        """What users call it."""
        return _NAME

    @property
    def url(self) -> str:
        """Where it answers."""
        address, port = self._endpoint
        return f"http://{address}:{port}"

    @property
    def folder(self) -> Path:
        """Where its data are, and those of what runs behind it."""
        return self.instance.folder(_NAME)

    def start(self, report: Report) -> None:
        """Start it and return once it answers; does nothing when it runs and is healthy.

        Args:
            report: receives the progress.

        Raises:
            TenantryError: the files cannot be used, the address is taken, or it does not start.
        """
        with storage.explained(self.instance.directory), storage.exclusive(self.instance, _NAME):
            component = self._component
            if not component.is_current(self.instance):
                self._require_journal()
                report(f"starting the simulated AWS{' and what runs behind it' if self.backed else ''}")
                component.start(self.instance)
            component.wait_healthy(self.instance, seconds=_READY_SECONDS)
            if self.backed:
                self._repair()

    def stop(self) -> None:
        """Stop it; does nothing when it is stopped. What it holds is in its journal already."""
        if not self.instance.directory.exists():
            return
        with storage.explained(self.instance.directory), storage.exclusive(self.instance, _NAME):
            self._rest()
            control_planes.stop_all(self.folder)
            self._stop_servers()
            self.instance.daemon(_NAME).stop()
            control_planes.stop_all(self.folder)  # what it has begun to start meanwhile
            self._stop_servers()

    def status(self) -> list[Status]:
        """Return one row for its process, and one for each server behind it."""
        return [self._component.status(self.instance), *(behind.rows(self.instance) if self.backed else [])]

    def become(self, identity: Identity) -> None:
        """Let the account be this one from the next start on, unless something has been made in it already.

        Args:
            identity: the account's number, and who is known to it.

        Raises:
            TenantryError: it is another account, and in use.
        """
        with storage.explained(self.instance.directory):
            if account.recorded(self.folder).account == identity.account:
                return
            if not account.is_unused(self.folder):
                raise self._another_account(identity)
            account.record(self.folder, identity)

    def introduce(self, identity: Identity) -> None:
        """Make users and roles known to the account, which runs; does nothing to those who are.

        Args:
            identity: the account's number, and who is to be known.

        Raises:
            TenantryError: it is another account, or a program has made one of the same name.
        """
        try:
            self._control("POST", "identity", {"account": identity.account, "principals": identity.principals})
        except ValueError as error:
            if account.recorded(self.folder).account != identity.account:
                raise self._another_account(identity) from None
            remedy = "delete that one, or use another instance (`--instance`)"
            raise TenantryError(f"{error}", f"sandbox {self.instance.name}", remedy) from error

    def environment(self, identity: Identity | None = None) -> dict[str, str]:
        """Return what AWS clients need to reach it, without a region, which is the program's to say.

        Proxies are told to stay out of the way: botocore would send even a loopback address to them.

        Args:
            identity: who calls is its caller; by default the account's own.
        """
        caller = (identity or account.recorded(self.folder)).caller
        address, _ = self._endpoint
        others = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        exempt = ",".join([*(part for part in others.split(",") if part and part != address), address])
        return {
            "AWS_ENDPOINT_URL": self.url,
            **caller.credentials(),
            "NO_PROXY": exempt,
            "no_proxy": exempt,
        }

    def add_fault(self, **fault: object) -> None:
        """Let calls fail; see `faults.Fault` for the arguments. What runs in a lost region has stopped afterwards.

        Raises:
            ValueError: there is no such fault.
        """
        self._control("POST", "faults", fault, seconds=_READY_SECONDS)

    def clear_faults(self) -> None:
        """Let calls succeed again; what runs in a lost region is back afterwards."""
        self._control("DELETE", "faults", seconds=_READY_SECONDS)

    def set_quotas(self, **values: int) -> None:
        """Change account quotas for good, as `set_quotas(vpcs=20, elastic_ips=10)`; see `quotas.QUOTAS`.

        Raises:
            ValueError: there is no such quota.
        """
        self._control("PUT", "quotas", {name.replace("_", "-"): value for name, value in values.items()})

    def quotas(self) -> dict[str, int]:
        """Return the account quotas by name."""
        return dict(self._control("GET", "quotas"))

    def regions(self) -> list[str]:
        """Return the regions where something was changed, by name."""
        return [str(region) for region in self._control("GET", "state")["regions"]]

    def contents(self) -> list[str]:
        """Return what was created and not deleted, as `REGION SERVICE KIND ID`, sorted; without AWS's defaults."""
        from infra.sandbox.cloud import contents  # noqa: PLC0415 - boto3 would slow every command down

        return contents.listed(self.url, account.recorded(self.folder), self.regions())

    def is_empty(self) -> bool:
        """Whether nothing is left of what was created."""
        return not self.contents()

    @property
    def _endpoint(self) -> tuple[str, int]:
        return self.instance.addresses.cloud, PORT

    @property
    def _component(self) -> Component:
        interpreter = VIRTUALENV / "bin" / "python"
        program = str(interpreter) if interpreter.exists() else sys.executable
        address, port = self._endpoint
        module, folder = "infra.sandbox.cloud.server", str(self.folder)
        options = ["--backed"] if self.backed else []
        return Component(
            name=_NAME,
            command=[program, "-P", "-s", "-m", module, address, str(port), folder, *options],
            healthy=self._answers,
            endpoints=[self._endpoint],
            files=sorted(Path(__file__).parent.rglob("*.py")),
            settings={**_MOTO, "MOTO_ACCOUNT_ID": account.recorded(self.folder).account},
        )

    def _another_account(self, identity: Identity) -> TenantryError:
        return TenantryError(
            f"this sandbox is the AWS account {account.recorded(self.folder).account} and holds resources, "
            f"the stack is of {identity.account}",
            f"sandbox {self.instance.name}",
            "use another one (`--instance NAME`), or delete it "
            f"(`tenantry sandbox down {self.instance.name} --delete`)",
        )

    def _require_journal(self) -> None:
        """Make sure that what runs behind the cloud is not taken for nobody's."""
        journal = self.folder / JOURNAL
        if self.backed and not journal.exists() and behind.rows(self.instance):
            raise TenantryError(
                "the journal of the simulated AWS is lost, and what was declared there is not",
                str(journal),
                f"restore it, or begin anew with `tenantry sandbox down {self.instance.name} --delete`",
            )

    def _rest(self) -> None:
        """Let the cloud start nothing again that is about to be stopped; one that does not answer is ended anyway."""
        if self.instance.daemon(_NAME).is_running():
            with contextlib.suppress(TenantryError, httpx.HTTPStatusError):
                self._control("POST", "rest")

    def _stop_servers(self) -> None:
        if (self.instance.directory / "backing").exists():
            from infra.sandbox.cloud.backing import servers  # noqa: PLC0415 - psycopg would slow every command down

            servers.stop_all(Site(self.instance.directory, self.instance.addresses.prefix))

    def _repair(self) -> None:
        """Let control planes that have died run again."""
        try:
            httpx.post(f"{self.url}/tenantry-eks/repair", timeout=_READY_SECONDS, trust_env=False).raise_for_status()
        except httpx.HTTPError as error:
            log = str(self.instance.daemon(_NAME).log)
            raise TenantryError("the cloud's clusters cannot be repaired", log, "read the log") from error

    def _answers(self) -> bool:
        try:
            answer = httpx.get(f"{self.url}/moto-api/config", timeout=_ANSWER_SECONDS, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.is_success

    def _control(
        self,
        method: str,
        path: str,
        document: Mapping[str, object] | None = None,
        seconds: float = _ANSWER_SECONDS,
    ) -> Any:
        url = f"{self.url}/tenantry-sandbox/{path}"
        try:
            answer = httpx.request(method, url, json=document, timeout=seconds, trust_env=False)
        except httpx.HTTPError as error:
            raise TenantryError("the cloud does not answer", self.url, "run `make up`") from error
        if answer.status_code == httpx.codes.BAD_REQUEST:
            raise ValueError(answer.json()["error"])
        answer.raise_for_status()
        return answer.json()
