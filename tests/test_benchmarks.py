"""`make bench` measures everything, shows each limit that is not kept, and ends with 1 when there is one."""

from types import SimpleNamespace

import pytest

from benchmarks import __main__ as bench
from benchmarks.rows import Row

KEPT = Row("start", "4.0 s", "15 s", "bench start")
BROKEN = Row("switch", "5.0 s", "3 s", "bench switch", kept=False)
UNLIMITED = Row("destroy", "90.0 s", "", "bench destroy")


def measured(monkeypatch: pytest.MonkeyPatch, *topics: list[Row]) -> int:
    """Return the exit code of a run whose topics give these rows."""
    monkeypatch.setattr(bench, "_TOPICS", [SimpleNamespace(measure=lambda rows=rows: rows) for rows in topics])
    return bench.main()


def test_limits_that_are_kept_and_rows_without_one_end_with_0_and_are_printed_as_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measured(monkeypatch, [KEPT, UNLIMITED]) == 0
    printed = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "start 4.0 s 15 s bench start" in printed
    assert "destroy 90.0 s bench destroy" in printed


def test_a_limit_that_is_not_kept_is_said_so_beside_it_and_ends_with_1_after_all_rows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measured(monkeypatch, [BROKEN, KEPT], [UNLIMITED]) == 1
    printed = [line for line in capsys.readouterr().out.splitlines() if "bench" in line]
    assert ["NOT KEPT" in line for line in printed] == [True, False, False]
    assert "3 s: NOT KEPT" in printed[0]


def test_a_row_printed_alone_says_it_too() -> None:
    assert BROKEN.cells() == ("switch", "5.0 s", "3 s: NOT KEPT", "bench switch")
    assert KEPT.cells() == KEPT[:4]


def test_a_topic_that_fails_is_told_with_its_command_and_the_others_are_still_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> list[Row]:
        raise SystemExit("tenantry tenants export failed:\nno such stack")

    topics = [SimpleNamespace(measure=fail, __name__="benchmarks.archives"), SimpleNamespace(measure=lambda: [KEPT])]
    monkeypatch.setattr(bench, "_TOPICS", topics)
    assert bench.main() == 1
    printed = capsys.readouterr()
    assert printed.err == "benchmarks.archives: tenantry tenants export failed:\nno such stack\n"
    failed, kept = (line for line in printed.out.splitlines() if "bench" in line)
    assert "measured: NOT KEPT" in failed
    assert "python -m benchmarks.archives" in failed
    assert "15 s" in kept
