"""`tenantry doctor STACK` tells in time that standard support of what a stack declares ends, by a clock it is given."""

import datetime
from collections.abc import Callable

import pytest

from infra import lifetimes, reach
from infra.commands import doctor
from infra.findings import Finding
from infra.settings import checking, stack_file, versions
from tests.examples import declared_settings, settings

REMEDY = "raise cluster.version, one minor version at a time"
END = datetime.date(2026, 12, 2)


def found(version: str, today: datetime.date, *, extended: bool = False) -> Finding:
    def change(raw: dict[str, dict[str, object]]) -> None:
        raw["cluster"] |= {"version": version, "extended_support": extended}

    (finding,) = lifetimes.examine(declared_settings(change), today)
    return finding


def test_a_version_whose_support_is_long_is_told_without_a_warning() -> None:
    expected = Finding("Kubernetes 1.34", True, "in standard support until 2026-12-02")
    assert found("1.34", END - datetime.timedelta(days=61)) == expected


@pytest.mark.parametrize(("days", "word"), [(-60, "ends"), (-1, "ends"), (0, "ended"), (400, "ended")])
def test_a_version_whose_support_ends_within_sixty_days_or_has_ended_is_warned_of(days: int, word: str) -> None:
    finding = found("1.34", END + datetime.timedelta(days=days))
    told = f"standard support {word} on 2026-12-02, and from then on EKS upgrades it by itself"
    assert finding == Finding("Kubernetes 1.34", True, told, REMEDY, warns=True)


def test_who_asked_for_extended_support_is_told_its_price() -> None:
    finding = found("1.31", END, extended=True)
    told = "standard support ended on 2025-11-26, and from then on it costs six times as much"
    assert (finding.detail, finding.warns) == (told, True)


def test_every_version_has_its_end_and_newer_ones_end_later() -> None:
    assert tuple(versions.STANDARD_SUPPORT_ENDS) == versions.KUBERNETES
    ends = list(versions.STANDARD_SUPPORT_ENDS.values())
    assert ends == sorted(ends)


def test_a_brought_cluster_has_a_version_of_its_own() -> None:
    assert lifetimes.examine(settings(), END) == []


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[Finding], str]:
    """What the command prints of one finding in a stack that can be applied otherwise."""
    monkeypatch.setattr(stack_file, "source_of", lambda stack: stack)
    monkeypatch.setattr(checking, "settings_of", lambda *_: declared_settings())
    monkeypatch.setattr(reach, "examine", lambda _: [])

    def tell(finding: Finding) -> str:
        monkeypatch.setattr(lifetimes, "examine", lambda *_: [finding])
        doctor.doctor("example")
        return capsys.readouterr().out

    return tell


def test_a_warning_is_printed_with_its_remedy_and_fails_nothing(told: Callable[[Finding], str]) -> None:
    assert told(Finding("it", True, "ends soon", "renew it", warns=True)).splitlines() == [
        "warn it: ends soon",
        "     mend it with: renew it",
    ]


def test_what_is_well_is_printed_without_a_remedy(told: Callable[[Finding], str]) -> None:
    assert told(Finding("it", True, "is there", "make it")).splitlines() == ["ok   it: is there"]
