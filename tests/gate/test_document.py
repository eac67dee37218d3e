"""Reading a preview: both forms tell the same, and what is no whole, succeeded preview is refused in one line."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.gate.change import FailedPreview, Hidden, PropertyChange, Violation
from infra.gate.diagnostics import EngineRefused
from infra.gate.digest import changes_digest
from infra.gate.document import read_preview
from tests.gate import engine_documents as engine
from tests.gate.engine_documents import SECRET, STACK, UNKNOWN, urn, written

STEPS = [
    engine.stack(),
    engine.create("new", {"size": 1}),
    engine.update("other", {"size": 1}, {"size": 2}, {"size": "update"}),
    engine.delete("old", {"size": 1}),
    engine.same("calm", {"size": 3}),
]


def both(folder: Path, steps: Sequence[engine.Json], **fields: Any) -> list[Any]:
    """The preview of the same steps out of either form."""
    return [
        read_preview(written(folder, content))
        for content in (engine.lines(engine.events(steps)), engine.saved(steps, **fields))
    ]


def refusal(folder: Path, content: bytes) -> str:
    with pytest.raises(FailedPreview) as refused:
        read_preview(written(folder, content))
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_both_forms_tell_the_same_changes(tmp_path: Path) -> None:
    streamed, saved = both(tmp_path, STEPS)
    assert [(one.name, one.kind) for one in streamed.changes] == [
        ("new", "create"),
        ("old", "delete"),
        ("other", "update"),
    ]
    assert streamed.changes == saved.changes
    assert changes_digest(streamed) == changes_digest(saved)
    assert (streamed.same, saved.same) == (2, 2)
    assert (streamed.stack, streamed.project) == ("local", "shop")
    assert streamed.tells_outputs
    assert not saved.tells_outputs


def test_every_resource_that_will_be_is_told(tmp_path: Path) -> None:
    streamed, saved = both(tmp_path, STEPS)
    assert set(streamed.resources) == {STACK, urn("new"), urn("other"), urn("calm")}
    assert streamed.resources[urn("other")].inputs == {"size": 2}
    assert set(saved.resources) == {STACK, urn("new"), urn("other")}


def test_a_creation_and_a_deletion_tell_every_input(tmp_path: Path) -> None:
    (created, deleted, _) = both(tmp_path, STEPS)[0].changes
    assert created.properties == (PropertyChange("size", "add", after=1),)
    assert deleted.properties == (PropertyChange("size", "delete", before=1),)
    assert (created.before, deleted.after) == ({}, {})


@pytest.mark.parametrize("deletes_first", [True, False])
def test_the_three_operations_of_a_replacement_are_one_change(tmp_path: Path, deletes_first: bool) -> None:
    diff = {"detailedDiff": {"size": {"diffKind": "update-replace", "inputDiff": True}}}
    steps = [engine.stack(), *engine.replacement("a", {"size": 1}, {"size": 2}, deletes_first=deletes_first, **diff)]
    streamed, saved = both(tmp_path, steps)
    assert streamed.changes == saved.changes
    (change,) = streamed.changes
    assert (change.kind, change.deletes_first) == ("replace", deletes_first)
    assert change.properties == (PropertyChange("size", "update", 1, 2, replaces=True),)


def test_what_an_interrupted_replacement_left_is_a_replacement(tmp_path: Path) -> None:
    left = engine.step("delete-replaced", urn("a"), engine.state(urn("a"), {"size": 1}, delete=True), None)
    preview = read_preview(
        written(tmp_path, engine.lines(engine.events([engine.stack(), engine.same("a", {"size": 2}), left])))
    )
    (change,) = preview.changes
    assert (change.kind, change.before, change.after, change.deletes_first) == (
        "replace",
        {"size": 1},
        {"size": 2},
        False,
    )


def test_half_a_replacement_of_what_the_program_dropped_is_a_deletion(tmp_path: Path) -> None:
    ended = engine.step("delete-replaced", urn("a"), engine.state(urn("a"), {"size": 1}), None)
    preview = read_preview(written(tmp_path, engine.lines(engine.events([engine.stack(), ended]))))
    assert [one.kind for one in preview.changes] == ["delete"]
    assert urn("a") not in preview.resources


def test_protection_alone_is_a_change_of_options(tmp_path: Path) -> None:
    step = engine.same("a", {"size": 1})
    step["old"]["protect"] = True
    streamed, saved = both(tmp_path, [engine.stack(), step])
    assert streamed.changes == saved.changes
    assert streamed.same == saved.same == 1
    (change,) = streamed.changes
    assert (change.kind, change.protected_before, change.protected_after) == ("options", True, False)
    assert change.properties == (PropertyChange("protect", "update", True, False),)


def test_another_provider_alone_is_a_change_of_options(tmp_path: Path) -> None:
    before, after = (f"{engine.PROVIDER}_{version}" for version in ("7_51_1", "7_52_0"))
    step = engine.same("a", {"size": 1}, provider=f"{after}::{engine.UNKNOWN}")
    step["old"]["provider"] = f"{before}::p-1"
    streamed, saved = both(tmp_path, [engine.stack(), step, engine.same("b", {}, provider=f"{engine.PROVIDER}::p-2")])
    assert (streamed.same, saved.same) == (2, 3)
    assert not saved.changes, "a saved document leaves it out"
    (change,) = streamed.changes
    assert (change.kind, change.provider_before, change.provider_after) == ("options", before, after)
    assert change.properties == (PropertyChange("provider", "update", before, after),)


def test_new_outputs_of_the_stack_are_a_change(tmp_path: Path) -> None:
    outputs = engine.stack({"address": "a.example", "key": SECRET}, {"address": UNKNOWN, "key": SECRET, "port": 443})
    preview = read_preview(written(tmp_path, engine.lines(engine.events([outputs]))))
    (change,) = preview.changes
    assert (change.urn, change.type, change.kind) == (STACK, "pulumi:pulumi:Stack", "outputs")
    assert change.properties == (
        PropertyChange("address", "update", "a.example", Hidden.UNKNOWN),
        PropertyChange("port", "add", after=443),
    )


def test_outputs_of_a_new_stack_belong_to_its_creation(tmp_path: Path) -> None:
    preview = read_preview(written(tmp_path, engine.lines(engine.events([engine.stack(None, {"port": 1}, "create")]))))
    assert [(one.kind, one.properties) for one in preview.changes] == [
        ("create", (PropertyChange("port", "add", after=1),))
    ]


def test_what_the_program_reads_is_a_change_only_when_it_is_new_or_another(tmp_path: Path) -> None:
    def read(name: str, old: Any, new: Any) -> engine.Json:
        states = [
            None if one is None else engine.state(urn(name), {}, external=True, outputs=one) for one in (old, new)
        ]
        return engine.step("read", urn(name), states[0], states[1])

    steps = [read("calm", {"a": 1}, {"a": 1}), read("moved", {"a": 1}, {"a": 2}), read("new", None, {"a": 1})]
    for preview in both(tmp_path, [engine.stack(), *steps]):
        assert [(one.name, one.kind) for one in preview.changes] == [("moved", "read"), ("new", "read")]
        assert preview.same == 2


def test_an_import_a_forgotten_resource_and_a_vanished_one_have_kinds_of_their_own(tmp_path: Path) -> None:
    imported = engine.step("import", urn("taken"), None, engine.state(urn("taken"), {"size": 1}))
    forgotten = engine.step("discard", urn("read"), engine.state(urn("read"), {}, external=True), None)
    vanished = engine.step("refresh", urn("gone"), engine.state(urn("gone"), {"size": 1}), None)
    preview = read_preview(
        written(tmp_path, engine.lines(engine.events([engine.stack(), imported, forgotten, vanished])))
    )
    assert [(one.name, one.kind) for one in preview.changes] == [
        ("gone", "forget"),
        ("read", "forget"),
        ("taken", "import"),
    ]
    assert preview.changes[1].retained


def test_a_retained_deletion_says_so(tmp_path: Path) -> None:
    for preview in both(tmp_path, [engine.stack(), engine.delete("a", {}, retainOnDelete=True)]):
        assert [(one.kind, one.retained) for one in preview.changes] == [("delete", True)]


def test_a_provider_is_named_by_its_urn_alone(tmp_path: Path) -> None:
    for preview in both(tmp_path, STEPS):
        assert preview.changes[2].provider_before == preview.changes[2].provider_after == engine.PROVIDER


def test_policies_and_warnings_are_told_in_one_line_each(tmp_path: Path) -> None:
    violation = {"resourceUrn": urn("a"), "message": "<{%fg 3%}>no\n owner<{%reset%}>\n", "policyName": "owner"}
    violation |= {"policyPackName": "house", "enforcementLevel": "advisory"}
    warning = {"severity": "warning", "prefix": "warning: ", "message": "old\n thing", "urn": urn("a")}
    told = engine.events(STEPS, others=[{"policyEvent": violation}, *[{"diagnosticEvent": warning}] * 2])
    preview = read_preview(written(tmp_path, engine.lines(told)))
    assert preview.violations == (Violation(urn("a"), "house/owner", False, "no owner"),)
    assert preview.warnings == ("a: old thing",)
    document = engine.saved(
        STEPS, diagnostics=[{"severity": "warning", "message": "warning: old\n thing", "urn": urn("a")}]
    )
    assert read_preview(written(tmp_path, document)).warnings == ("a: old thing",)


def test_an_event_log_tells_the_engines_own_providers_which_it_does_not_count(tmp_path: Path) -> None:
    default = engine.create("default_7_51_1", {}, "pulumi:providers:aws")
    told = engine.events([engine.stack(), default], summary={"resourceChanges": {"same": 1}})
    assert [one.name for one in read_preview(written(tmp_path, engine.lines(told))).changes] == ["default_7_51_1"]


def test_an_older_engine_leaves_the_result_out(tmp_path: Path) -> None:
    told = engine.events(STEPS)
    del told[-2]["summaryEvent"]["result"]
    assert read_preview(written(tmp_path, engine.lines(told))).changes


def test_the_stack_may_be_demanded(tmp_path: Path) -> None:
    path = written(tmp_path, engine.saved(STEPS))
    assert read_preview(path, stack="local").stack == "local"
    with pytest.raises(FailedPreview, match="of the stack local, and not of staging"):
        read_preview(path, stack="staging")


def summarised(**fields: Any) -> bytes:
    return engine.lines(engine.events(STEPS, summary=fields))


def with_event(**event: Any) -> bytes:
    return engine.lines(engine.events(STEPS, others=[event]))


def with_step(**fields: Any) -> bytes:
    return engine.lines(engine.events([*STEPS, {**engine.create("x", {}), **fields}]))


def without_event(kind: str) -> bytes:
    return engine.lines([one for one in engine.events(STEPS) if kind not in one])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"no JSON", "neither"),
        (b"[]", "neither"),
        (b"{}", "neither"),
        (b'{"version": 3}', "neither"),
        ("{}".encode("utf-16"), "neither"),
        (b'{"sequence": 1}\n', "line 1 is no event that this version"),
        (b'{"sequence": 1, "surpriseEvent": {}}\n', "line 1 .* 'surpriseEvent'"),
        (b'{"sequence": "1", "cancelEvent": {}}\n', "a sequence that is no number"),
        (b'{"sequence": 1, "cancelEvent": []}\n', "line 1 is no object"),
        (b'{"sequence": 1, "cancelEvent": {}}\n7\n', "line 2 is no object"),
        (b'{"sequence": 1, "cancelEvent": {}}\n\xff\n', "line 2 is no event of the engine's"),
        (b'{"sequence": 1, "cancelEvent": {}}', "no summary"),
        (b'{"sequence": 1, "cancelEv', "line 1 .* it was cut off"),
        (b'{"sequence": NaN}\n', "line 1 is no event"),
        (b'{"sequence": ' + b"9" * 5000 + b"}\n", "line 1 is no event"),
        (b'{"sequence": ' + b"[" * 200_000 + b"\n", "line 1 is no event"),
        (summarised(result="failed"), "'failed'"),
        (summarised(result=7), "did not succeed"),
        (summarised(maybeCorrupt=True), "may be corrupt"),
        (summarised(isPreview=False), "of an update"),
        (summarised(isPreview="yes"), "neither true nor false"),
        (
            summarised(resourceChanges={"same": 2, "create": 1, "update": 1}),
            "counts 0 resources to delete, .* tell of 1",
        ),
        (summarised(resourceChanges={"same": 2, "create": 2, "update": 1, "delete": 1}), "counts 2 .* create"),
        (summarised(resourceChanges={"same": 2, "explode": 1}), "operation .* 'explode'"),
        (summarised(resourceChanges={"same": -1}), "no count"),
        (summarised(resourceChanges=7), "no object"),
        (without_event("summaryEvent"), "no summary"),
        (without_event("cancelEvent"), "cut off: the engine's last event"),
        (without_event("resOutputsEvent"), "what came of the step of"),
        (engine.lines(engine.events(STEPS) * 2), "more than one preview"),
        (with_event(errorEvent={"error": "panic"}), "the preview failed: panic"),
        (with_event(resOpFailedEvent={"metadata": {}}), "the preview failed"),
        (with_event(diagnosticEvent={"severity": "fatal", "message": "x"}), "whose severity"),
        (with_event(policyEvent={"enforcementLevel": "strict"}), "a policy of a level"),
        (with_step(op="explode"), "operation .* 'explode'"),
        (with_step(op=None), "operation .* None"),
        (with_step(urn=""), "without the URN"),
        (with_step(urn=7), "`urn` that is no text"),
        (with_step(urn="urn:pulumi:other::shop::a:b:C::x"), "several stacks"),
        (with_step(new=None), "not whole"),
        (with_step(new=[]), "no object"),
        (with_step(detailedDiff={"a": {"diffKind": "boil"}}), "'boil'"),
        (with_step(op="delete"), "not whole"),
        (engine.lines(engine.events([*STEPS, STEPS[1]])), "contradict each other: create, create"),
        (engine.lines(engine.events([*STEPS, engine.delete("new", {})])), "contradict each other: create, delete"),
        (engine.lines(engine.events(STEPS[1:])), "does not tell of the stack itself"),
        (engine.lines(engine.events([])), "tells of no resource"),
        (engine.saved(STEPS, maybeCorrupt=True), "may be corrupt"),
        (engine.saved(STEPS, surprise=True), "'surprise'"),
        (engine.saved(STEPS, changeSummary=None), "no changeSummary"),
        (engine.saved(STEPS, changeSummary={"same": 2, "create": 1, "update": 1}), "counts 0 resources to delete"),
        (engine.saved(STEPS, changeSummary={"same": 0, "create": 1, "update": 1, "delete": 1}), "counts 0 .* same"),
        (engine.saved(STEPS, steps={}), "no list"),
        (engine.saved(STEPS, steps=[7]), "a step is no object"),
        (engine.saved(STEPS, diagnostics=[7]), "a diagnostic is no object"),
        (engine.saved(STEPS) + b"{}", "does not end as it began"),
        (b'{"steps": ' + b'[{"a": ' * 200_000, "nested deeper"),
        (b'{"steps": [1e999]}', "does not end as it began|a step is no object"),
    ],
)
def test_what_is_no_whole_preview_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    import re

    assert re.search(reason, refusal(tmp_path, content))


@pytest.mark.parametrize(
    "value", [1e400, "\ud800", {"a": 10**400}, {engine.SIGNATURE: "surprise"}, {engine.SIGNATURE: 7}], ids=repr
)
def test_a_value_that_the_engine_cannot_print_is_refused(tmp_path: Path, value: Any) -> None:
    steps = [engine.stack(), engine.create("x", {"a": value})]
    for content in (engine.lines(engine.events(steps)), engine.saved(steps)):
        try:
            preview = read_preview(written(tmp_path, content))
        except FailedPreview:
            continue
        # The one parser makes a character of half a one
        assert value == "\ud800"
        assert preview.changes


@pytest.mark.parametrize(
    "make",
    [
        lambda error: engine.lines(engine.events(STEPS, others=[{"diagnosticEvent": error}])),
        lambda error: engine.lines(engine.events(STEPS, others=[{"diagnosticEvent": error}])[:-2]),
        lambda error: engine.lines(engine.events(STEPS, others=[{"diagnosticEvent": error}]))[:-150],
        lambda error: engine.saved(STEPS, diagnostics=[error], changeSummary=None),
        lambda error: engine.saved(STEPS, diagnostics=[error]) + b"x",
    ],
    ids=["whole", "no end", "cut", "saved", "saved and more"],
)
def test_the_engines_own_error_comes_before_what_is_missing(tmp_path: Path, make: Callable[[Any], bytes]) -> None:
    error = {
        "severity": "error",
        "urn": urn("a"),
        "message": "<{%fg 1%}>cannot\n reach postgres://me:hunter2@db:5432/x",
    }
    with pytest.raises(EngineRefused) as refused:
        read_preview(written(tmp_path, make(error)))
    assert str(refused.value) == "the preview failed: a: cannot reach postgres://me:[secret]@db:5432/x"


def test_a_file_that_is_not_there_is_no_preview(tmp_path: Path) -> None:
    with pytest.raises(FailedPreview, match=r"gone\.json cannot be read: No such file"):
        read_preview(tmp_path / "gone.json")


def test_a_refresh_is_no_preview_of_an_update(tmp_path: Path) -> None:
    told = engine.events([engine.stack(), engine.step("refresh", urn("a"), *[engine.state(urn("a"), {})] * 2)])
    (came,) = [one for one in told if one.get("resOutputsEvent", {}).get("metadata", {}).get("op") == "refresh"]
    came["resOutputsEvent"] = json.loads(json.dumps(came["resOutputsEvent"]))
    came["resOutputsEvent"]["metadata"]["op"] = "update"
    assert "pulumi refresh" in refusal(tmp_path, engine.lines(told))


def test_a_policy_that_makes_a_preview_fail_is_named(tmp_path: Path) -> None:
    violation = {"resourceUrn": urn("a"), "message": "no owner\n", "policyName": "owner", "policyPackName": "house"}
    told = [{"policyEvent": {**violation, "enforcementLevel": "mandatory"}}]
    content = engine.lines(engine.events(STEPS, others=told, summary={"result": "failed"}))
    with pytest.raises(EngineRefused) as refused:
        read_preview(written(tmp_path, content))
    assert str(refused.value) == "the preview failed: the policy house/owner says of a: no owner"


def test_several_instances_of_one_resource_give_one_change_in_any_order(tmp_path: Path) -> None:
    left = [
        engine.step("delete-replaced", urn("a"), engine.state(urn("a"), {"size": size}, delete=True), None)
        for size in (2, 1, 3)
    ]
    gone = [
        engine.step("refresh", urn("b"), engine.state(urn("b"), {"size": size}, delete=condemned), None)
        for size, condemned in ((1, True), (2, False))
    ]
    digests = {
        changes_digest(read_preview(written(tmp_path, engine.lines(engine.events([engine.stack(), *steps])))))
        for steps in (left + gone, gone + left, (left + gone)[::-1], [left[1], gone[1], left[0], gone[0], left[2]])
    }
    assert len(digests) == 1
    changes = read_preview(tmp_path / "preview.json").changes
    assert [(one.name, one.kind, one.before) for one in changes] == [
        ("a", "delete", {"size": 1}),
        ("b", "forget", {"size": 2}),
    ]
