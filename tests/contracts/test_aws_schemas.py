"""How much of what a program says to AWS is judged by AWS's own schemas, type by type."""

from collections.abc import Callable

import pytest

from infra.sandbox.plugins.aws.kind import Kind
from infra.sandbox.plugins.aws.kinds import KINDS
from infra.sandbox.plugins.aws.tables import coverage

LEAST = 0.8  # the share below which every open input needs a written reason, from issue 4


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_type_is_judged_by_its_schema_or_says_why_not(
    kind: Kind, record_property: Callable[[str, object], None]
) -> None:
    if not kind.schema:
        assert set(kind.unchecked) >= {name for name, prop in kind.table.items() if prop.required}
        return
    found = coverage(kind.token, schema=kind.schema, names=kind.schema_names, unchecked=kind.unchecked)
    record_property("share", f"{found.share:.0%}")
    assert found.share >= LEAST or not found.unexplained, (
        f"{kind.token}: {found.share:.0%} of its inputs are judged; say in `unchecked` why not: {found.unexplained}"
    )
    assert all(reason.strip() for reason in kind.unchecked.values())
