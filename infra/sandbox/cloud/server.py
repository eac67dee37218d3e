"""The cloud's process: moto behind `connections`, with journal, quotas and faults around it.

A request passes `control`, then `faults`, both with many at once, then one at a time `creations`, `quotas`, `journal`
and moto: moto is not safe for threads, and an order is what makes the journal replayable. Run as
`python -P -s -m infra.sandbox.cloud.server ADDRESS PORT FOLDER`, and with a fixed `PYTHONHASHSEED`, so that moto goes
through its sets in the same order at each replay.
"""

import argparse
import os
import sys
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import moto.core
import moto.core.models
from flask import Flask
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

from infra.collector import settle
from infra.errors import TenantryError
from infra.sandbox.cloud import account, connections, lean
from infra.sandbox.cloud.account import JOURNAL, Identity
from infra.sandbox.cloud.calls import Call
from infra.sandbox.cloud.control import Control
from infra.sandbox.cloud.creations import Creations
from infra.sandbox.cloud.faults import Faults
from infra.sandbox.cloud.journal import Application, Journal
from infra.sandbox.cloud.quotas import Quotas
from infra.sandbox.cloud.refusals import Answer, Refusal

_FLASKS_OWN = b"<!doctype html>"
_UNKNOWN = b"not implemented by moto"


class Moto:
    """moto as an application of whole calls and whole answers, and the one account that it holds.

    Args:
        folder: the cloud's, which says whose account it is.
        backed: whether databases and caches have servers behind them, so that only what the sandbox can run is taken.

    Raises:
        TenantryError: the account's record is damaged.
    """

    def __init__(self, folder: Path, *, backed: bool = False) -> None:
        self._folder = folder
        self._backed = backed
        self._identity = account.recorded(folder)
        _be(self._identity.account)

    def __call__(self, call: Call) -> Answer:
        """Answer `call`; one that moto cannot make sense of gets an error, as every client may send anything."""
        moto = self._dispatch
        try:
            chunks, status, headers = run_wsgi_app(moto, call.environ, buffered=True)
        except (LookupError, ValueError, TypeError, AttributeError, ImportError, RuntimeError) as error:
            print(f"no service of moto's: {type(error).__name__}", file=sys.stderr, flush=True)  # noqa: T201
            return _failure(call)
        body = b"".join(chunks)
        if (status[:3], body[: len(_FLASKS_OWN)]) == ("404", _FLASKS_OWN) or (status[:3], body) == ("501", _UNKNOWN):
            return Refusal("NotImplemented", f"moto does not implement {_what(call)}.", 501).answer(call)
        if status.startswith("500") and body.startswith(_FLASKS_OWN):
            return _failure(call)
        if "Content-Length" not in headers and call.method != "HEAD" and not status.startswith(("1", "204", "304")):
            headers["Content-Length"] = str(len(body))
        return Answer(status, list(headers), body)

    def introduce(self, identity: Identity) -> Identity:
        """Let users and roles be known, for good, and return the account with all who are; one thread at a time.

        Args:
            identity: the account that the caller means, and those who are to be known there.

        Raises:
            ValueError: this is another account, or a program has made one of the same name.
        """
        if identity.account != self._identity.account:
            raise ValueError(f"this is the account {self._identity.account}")
        _ = self._dispatch
        from infra.sandbox.cloud.additions import known_principals  # noqa: PLC0415 - imports moto's IAM

        self._identity = known_principals.add(self._identity, identity)
        account.record(self._folder, self._identity)
        return self._identity

    @cached_property
    def _dispatch(self) -> DomainDispatcherApplication:
        """moto itself; begun with the first call, when `lean` and `reproducible` watch over what moto imports."""
        lean.take_over()
        from infra.sandbox.cloud import (  # noqa: PLC0415 - imports much of moto
            additions,
            endpoint_services,
            managed_policies,
        )
        from infra.sandbox.cloud.additions.known_principals import install  # noqa: PLC0415 - imports moto's IAM

        install(self._identity)
        endpoint_services.install()
        managed_policies.install()
        additions.install()
        if self._backed:
            from infra.sandbox.cloud.backing import marks  # noqa: PLC0415 - imports much of moto

            marks.install()
        return DomainDispatcherApplication(_backend)


