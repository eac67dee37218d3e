"""The stack `local` of the real program, applied once, and previewed with one of its settings changed.

It is smaller than the one that users have: what is more of its kind, and what takes long to make, is left out.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from infra.paths import BIN, PROJECT_ROOT
from infra.settings import stack_file, tenant_file
from infra.settings.loader import load
from infra.settings.models import StackSettings
from tests.engine.declared import DeclaredStack, make_declared, smaller
from tests.gate.corpus.case import Case
from tests.gate.corpus.project import OtherEndError, secrets_in

STACK = "local"


def settings_of(case: Case) -> StackSettings:
    """Return the settings of the real program that a case is judged by."""
    raw = json.loads(_raw())
    smaller(raw)
    if case.settings is not None:
        case.settings(raw)
    return load(STACK, raw, {})


@cache
def _raw() -> str:
    raw = stack_file.read(stack_file.source_of(STACK)).settings
    return json.dumps({**raw, tenant_file.FIELD: list(tenant_file.read(STACK, raw).entries)})


@dataclass(frozen=True)
class Real:
    """The stack.

    Args:
        stack: applied.
    """

    stack: DeclaredStack

    def preview(self, case: Case, **more: str) -> bytes:
        """Return what a preview prints; the settings are as before at the end.

        Args:
            case: what is changed.
            more: variables of the CLI's environment.

        Raises:
            OtherEndError: it failed, or it did not, as the case does not say.
        """
        file, tenants = self.stack.workspace.stack_file, self.stack.tenant_file
        before = [(one, one.read_text()) for one in (file, tenants)]
        if case.settings is not None:
            self.stack.configure(case.settings)
        try:
            finished = subprocess.run(
                [str(BIN / "pulumi"), "preview", "--json", "--non-interactive"],
                env={**self.stack.workspace.process_environment(), **more},
                cwd=PROJECT_ROOT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        finally:
            for one, text in before:
                one.write_text(text)
        if (finished.returncode != 0) != case.fails:
            raise OtherEndError(f"{case.name}: {(finished.stdout[-1000:] + finished.stderr[-1000:]).decode()}")
        return finished.stdout

    def secrets(self) -> Sequence[str]:
        """Return every text in the state that is a secret, however it came there."""
        state = json.loads(self.stack.pulumi("stack", "export", "--show-secrets").output)
        return secrets_in(state)


def applied(name: str) -> Real:
    """Return the stack in a new instance, applied.

    Args:
        name: the instance's.
    """
    stack = make_declared(name)
    stack.configure(smaller)
    if not stack.resources():
        stack.up()
    return Real(stack)
