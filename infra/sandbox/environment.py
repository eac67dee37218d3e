"""The shell environment in which plain `pulumi`, `kubectl` and `psql` work against a sandbox instance.

Owns every variable that separates the sandbox from the user's real accounts: its own `PULUMI_HOME`, backend,
passphrase, kubeconfig and database settings; real cloud credentials are unset and no ambient plugin is let in.
"""

import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.paths import BIN, VIRTUALENV
from infra.sandbox import files, lifecycle, stack_file
from infra.sandbox.cloud import account
from infra.sandbox.cloud.account import Identity
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.instance import Instance
from infra.sandbox.plugins import installation
from infra.sandbox.plugins.language import install as language_host
from infra.sandbox.plugins.launcher import write_launcher, write_script
from infra.sandbox.servers.postgresql import PostgreSQL
from infra.sandbox.servers.valkey import Valkey

CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CA_BUNDLE",
    "ARM_CLIENT_ID",
    "ARM_CLIENT_SECRET",
    "ARM_TENANT_ID",
    "ARM_SUBSCRIPTION_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_TENANT_ID",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_OAUTH_ACCESS_TOKEN",
    "CLOUDSDK_AUTH_ACCESS_TOKEN",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
    "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY",
    "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGPASSWORD",
    "PGDATABASE",
    "REDIS_URL",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGPASSFILE",
    "PGHOSTADDR",
    "PGOPTIONS",
)
"""What must not reach a program in the sandbox: keys to real accounts, and settings that would change its meaning.

`AWS_ENDPOINT_URL_SERVICE` for any service is one more: it would lead past the sandbox's cloud.
"""

_ENDPOINT_OF_A_SERVICE = "AWS_ENDPOINT_URL_"
_ENGINE_GARBAGE = "400"
"""Percent of what is in use (Go's GOGC). The engine writes the whole state at each step, and drops it: an `up` of
`local` took 9.0 s of its processor time instead of 11.2, and 260 MiB instead of 143."""


