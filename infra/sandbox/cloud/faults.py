"""Faults on demand, for tests: throttling, a call that fails after it took effect, slowness, a lost region, and
credentials that have expired.

Kept in memory only: a restart heals the cloud. Leaves the HTTP side to `control`, and the servers of a lost region to
those that run them.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from infra.sandbox.cloud.calls import Call
from infra.sandbox.cloud.journal import Application
from infra.sandbox.cloud.refusals import Answer, Refusal

THROTTLE = "throttle"
FAIL_AFTER = "fail-after"
SLOW = "slow"
LOST_REGION = "lost-region"
EXPIRED = "expired"
KINDS = (THROTTLE, FAIL_AFTER, SLOW, LOST_REGION, EXPIRED)

_FAILED = Refusal("InternalError", "An internal error has occurred.", 500)
_RATE = "Rate exceeded"
_THROTTLED = {
    "ec2": Refusal("RequestLimitExceeded", "Request limit exceeded.", 503),
    "query": Refusal("Throttling", _RATE),
    "rest-xml": Refusal("SlowDown", "Please reduce your request rate.", 503),
}

_EXPIRY = "The security token included in the request is expired"
_EXPIRED = {
    "ec2": Refusal("RequestExpired", "Request has expired.", 400),
    "query": Refusal("ExpiredToken", _EXPIRY, 403),
    "rest-xml": Refusal("ExpiredToken", "The provided token has expired.", 400),
}


@dataclass(frozen=True)
class Fault:
    """One fault.

    Args:
        kind: one of `KINDS`.
        action: the calls it meets, as `CreateVpc`; empty for all.
        service: the signing name of the service it meets, as `ec2`; empty for all.
        region: the region it meets; empty for all, which a lost region may not be.
        count: how many calls it meets; None for all until it is cleared.
        seconds: how long a slow call takes longer.
    """

    kind: str
    action: str = ""
    service: str = ""
    region: str = ""
    count: int | None = None
    seconds: float = 0.0

    def meets(self, call: Call) -> bool:
        """Whether it is about `call`."""
        return (
            self.service in {"", call.service}
            and self.region in {"", call.region}
            and (not self.action or self.action == call.action)
        )


def parsed(document: Mapping[str, object]) -> Fault:
    """Return the fault that a JSON object describes.

    Raises:
        ValueError: it describes none; the text says what is allowed.
    """
    unknown = sorted(set(document) - set(Fault.__dataclass_fields__))
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}; a fault has {', '.join(Fault.__dataclass_fields__)}")
    kind, count, seconds = document.get("kind"), document.get("count"), document.get("seconds", 0.0)
    texts = {name: document.get(name, "") for name in ("action", "service", "region")}
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("action, service and region must be texts")
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
        raise ValueError("count must be a whole number, 1 or more, or null")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= 3600:
        raise ValueError("seconds must be a number from 0 to 3600")
    if kind == LOST_REGION and not texts["region"]:
        raise ValueError("a lost region needs its name in region")
    if kind == LOST_REGION and (count is not None or texts["action"] or texts["service"]):
        raise ValueError("a lost region is lost for all calls, until the faults are cleared")
    return Fault(str(kind), count=count, seconds=float(seconds), **{name: str(text) for name, text in texts.items()})


@dataclass(eq=False)
class _Active:
    fault: Fault
    left: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.fault.count


class Faults:
    """An application that fails on demand; called by many threads at once.

    Args:
        application: what is asked otherwise.
        lose: is told all lost regions whenever they change, and returns once their servers are as they should be.
    """

    def __init__(
        self, application: Application, lose: Callable[[frozenset[str]], None] = lambda _regions: None
    ) -> None:
        self._application = application
        self._lose = lose
        self._active: list[_Active] = []
        self._changed = threading.Condition()

    def add(self, fault: Fault) -> None:
        """Let `fault` happen from the next call on; the servers of a lost region have stopped when this returns."""
        with self._changed:
            self._active.append(_Active(fault))
            lost = frozenset(active.fault.region for active in self._active if active.fault.kind == LOST_REGION)
        if fault.kind == LOST_REGION:
            self._lose(lost)

    def clear(self) -> None:
        """Heal the cloud; calls that a fault slows go on at once, and a lost region answers when its servers run."""
        with self._changed:
            self._active[:] = [active for active in self._active if active.fault.kind == LOST_REGION]
            self._changed.notify_all()
            was_lost = bool(self._active)
        if was_lost:
            self._lose(frozenset())
        with self._changed:
            self._active[:] = [active for active in self._active if active.fault.kind != LOST_REGION]

    def listed(self) -> list[dict[str, Any]]:
        """Return the active faults as JSON objects; `left` is how many calls one will still meet."""
        with self._changed:
            return [asdict(active.fault) | {"left": active.left} for active in self._active]

    def __call__(self, call: Call) -> Answer:
        """Answer `call`, or fail."""
        if not self._active:
            return self._application(call)
        if self._next(LOST_REGION, call):
            return Refusal("ServiceUnavailable", f"The region {call.region} does not answer: it is lost.", 503).answer(
                call
            )
        if self._next(EXPIRED, call):
            return _EXPIRED.get(call.protocol, Refusal("ExpiredTokenException", _EXPIRY)).answer(call)
        if self._next(THROTTLE, call):
            return _THROTTLED.get(call.protocol, Refusal("ThrottlingException", _RATE)).answer(call)
        slow = self._next(SLOW, call)
        if slow:
            with self._changed:
                self._changed.wait_for(lambda: slow not in self._active, timeout=slow.fault.seconds)
        fails = self._next(FAIL_AFTER, call)
        answer = self._application(call)
        return _FAILED.answer(call) if fails else answer

    def _next(self, kind: str, call: Call) -> _Active | None:
        """Return the first fault of this kind that meets the call, and count the call."""
        with self._changed:
            for active in self._active:
                if active.fault.kind == kind and active.left != 0 and active.fault.meets(call):
                    active.left = None if active.left is None else active.left - 1
                    return active
        return None
