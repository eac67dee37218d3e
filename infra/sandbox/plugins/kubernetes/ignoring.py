"""Fields under `ignoreChanges`: an update must neither set them back nor fight for them.

A field that only others manage (an autoscaler's `replicas`, say) is left out of what is applied; any other one is
applied as it is on the server, since leaving it out would remove it.
"""

import copy
import re
from collections.abc import Sequence
from typing import Any

from infra.sandbox.plugins.kubernetes.client import Object
from infra.sandbox.plugins.kubernetes.manifests import dig

_STEP = re.compile(r"""\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\.?([^.\[\]]+)""")

Step = str | int


def without_ignored(body: Object, paths: Sequence[str], live: Object, manager: str) -> Object:
    """Return the manifest to apply.

    Args:
        body: the manifest.
        paths: the property paths under `ignoreChanges`.
        live: the object as it is.
        manager: the field manager that will apply it.
    """
    result = copy.deepcopy(body)
    for path in paths:
        steps = parse(path)
        if steps:
            _settle(result, steps, live, manager)
    return result


def parse(path: str) -> list[Step]:
    """Return the steps of a property path such as `spec.ports[0].port` or `data["a.b"]`."""
    steps: list[Step] = []
    for index, quoted, plain in _STEP.findall(path):
        steps.append(int(index) if index else quoted.replace('\\"', '"').replace("\\\\", "\\") if quoted else plain)
    return steps


def _settle(body: Object, steps: list[Step], live: Object, manager: str) -> None:
    found, value = _look(live, steps)
    _, parent = _look(body, steps[:-1])
    last = steps[-1]
    ours, theirs = _managers(live, steps, manager)
    if isinstance(parent, dict) and theirs and not ours:
        parent.pop(last, None)
    elif found and (isinstance(parent, dict) or _look(body, steps)[0]):
        parent[last] = copy.deepcopy(value)


def _look(value: Any, steps: Sequence[Step]) -> tuple[bool, Any]:
    """Return whether there is something at the path, and what."""
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False, None
    return True, value


def _managers(live: Object, steps: Sequence[Step], manager: str) -> tuple[bool, bool]:
    """Return whether we, and whether others, manage the field; steps through lists are not told apart."""
    if not all(isinstance(step, str) for step in steps):
        return True, False
    ours = theirs = False
    for entry in dig(live, "metadata", "managedFields") or []:
        if dig(entry.get("fieldsV1"), *(f"f:{step}" for step in steps)) is not None:
            mine = entry.get("manager") == manager
            ours, theirs = ours or mine, theirs or not mine
    return ours, theirs
