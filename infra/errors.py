"""The one error that Tenantry shows to its users, and the interruption by them.

Owns the shape `what, where, what to do` (DESIGN section 5), and what an interruption is. Leaves printing and exit codes
to the command line.
"""


class TenantryError(Exception):
    """A failure that the user can mend; shown as one line, never as a traceback."""

    def __init__(self, what: str, where: str, remedy: str, exit_code: int = 1) -> None:
        """Describe the failure.

        Args:
            what: what is wrong, as a short clause without a full stop.
            where: the file, address, setting or command it concerns.
            remedy: what the user should do, as an imperative.
            exit_code: the process exit code of a command that stops on it.
        """
        super().__init__(what, where, remedy)
        self.what = what
        self.where = where
        self.remedy = remedy
        self.exit_code = exit_code

    def __str__(self) -> str:
        return ", ".join(" ".join(part.split()) for part in (self.what, self.where, self.remedy))


class Interrupted(BaseException):
    """A signal asked the command to end. No `Exception`, as KeyboardInterrupt is none: nothing handles it but the end.

    It stands for KeyboardInterrupt, which the command-line library turns into an exit without a word.
    """
