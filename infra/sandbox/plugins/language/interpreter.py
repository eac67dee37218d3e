"""The Python that the project asks for: which one, with what environment, and what is installed in it.

Owns the `runtime.options` of `Pulumi.yaml`. Leaves creating virtual environments to `make up`.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import TenantryError
from infra.sandbox.plugins.language import inventory

_TOOLCHAINS = {"pip": "Pip", "uv": "Uv"}
_INVENTORY_SECONDS = 60.0  # a cold disk; it takes 0.1 s warm


@dataclass(frozen=True)
class Package:
    """One installed distribution.

    Args:
        name: normalised as PEP 503 says.
        version: as PEP 440 writes it.
        required: whether another installed distribution needs it.
        plugin: the content of its `pulumi-plugin.json`, if it has one.
    """

    name: str
    version: str
    required: bool
    plugin: Mapping[str, Any] | None


@dataclass(frozen=True)
class Identity:
    """What an interpreter says of itself.

    Args:
        executable: its absolute path.
        version: as `3.11.7`.
        pip: the version of its pip; empty without one.
    """

    executable: str
    version: str
    pip: str


@dataclass(frozen=True)
class Interpreter:
    """The project's Python.

    Args:
        virtualenv: the virtual environment's folder; None for the Python on PATH.
        toolchain: what Pulumi calls the package manager: `Auto`, `Pip` or `Uv`.
    """

    virtualenv: Path | None
    toolchain: str

    @classmethod
    def from_options(cls, root: Path, options: Mapping[str, Any]) -> "Interpreter":
        """Choose the interpreter that `runtime.options` ask for.

        Args:
            root: the folder of `Pulumi.yaml`, which a relative `virtualenv` starts from.
            options: the options as the engine sends them.

        Raises:
            TenantryError: an option is wrong, or one that this host does not have.
        """
        project = str(root / "Pulumi.yaml")
        for option in ("virtualenv", "toolchain", "typechecker"):
            if not isinstance(options.get(option, ""), str):
                raise TenantryError(f"the option `{option}` is not a string", project, "give it a string")
        if options.get("typechecker"):
            raise TenantryError(
                "the option `typechecker` is not supported by the sandbox's language host",
                project,
                "remove it and run the checker before Pulumi",
            )
        toolchain = options.get("toolchain", "")
        if toolchain and toolchain not in _TOOLCHAINS:
            raise TenantryError(
                f"the toolchain `{toolchain}` is not supported by the sandbox's language host",
                project,
                "use `pip` or `uv`",
            )
        virtualenv = options.get("virtualenv", "") or (".venv" if toolchain == "uv" else "")
        return cls(root / virtualenv if virtualenv else None, _TOOLCHAINS.get(toolchain, "Auto"))

    @property
    def executable(self) -> Path:
        """The Python to run.

        Raises:
            TenantryError: there is none.
        """
        if self.virtualenv is None:
            return self._ambient()
        python = self.virtualenv / "bin" / "python"
        if python.is_file():
            return python
        if not self.virtualenv.exists():
            what = "the virtual environment does not exist"
        elif python.is_symlink():
            what = "the virtual environment's Python is gone"
        else:
            what = "not a virtual environment"
        raise TenantryError(what, str(self.virtualenv), "run `make up`, or mend `virtualenv` in Pulumi.yaml")

    def environment(self) -> dict[str, str]:
        """Return the environment of the project's processes: this process's, with the virtual environment activated."""
        environment = dict(os.environ)
        if self.virtualenv is not None:
            search = [str(self.virtualenv / "bin"), *filter(None, [environment.get("PATH")])]
            environment.pop("PYTHONHOME", None)
            environment |= {"PATH": os.pathsep.join(search), "VIRTUAL_ENV": str(self.virtualenv)}
        return environment

    def identity(self) -> Identity:
        """Return what the interpreter is.

        Raises:
            TenantryError: there is no interpreter, or it does not work.
        """
        return Identity(**self._ask())

    def packages(self) -> list[Package]:
        """Return everything installed, sorted by name.

        Raises:
            TenantryError: there is no interpreter, or it does not work.
        """
        return [Package(**package) for package in self._ask("packages")]

    def _ask(self, *arguments: str) -> Any:
        try:
            answer = subprocess.run(
                [self.executable, "-I", inventory.__file__, *arguments],
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_INVENTORY_SECONDS,
                check=True,
            )
            return json.loads(answer.stdout)
        except subprocess.CalledProcessError as error:
            lines = error.stderr.decode(errors="replace").strip().splitlines()
            raise self._broken(lines[-1] if lines else f"exit code {error.returncode}") from error
        except subprocess.TimeoutExpired as error:
            raise self._broken(f"no answer within {_INVENTORY_SECONDS:g} s") from error
        except (OSError, ValueError) as error:
            raise self._broken(str(error)) from error

    def _broken(self, reason: str) -> TenantryError:
        return TenantryError(f"the project's Python does not work ({reason})", str(self.executable), "run `make up`")

    def _ambient(self) -> Path:
        wanted = os.environ.get("PULUMI_PYTHON_CMD")
        for command in (wanted,) if wanted else ("python3", "python"):
            found = shutil.which(command)
            if found:
                return Path(found)
        raise TenantryError("there is no Python", "PATH", "set `virtualenv` in Pulumi.yaml, or PULUMI_PYTHON_CMD")