def _be(number: str) -> None:
    """Let moto's account be this one; before it imports services, some of which keep the number."""
    os.environ["MOTO_ACCOUNT_ID"] = number
    for module in (moto.core, moto.core.models):
        vars(module)["DEFAULT_ACCOUNT_ID"] = number  # moto reads no setting for it


def _failure(call: Call) -> Answer:
    """Return what AWS answers for its own faults, and which call met one of moto's."""
    return Refusal("InternalFailure", f"moto has failed to answer {_what(call)}; see its log.", 500).answer(call)


def _what(call: Call) -> str:
    return f"{call.service or 'an unknown service'} {call.stated_action or f'{call.method} {call.path}'}"


class OneAtATime:
    """Lets one call at a time through to the application, while it holds the lock."""

    def __init__(self, application: Application, lock: threading.Lock) -> None:
        self._application = application
        self.lock = lock

    def __call__(self, call: Call) -> Answer:
        """Answer `call` when its turn has come."""
        with self.lock:
            return self._application(call)


def cloud(folder: Path, backed_at: tuple[str, int] | None = None) -> Application:
    """Return the cloud whose data are in `folder`, as it was when it last ran, once what is behind it runs again.

    Args:
        folder: where its data are.
        backed_at: the address and port that it listens on; without, nothing real is behind it.

    Raises:
        TenantryError: its journal is damaged.
    """
    moto_itself, lock = Moto(folder, backed=backed_at is not None), threading.Lock()
    creations = Creations(moto_itself)
    journal = Journal(creations, folder / JOURNAL)
    replayed = journal.replay()
    quotas = Quotas(journal, folder / "quotas.json")
    calls_taken = creations.repeating(quotas)
    in_turn = OneAtATime(calls_taken, lock)
    faults, rest = _backed(calls_taken, lock, folder, *backed_at) if backed_at else (Faults(in_turn), lambda: None)

    def introduce(identity: Identity) -> Identity:
        with lock:
            return moto_itself.introduce(identity)

    def state() -> dict[str, object]:
        return {"replayed": replayed, "regions": sorted(journal.regions)}

    return Control(faults, faults, quotas, introduce, rest=rest, state=state)


def _backed(
    application: Application, lock: threading.Lock, folder: Path, address: str, port: int
) -> tuple[Faults, Callable[[], None]]:
    """Return the application with servers behind it, which stop when their region is lost, and what lets them alone."""
    lean.take_over()
    from infra.sandbox.cloud.backing.backing import Backing  # noqa: PLC0415 - imports EC2, as the additions
    from infra.sandbox.cloud.backing.clusters import Clusters  # noqa: PLC0415 - imports much of moto
    from infra.sandbox.cloud.backing.site import Site  # noqa: PLC0415

    clusters = Clusters(application, folder, address, port)
    clusters.reconcile()
    clusters.settle()
    in_turn = OneAtATime(clusters, lock)
    backing = Backing(in_turn, in_turn.lock, Site(folder.parent, address.rpartition(".")[0]))

    def lose(regions: frozenset[str]) -> None:
        with in_turn.lock:
            clusters.lose(regions)
        backing.lose(regions)
        clusters.settle()

    return Faults(backing, lose), backing.rest


def _backend(service: str) -> Flask:
    """Return moto's application for one service, which answers 500 for its own errors, as AWS would."""
    application = create_backend_app(service)  # type: ignore[arg-type]  # moto's own dispatcher gives it any text
    application.debug = False
    application.config["PROPAGATE_EXCEPTIONS"] = False
    application.register_error_handler(NotImplementedError, lambda _error: (_UNKNOWN, 501))
    return application


def main(arguments: list[str]) -> int:
    """Serve until a signal ends the process; return 1 when that cannot begin.

    Args:
        arguments: address, port and the folder of the data.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--backed", action="store_true", help="let real servers run behind what it holds")
    options = parser.parse_args(arguments)
    backed_at = (options.address, options.port) if options.backed else None
    try:
        with connections.listen(options.address, options.port) as listening:
            server = connections.server(listening, cloud(options.folder, backed_at))
            settle()
            server.serve_forever()
    except TenantryError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - its log
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
