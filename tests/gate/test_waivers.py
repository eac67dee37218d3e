"""Waivers: written as printed, read strictly, and bound to one exact change."""

import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.gate import waivers
from infra.gate.change import Hidden, Resource, Value
from infra.gate.verdict import Finding
from infra.settings.checking import WrongStackFiles
from infra.settings.stack_file import StackFileError

DIGEST = "ab" * 32
URN = "urn:pulumi:local::tenantry::tenantry:database:Database$aws:rds/instance:Instance::database-instance"
TODAY = datetime.date(2026, 6, 1)
FINDING = Finding("backup-retention-lowered", "dangerous", URN, "lowers backup retention of database 30 -> 7 days")
WHOLE = {
    "rule": "backup-retention-lowered",
    "urn": URN,
    "digest": DIGEST,
    "reason": "tests only",
    "owner": "ann",
    "expires": "2026-06-30",
}


def write(root: Path, text: str, stack: str = "local") -> Path:
    file = root / waivers.FOLDER / f"{stack}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return root


def faults(root: Path, text: str) -> list[str]:
    with pytest.raises(WrongStackFiles) as caught:
        waivers.waivers_of("local", write(root, text))
    return [str(fault) for fault in caught.value.faults]


def listed(*entries: dict[str, Any]) -> str:
    return yaml.safe_dump(list(entries), sort_keys=False)


def test_a_stack_without_a_file_has_none(tmp_path: Path) -> None:
    assert waivers.waivers_of("local", tmp_path) == ()
    assert waivers.waivers_of("local", write(tmp_path, "# none so far\n")) == ()


def test_the_printed_entry_is_a_waiver_once_somebody_has_said_why_and_who(tmp_path: Path) -> None:
    printed = waivers.entry(FINDING, DIGEST, TODAY)
    assert faults(tmp_path, printed) == [
        "stacks/waivers/local.yaml:4: [0].reason: as it was printed; write it in place of the words between < and >",
        "stacks/waivers/local.yaml:5: [0].owner: as it was printed; write it in place of the words between < and >",
    ]
    filled = printed.replace(waivers.REASON, "tests only").replace(waivers.OWNER, "ann")
    (found,) = waivers.waivers_of("local", write(tmp_path, filled))
    assert found.key == ("backup-retention-lowered", URN, DIGEST)
    assert (found.reason, found.owner, found.expires) == ("tests only", "ann", datetime.date(2026, 6, 15))


def test_two_printed_entries_are_one_list(tmp_path: Path) -> None:
    printed = [waivers.entry(FINDING, digest * 32, TODAY, reason="tests", owner="ann") for digest in ("ab", "cd")]
    assert [one.digest for one in waivers.waivers_of("local", write(tmp_path, "".join(printed)))] == [
        "ab" * 32,
        "cd" * 32,
    ]


def test_everything_that_is_wrong_is_told_at_once_by_line(tmp_path: Path) -> None:
    wrong = {**WHOLE, "rule": "backups", "digest": "ab", "expires": "2026-02-30", "owners": "ann"}
    missing = {key: value for key, value in WHOLE.items() if key not in ("owner", "expires")}
    told = faults(tmp_path, listed(wrong, missing))
    assert [line.rpartition(": ")[0].partition(" ")[2] for line in told[:1]] == ["[0].rule: not allowed; take one of"]
    assert told[1:] == [
        "stacks/waivers/local.yaml:3: [0].digest: a SHA-256 checksum: 64 hexadecimal digits in lower case",
        "stacks/waivers/local.yaml:6: [0].expires: a day, as `2026-12-31`",
        "stacks/waivers/local.yaml:7: [0].owners: unknown key; did you mean owner?",
        "stacks/waivers/local.yaml:8: [1].expires: missing; it is required",
        "stacks/waivers/local.yaml:8: [1].owner: missing; it is required",
    ]


@pytest.mark.parametrize("expires", ["20261231", "2026-12-31T00:00:00Z", 20261231, None, True, "2026-W53-1", "soon"])
def test_the_last_day_is_written_in_one_way_only(tmp_path: Path, expires: object) -> None:
    assert faults(tmp_path, listed({**WHOLE, "expires": expires}))[0].endswith("[0].expires: a day, as `2026-12-31`")


