"""What an applied stack has made, and how to reach it: its outputs, its cluster, its database and its AWS account."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import psycopg
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.errors import TenantryError
from infra.paths import BIN
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.environment import Workspace

_SECONDS = 30  # that a server may take to answer
_NOT_THERE = {"NotImplemented", "UnknownOperationException", "InternalFailure"}


@dataclass(frozen=True)
class Applied:
    """One applied stack.

    Args:
        workspace: where it is.
        outputs: its outputs, with the secret ones.
    """

    workspace: Workspace
    outputs: Mapping[str, Any]

    @property
    def cloud(self) -> Cloud:
        """The AWS account."""
        return Cloud(self.workspace.instance, backed=True)

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """What the sandbox sets for programs."""
        return self.workspace.variables()

    @cached_property
    def regions(self) -> list[str]:
        """Where something was made."""
        return self.cloud.regions()

    def client(self, service: str, region: str) -> Any:
        """Return boto3's client of a service."""
        caller = self.variables
        session = boto3.Session(
            caller["AWS_ACCESS_KEY_ID"], caller["AWS_SECRET_ACCESS_KEY"], caller.get("AWS_SESSION_TOKEN")
        )
        settings = Config(proxies={}, retries={"total_max_attempts": 2}, s3={"addressing_style": "path"})
        return session.client(service, region_name=region, endpoint_url=self.cloud.url, config=settings)

    def listed(self, service: str, operation: str, key: str, **arguments: object) -> Iterator[tuple[Any, Any]]:
        """Yield everything that an operation lists in every region in use, each with the client of its region.

        Args:
            service: boto3's name of it.
            operation: boto3's method, as `describe_repositories`.
            key: where its answer has the list.
            arguments: of the operation.
        """
        for region in self.regions:
            client = self.client(service, region)
            try:
                pages = (
                    client.get_paginator(operation).paginate(**arguments)
                    if client.can_paginate(operation)
                    else [getattr(client, operation)(**arguments)]
                )
                entries = [entry for page in pages for entry in page.get(key) or []]
            except ClientError as error:
                if error.response["Error"]["Code"] in _NOT_THERE:  # the cloud lacks the service: nothing can be there
                    continue
                raise
            yield from ((client, entry) for entry in entries)

    def kubectl(self, *arguments: str) -> Any:
        """Return what `kubectl ARGUMENTS -o json` prints, with the stack's output `kubeconfig`.

        Raises:
            TenantryError: it failed.
        """
        command = [str(BIN / "kubectl"), f"--request-timeout={_SECONDS}s", *arguments, "-o", "json"]
        file = self.workspace.instance.folder("pulumi") / f"kubeconfig-{self.workspace.stack}"
        file.touch(mode=0o600)
        file.write_text(self.outputs["kubeconfig"])
        ran = subprocess.run(
            [*command, "--kubeconfig", str(file)],
            env=self.workspace.process_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode != 0:
            said = ran.stderr.strip().splitlines()
            raise TenantryError(f"kubectl failed ({said[-1] if said else 'no message'})", "the cluster", "read its log")
        return json.loads(ran.stdout)

    def database(self, url: str) -> "psycopg.Connection[tuple[Any, ...]]":
        """Return a connection whose server's certificate and name are verified.

        Args:
            url: with user and password.

        Raises:
            psycopg.OperationalError: the server does not answer or refuses.
        """
        return psycopg.connect(
            url,
            sslmode="verify-full",
            sslrootcert=self.variables["PGSSLROOTCERT"],
            connect_timeout=_SECONDS,
            autocommit=True,
        )

    @property
    def authority(self) -> Path:
        """The certificate that vouches for Redis."""
        return Path(self.variables["REDIS_CA_FILE"])
