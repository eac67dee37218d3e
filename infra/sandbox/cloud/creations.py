"""Creations that can be asked for twice: the aws plugin says which resource a change is for, and is given the same
answer again when an engine died before it could write the first one down.

AWS offers the same for some calls as a client token; this is one for all, kept until the resource is deleted. Notes are
taken inside the journal, whose replay takes them again; a repeated answer is given outside of journal and quotas, for
it changes nothing. Other clients do not say what a call is for, and notice nothing.
"""

from dataclasses import dataclass, replace

from infra.sandbox.cloud.calls import Call
from infra.sandbox.cloud.journal import Application
from infra.sandbox.cloud.refusals import Answer

_CREATOR = "HTTP_X_TENANTRY_CREATOR"
_KNOWN = "HTTP_X_TENANTRY_KNOWN"
_DELETER = "HTTP_X_TENANTRY_DELETER"
_REPEATED = ("x-tenantry-repeated", "true")
_ANY = "*"


@dataclass(frozen=True)
class _Made:
    asked: bytes
    answer: Answer


class Creations:
    """An application that notes the answers to creations; called by one thread at a time.

    Args:
        application: what is asked.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._made: dict[str, dict[str, _Made]] = {}

    def __call__(self, call: Call) -> Answer:
        """Answer `call`, and note what it made or deleted."""
        answer = self._application(call)
        creator, deleter = str(call.environ.get(_CREATOR, "")), str(call.environ.get(_DELETER, ""))
        if call.is_read or not answer.status.startswith("2"):
            return answer
        if creator:
            asked = f"{call.path}?{call.environ.get('QUERY_STRING', '')}".encode() + call.body
            self._made.setdefault(creator, {})[call.action] = _Made(asked, answer)
        elif deleter:
            self._made.pop(deleter, None)
        return answer

    def repeating(self, application: Application) -> Application:
        """Return an application that answers a repeated creation as it was answered the first time.

        Args:
            application: what is asked otherwise; this one lies inside it.
        """

        def answer(call: Call) -> Answer:
            made = self._made.get(str(call.environ.get(_CREATOR, "")), {}).get(call.action)
            if call.is_read or made is None or _tells_of(made, str(call.environ.get(_KNOWN, ""))):
                return application(call)
            return replace(made.answer, headers=[*made.answer.headers, _REPEATED])

        return answer


def _tells_of(made: _Made, known: str) -> bool:
    """Whether this creation made what the caller knows already."""
    return known == _ANY or (bool(known) and (known.encode() in made.answer.body or known.encode() in made.asked))
