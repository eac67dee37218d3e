"""`pulumi.com/waitFor`: what the program itself waits for.

Takes `condition=Type[=Status]`, `jsonpath={.path}[=value]`, or a JSON array of these. Of JSONPath it takes names,
`['quoted names']`, indices, `[*]` and `[?(@.name=="value")]`.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from infra.sandbox.plugins.kubernetes.awaiting.verdict import READY, Check, Verdict, condition, pending
from infra.sandbox.plugins.kubernetes.client import Object
from infra.sandbox.plugins.provider import ProviderError

_EXPRESSION = re.compile(r"jsonpath=\{\s*\$?(.*?)\s*\}(?:=(.+))?", re.DOTALL)
_STEP = re.compile(
    r"""\.?\[\?\(\s*@\.([\w.-]+)\s*==\s*["']?([^"')]*)["']?\s*\)\]"""  # [?(@.type=="Ready")]
    r"""|\.?\[(\*|-?\d+)\]"""  # [*], [0]
    r"""|\.?\[["'](.+?)["']\]"""  # ['a.b']
    r"""|\.((?:[^.\[\]\\]|\\.)+)"""  # .name, dots escaped
)


def parse(text: str) -> Check:
    """Return a check for the annotation's value.

    Raises:
        ProviderError: it is not of the form above.
    """
    try:
        values = json.loads(text)
    except ValueError:
        values = text
    expressions = values if isinstance(values, list) else [text]
    if not expressions:
        raise ProviderError("pulumi.com/waitFor: at least one condition must be specified")
    checks = [_parse(str(expression)) for expression in expressions]

    def every(live: Object) -> Verdict:
        verdicts = [check(live) for check in checks]
        reasons = [reason for verdict in verdicts if not verdict.ready for reason in verdict.reasons]
        return pending(*reasons) if reasons else READY

    return every


def _parse(expression: str) -> Check:
    if expression.startswith("condition="):
        name, _, status = expression.removeprefix("condition=").partition("=")
        return _condition(name, status or "True")
    match = _EXPRESSION.fullmatch(expression)
    if match is None:
        raise ProviderError(
            f"pulumi.com/waitFor: {expression!r} is neither condition=TYPE[=STATUS] nor jsonpath={{.path}}[=value]"
        )
    return _jsonpath(_steps(match[1], expression), match[1], match[2])


def _condition(name: str, status: str) -> Check:
    def check(live: Object) -> Verdict:
        found = condition(live, name).get("status")
        return READY if found == status else pending(f"condition {name} is {found or 'absent'}, not {status}")

    return check


def _jsonpath(steps: list[Callable[[Any], list[Any]]], path: str, wanted: str | None) -> Check:
    def check(live: Object) -> Verdict:
        found: list[Any] = [live]
        for step in steps:
            found = [child for value in found for child in step(value)]
        if not found:
            return pending(f"{path} selects nothing")
        shown = _shown(found[0])
        return READY if wanted is None or shown == wanted else pending(f"{path} is {shown}, not {wanted}")

    return check


def _steps(path: str, expression: str) -> list[Callable[[Any], list[Any]]]:
    steps: list[Callable[[Any], list[Any]]] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None:
            raise ProviderError(f"pulumi.com/waitFor: cannot read the JSONPath of {expression!r}")
        steps.append(_step(match))
        position = match.end()
    return steps


def _step(match: re.Match[str]) -> Callable[[Any], list[Any]]:
    key, value, index, quoted, plain = match.groups()
    if key is not None:
        return lambda items: [item for item in _items(items) if _shown(_at(item, key)) == value]
    if index == "*":
        return _items
    if index is not None:
        return lambda items: _nth(items, int(index))
    name = quoted if quoted is not None else plain.replace("\\", "")
    return lambda item: [item[name]] if isinstance(item, Mapping) and name in item else []


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []


def _nth(value: Any, index: int) -> list[Any]:
    return [value[index]] if isinstance(value, list) and -len(value) <= index < len(value) else []


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)
