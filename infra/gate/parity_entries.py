"""The entries that would allow what is not allowed yet, as they are written in `stacks/parity.yaml`.

Owns their text. The reasons are left empty, which the list's reader refuses: a person has to know them.
"""

import json
from collections.abc import Sequence

from infra.gate.parity import Difference, plain
from infra.gate.parity_file import Judgement


def text(judgement: Judgement) -> str:
    """Return entries for all differences that are not allowed, one for those of one type and one property.

    Args:
        judgement: of a comparison.
    """
    grouped: dict[tuple[str, str, str | None], list[Difference]] = {}
    for one in judgement.refused:
        grouped.setdefault((one.type, one.path, one.only), []).append(one)
    return "".join(_entry(judgement.comparison.stacks, group) for group in grouped.values())


def _entry(stacks: tuple[str, str], group: Sequence[Difference]) -> str:
    lines = "".join(f"    - {_flow(_line(one))}\n" for one in group)
    return f'- between: [{", ".join(stacks)}]\n  reason: ""\n  allowed:\n{lines}'


def _line(difference: Difference) -> dict[str, object]:
    identity: dict[str, object] = {"type": difference.type, "name": difference.name}
    if difference.only is not None:
        return {**identity, "only": difference.only}
    values = {stack: plain(value) for stack, value in difference.values.items()}
    return {**identity, "path": difference.path, "values": values}


def _flow(fields: dict[str, object]) -> str:
    """Return a mapping in one line of YAML; JSON is YAML, and quotes keep `*` and `:` from meaning something."""
    return "{ " + ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()) + " }"