@pytest.mark.parametrize("urn", ["database", "urn:aws:x", "urn:pulumi:a\tb", 5, None])
def test_what_is_no_urn_is_refused(tmp_path: Path, urn: object) -> None:
    assert "[0].urn: " in faults(tmp_path, listed({**WHOLE, "urn": urn}))[0]


def test_the_same_waiver_twice_is_refused(tmp_path: Path) -> None:
    told = faults(tmp_path, listed(WHOLE, {**WHOLE, "reason": "again"}))
    assert told == ["stacks/waivers/local.yaml:9: [1].digest: written twice; keep one of them"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rule: backup-retention-lowered\n", "not a list"),
        ("- {rule: a, rule: b}\n", "the key rule is there twice"),
        ("- [\n", "not valid YAML"),
        ("- text\n", "must be a section"),
    ],
)
def test_a_file_that_is_no_list_of_waivers_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises((StackFileError, WrongStackFiles)) as caught:
        waivers.waivers_of("local", write(tmp_path, text))
    assert said in str([str(caught.value), *getattr(caught.value, "faults", ())])


def test_no_value_of_a_file_is_echoed(tmp_path: Path) -> None:
    canary = "canary-4f1d"
    for key in WHOLE:
        text = listed({**WHOLE, key: [canary]})
        assert canary not in "".join(faults(tmp_path, text))


def test_a_waiver_holds_to_the_end_of_its_last_day(tmp_path: Path) -> None:
    (waiver,) = waivers.waivers_of("local", write(tmp_path, listed(WHOLE)))
    assert not waiver.expired(datetime.date(2026, 6, 30))
    assert waiver.expired(datetime.date(2026, 7, 1))


INPUTS: dict[str, Value] = {
    "tags": {"a.b": "x", "c": None},
    "rules": [{"host": "one"}, {"host": "two"}],
    "password": Hidden.SECRET,
}


def desired(path: str, inputs: dict[str, Value]) -> str:
    finding = Finding("tls-off", "dangerous", URN, "no TLS", path)
    return waivers.desired_digest(finding, Resource(URN, "aws:rds/instance:Instance", inputs))


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("rules[1].host", {**INPUTS, "rules": [{"host": "one"}, {"host": "three"}]}),
        ("rules[1].host", {**INPUTS, "rules": []}),
        ("rules[1].host", {**INPUTS, "rules": "two"}),
        ('tags["a.b"]', {**INPUTS, "tags": {"a.b": "y"}}),
        ("tags", {**INPUTS, "tags": {"a.b": "x", "c": "z"}}),
        ("password", {**INPUTS, "password": Hidden.UNKNOWN}),
        ("password", {**INPUTS, "password": "SECRET"}),
        ("password.length", {**INPUTS, "password": None}),
        ("", {**INPUTS, "other": 1}),
    ],
)
def test_a_waiver_of_what_is_declared_holds_while_its_value_stays(path: str, changed: dict[str, Value]) -> None:
    assert desired(path, INPUTS) == desired(path, dict(reversed(INPUTS.items())))
    assert desired(path, INPUTS) != desired(path, changed)


def test_a_waiver_of_what_is_declared_is_of_one_rule_resource_and_place() -> None:
    resource = Resource(URN, "aws:rds/instance:Instance", INPUTS)
    finding = Finding("tls-off", "dangerous", URN, "no TLS", "rules")
    others = [
        Finding("encryption-off", "dangerous", URN, "no TLS", "rules"),
        Finding("tls-off", "dangerous", f"{URN}-2", "no TLS", "rules"),
        Finding("tls-off", "dangerous", URN, "no TLS", "rules[0]"),
    ]
    digests = {waivers.desired_digest(one, resource) for one in (finding, *others)}
    assert len(digests) == 4
    assert waivers.desired_digest(Finding("tls-off", "notable", URN, "in other words", "rules"), resource) in digests


def test_a_waiver_of_what_is_no_resource_holds_while_the_words_stay() -> None:
    many, more = (Finding("capacity", "dangerous", "", f"{count} connections of 100") for count in (120, 130))
    assert waivers.desired_digest(many, None) != waivers.desired_digest(more, None)