@dataclass(frozen=True)
class Workspace:
    """One stack in one instance.

    Args:
        instance: where it is applied.
        stack: the stack's name; its file is `Pulumi.STACK.yaml`.
    """

    instance: Instance
    stack: str

    @property
    def home(self) -> Path:
        """The `PULUMI_HOME` of the instance."""
        return self.instance.folder("pulumi") / "home"

    @property
    def stack_file(self) -> Path:
        """The sandbox's copy of the stack file."""
        return self.instance.folder("pulumi") / f"Pulumi.{self.stack}.yaml"

    @property
    def tools(self) -> Path:
        """The folder that comes first on the `PATH`."""
        return self.instance.folder("bin")

    def prepare(self, official_plugins: Path | None = None) -> None:
        """Write everything that `variables` points to.

        Args:
            official_plugins: a folder of official plugins to use instead of the offline ones.

        Raises:
            TenantryError: the stack file is missing or not valid, an official plugin is missing, or the instance's AWS
                account is not the stack's.
        """
        source = stack_file.source_of(self.stack)
        cli = self._install_plugins(official_plugins)
        (self.instance.folder("pulumi") / "state").mkdir(exist_ok=True)
        if not self._passphrase.exists():
            files.create(self._passphrase, secrets.token_urlsafe(32))
        stack_file.synchronise(source, self.stack_file)
        cloud = Cloud(self.instance)
        if lifecycle.has(self.instance, cloud.name):
            cloud.introduce(self._identity)
        write_wrapper(self.tools / "pulumi", source, self.stack_file, cli)
        PostgreSQL(self.instance).link_tools(self.tools)
        write_launcher(self.tools / "aws", "infra.sandbox.aws_cli", cloud.url, str(cloud.folder))

    def variables(self) -> dict[str, str]:
        """Return what the sandbox sets."""
        state = self.instance.folder("pulumi") / "state"
        path = [str(self.tools), str(BIN), str(VIRTUALENV / "bin")]
        rest = [entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if entry not in path]
        return {
            "PATH": os.pathsep.join(path + rest),
            "PULUMI_HOME": str(self.home),
            # Without sidecars: the backend writes a state whole or not at all, but NAME.json.attrs in place, and a CLI
            # killed in between could never read that state again ("failed to load checkpoint: EOF").
            "PULUMI_BACKEND_URL": f"file://{state}?metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self._passphrase),
            stack_file.CHOICE: str(self.stack_file),
            "PULUMI_STACK": self.stack,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            "KUBECONFIG": str(self.instance.kubeconfig),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            **self._servers(),
            **_without_proxy(Cloud(self.instance).environment(self._identity)),
        }

    def process_environment(self) -> dict[str, str]:
        """Return the whole environment for a child process: the caller's, without `CREDENTIALS`, with `variables`.

        It says how much garbage the engine may let lie, unless the caller does.
        """
        inherited = {name: value for name, value in os.environ.items() if name not in _unwanted()}
        return {"GOGC": _ENGINE_GARBAGE, **inherited, **self.variables()}

    def _servers(self) -> dict[str, str]:
        """Return how clients reach the sandbox's own servers, and what vouches for those that a stack declares."""
        authority = str(self.instance.authority.certificate)
        variables = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": authority, "REDIS_CA_FILE": authority}
        for service in (PostgreSQL(self.instance), Valkey(self.instance)):
            if lifecycle.has(self.instance, service.name):
                variables |= service.environment()
        return variables

    @property
    def _identity(self) -> Identity:
        """Who applies the stack, by the work tree's file: credentials do not change when the sandbox's copy does."""
        return account.of_stack(stack_file.sections(stack_file.source_of(self.stack)))

    @property
    def _passphrase(self) -> Path:
        return self.instance.folder("pulumi") / "passphrase"

    def _install_plugins(self, official: Path | None) -> Path:
        """Install plugins, and return the CLI that finds them."""
        if official is not None:
            return installation.use_official(official, self.home, self.instance.folder("official"))
        language_host.install(BIN)
        installation.install(self.home)
        return BIN / "pulumi"


def write_wrapper(path: Path, source: Path, copy: Path, cli: Path) -> None:
    """Write a `pulumi` that takes the work tree's changes into the copy of a stack file before each run.

    A command that names another stack of the work tree is given a copy of that one's file.

    Args:
        path: the script.
        source: the file in the work tree.
        copy: the sandbox's copy of it.
        cli: the CLI itself.
    """
    command = [str(VIRTUALENV / "bin" / "python"), "-I", "-m", "infra.sandbox.stack_file", str(source), str(copy)]
    choose = f'[ -z "$file" ] || export {stack_file.CHOICE}="$file"'
    body = f'file=$({shlex.join(command)} "$@") || exit 1\n{choose}\nexec {shlex.quote(str(cli))} "$@"\n'
    write_script(path, body)


def _without_proxy(variables: Mapping[str, str]) -> dict[str, str]:
    """Return `variables`, with what keeps a program's calls to its own engine, over gRPC, out of the user's proxy."""
    found = [source.get(name, "") for source in (variables, os.environ) for name in ("no_proxy", "NO_PROXY")]
    hosts = [host.strip() for entry in found for host in entry.split(",") if host.strip()]
    together = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))
    return {**variables, "no_proxy": together, "NO_PROXY": together}


def export_lines(variables: Mapping[str, str]) -> str:
    """Return shell code that sets `variables` and unsets `CREDENTIALS`, for `eval`."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join([f"unset {' '.join(_unwanted())}", *exports])


def _unwanted() -> list[str]:
    """Return `CREDENTIALS` and the caller's endpoints of single AWS services."""
    endpoints = (name for name in os.environ if name.startswith(_ENDPOINT_OF_A_SERVICE) and name.isidentifier())
    return [*CREDENTIALS, *sorted(endpoints)]
