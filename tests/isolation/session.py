"""One connection of an attacker, and all that it ever hears on it: rows, errors, notices, copies.

Goes below psycopg's cursors: an attempt costs a round trip and little more.
"""

from dataclasses import dataclass, field

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from tests.isolation.fleet import Connection

_HEARD = (
    DiagnosticField.MESSAGE_PRIMARY,
    DiagnosticField.MESSAGE_DETAIL,
    DiagnosticField.MESSAGE_HINT,
    DiagnosticField.CONTEXT,
)
_GOOD = {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY}


@dataclass
class Answer:
    """What the server said to one statement.

    Args:
        done: whether it was carried out.
        state: the SQLSTATE of a refusal.
        rows: that it found or changed.
        first: the first value of the first row.
        text: all of it.
    """

    done: bool
    state: str = ""
    rows: int = 0
    first: str = ""
    text: str = ""


@dataclass
class Session:
    """A connection in autocommit.

    Args:
        connection: whose.
        notices: what the server remarked since the last statement.
    """

    connection: Connection
    notices: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen to notices, which are an answer as well."""
        self.connection.add_notice_handler(self._notice)

    def run(self, statement: str) -> Answer:
        """Send one statement and return the answer; a refusal is one, too."""
        self.notices.clear()
        wire = self.connection.pgconn
        result = wire.exec_(statement.encode())
        copied: list[str] = []
        if result.status == ExecStatus.COPY_OUT:
            while (got := wire.get_copy_data(0))[0] > 0:
                copied.append(bytes(got[1]).decode(errors="replace"))
        elif result.status == ExecStatus.COPY_IN:
            wire.put_copy_data(b"\\N\n")
            wire.put_copy_end(None)
        if result.status in (ExecStatus.COPY_OUT, ExecStatus.COPY_IN):
            while (last := wire.get_result()) is not None:
                result = last
        return self._answer(result, copied)

    def reset(self, *, keep: bool) -> None:
        """End the transaction, and forget all that the session has.

        Args:
            keep: whether to commit what was done.
        """
        wire = self.connection.pgconn
        if wire.transaction_status != TransactionStatus.IDLE:
            wire.exec_(b"COMMIT" if keep else b"ROLLBACK")
        wire.exec_(b"DISCARD ALL")

    def _notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        parts = (diagnostic.message_primary, diagnostic.message_detail, diagnostic.message_hint, diagnostic.context)
        self.notices += [part for part in parts if part]

    def _answer(self, result: PGresult, copied: list[str]) -> Answer:
        heard = [*copied, *self.notices]
        if result.status not in _GOOD:
            said = [(result.error_field(part) or b"").decode(errors="replace") for part in _HEARD]
            state = (result.error_field(DiagnosticField.SQLSTATE) or b"08000").decode()
            return Answer(done=False, state=state, rows=len(copied), text="\n".join(heard + said))
        values = [
            (result.get_value(row, column) or b"").decode(errors="replace")
            for row in range(result.ntuples)
            for column in range(result.nfields)
        ]
        rows = max(result.ntuples, result.command_tuples or 0, len(copied))
        return Answer(done=True, rows=rows, first=values[0] if values else "", text="\n".join(heard + values))
