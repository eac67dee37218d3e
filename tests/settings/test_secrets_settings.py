"""Secrets are declared without their values: each wrong setting is told by its path, with what is allowed."""

import copy
import datetime
from typing import Any

import pytest
import yaml

from infra.settings.loader import load
from infra.settings.models import StackSettings
from infra.settings.stack_file import EngineLoader
from tests.examples import SECRETS, declared_settings, raw_declared_settings, raw_settings
from tests.settings.wrong import AWS_NAME, MOMENT, ROOT, SECTION, SLUG, problems_of, put

NAME = "lower-case letters, digits and underscores; begins with a letter, ends without an underscore"

JWT, PAYMENT = "secrets.generated.jwt", "secrets.external.payment"

# path, value there, what is said after the path
WRONG_VALUES: list[tuple[str, object, str]] = [
    ("secrets", None, SECTION),
    ("secrets.protect", "perhaps", "must be true or false"),
    ("secrets.generated", ["jwt"], SECTION),
    ("secrets.copies_of", "Production", AWS_NAME),
    ("secrets.copies_of", "shop", "this environment itself; name the one that declares them, or remove it"),
    ("secrets.copies_of", "p" * 31, "too long; 30 characters at most"),
    ("secrets.generated.JWT", {"rotated_at": "2026-11-01T00:00:00Z"}, NAME),
    ("secrets.generated.jwt-key", {"rotated_at": "2026-11-01T00:00:00Z"}, NAME),
    (JWT, None, SECTION),
    (f"{JWT}.rotated_at", ..., "missing; it is required"),
    (f"{JWT}.rotated_at", None, MOMENT),
    (f"{JWT}.rotated_at", 1793491200, MOMENT),
    (f"{JWT}.rotated_at", "2026-11-01", MOMENT),
    (f"{JWT}.rotated_at", "2026-11-01T00:00:00", MOMENT),
    (f"{JWT}.rotated_at", "2026-11-01T00:00:00+01:00", MOMENT),
    (f"{JWT}.rotated_at", "2026-11-31T00:00:00Z", MOMENT),
    (f"{JWT}.rotated_at", "2026-11-01T00:00:00.5Z", MOMENT),
    (f"{JWT}.rotated_at", "9999-11-01T00:00:00Z", MOMENT),
    (f"{JWT}.rotated_at", datetime.datetime.fromisoformat("2026-11-01T00:00:00"), MOMENT),
    (f"{JWT}.rotated_at", datetime.date(2026, 11, 1), MOMENT),
    (f"{JWT}.rotation_days", 0, "too small; 1 at least"),
    (f"{JWT}.rotation_days", 366, "too large; 365 at most"),
    (f"{JWT}.rotation_days", "quarterly", "must be a whole number"),
    (f"{JWT}.bytes", 8, "too small; 16 at least"),
    (f"{JWT}.bytes", 513, "too large; 512 at most"),
    (f"{JWT}.services", "storefront", "must be a list"),
    (f"{PAYMENT}.owner", ..., "missing; it is required"),
    (f"{PAYMENT}.owner", "Payments Team", SLUG),
    (f"{PAYMENT}.keys", ..., "missing; it is required"),
    (f"{PAYMENT}.keys", [], "too few; 1 at least"),
    (f"{PAYMENT}.keys", "id", "must be a list"),
]

# path, value there, path of the error, what is said
WRONG_COMBINATIONS: list[tuple[str, object, str, str]] = [
    (f"{JWT}.services", ["api"], f"{JWT}.services[0]", "no such service; add it to services, or remove it here"),
    (f"{JWT}.services", ["storefront", "storefront"], f"{JWT}.services[1]", "named twice; name each once"),
    (
        f"{PAYMENT}.services",
        ["api"],
        f"{PAYMENT}.services[0]",
        "no such service; add it to services, or remove it here",
    ),
    (f"{PAYMENT}.keys", ["id", "id"], f"{PAYMENT}.keys[1]", "named twice; name each once"),
    (f"{PAYMENT}.keys", ["Secret-Key"], f"{PAYMENT}.keys[0]", NAME),
    (
        "secrets.external.jwt",
        SECRETS["external"]["payment"],
        "secrets.external.jwt",
        "generated has this name too; rename one of them",
    ),
    (
        "secrets.generated",
        {f"key{number}": SECRETS["generated"]["jwt"] for number in range(10)},
        f"{PAYMENT}.services[0]",
        "reads 10 already, AWS's limit; join secrets by their keys",
    ),
]

UNKNOWN_KEYS: list[tuple[str, str]] = [
    ("secrets.generate", "unknown key; did you mean generated?"),
    ("secrets.externl", "unknown key; did you mean external?"),
    (f"{JWT}.rotate_at", "unknown key; did you mean rotated_at?"),
    (f"{JWT}.value", "unknown key; allowed: bytes, rotated_at, rotation_days, services"),
    (f"{JWT}.owner", "unknown key; allowed: bytes, rotated_at, rotation_days, services"),
    (f"{PAYMENT}.key", "unknown key; did you mean keys?"),
    (f"{PAYMENT}.bytes", "unknown key; allowed: keys, owner, rotated_at, rotation_days, services"),
]


def changed(path: str, value: object) -> dict[str, Any]:
    """Return valid settings with one value at a dotted path; `...` removes the key."""
    raw = raw_declared_settings()
    raw["secrets"] = copy.deepcopy(SECRETS)
    put(raw, path, value)
    return raw


def loaded(rotated_at: object) -> StackSettings:
    return load("example", changed(f"{JWT}.rotated_at", rotated_at), {})


def test_no_secret_is_declared_by_default() -> None:
    assert not declared_settings().secrets.declared
    assert declared_settings().secrets.protect


def test_a_declared_secret_says_when_it_is_due() -> None:
    declared = loaded("2026-11-01T00:00:00Z").secrets.declared
    assert declared["jwt"].due == datetime.datetime(2027, 1, 30, tzinfo=datetime.UTC)
    assert declared["payment"].due == datetime.datetime(2027, 4, 30, tzinfo=datetime.UTC)


@pytest.mark.parametrize("written", ["2026-11-01T08:30:00Z", "'2026-11-01T08:30:00Z'", "2026-11-01 08:30:00"])
def test_a_rotation_is_the_same_moment_with_and_without_quotes(written: str) -> None:
    declared = loaded(yaml.load(written, EngineLoader)).secrets.generated["jwt"]
    assert declared.rotated_at == datetime.datetime(2026, 11, 1, 8, 30, tzinfo=datetime.UTC)


@pytest.mark.parametrize(("path", "value", "said"), WRONG_VALUES)
def test_a_wrong_secret_is_told_at_its_path(path: str, value: object, said: str) -> None:
    assert problems_of(changed(path, value)) == (f"{ROOT}.{path}: {said}",)


@pytest.mark.parametrize(("path", "value", "place", "said"), WRONG_COMBINATIONS)
def test_what_does_not_go_with_a_secret_is_told_where_to_mend_it(
    path: str, value: object, place: str, said: str
) -> None:
    assert problems_of(changed(path, value)) == (f"{ROOT}.{place}: {said}",)


@pytest.mark.parametrize(("path", "said"), UNKNOWN_KEYS)
def test_an_unknown_key_of_a_secret_is_told_with_what_was_meant(path: str, said: str) -> None:
    assert problems_of(changed(path, {})) == (f"{ROOT}.{path}: {said}",)


def test_a_value_in_the_place_of_a_rotation_is_not_echoed() -> None:
    (problem,) = problems_of(changed(f"{JWT}.rotated_at", "hunter2-hunter2"))
    assert "hunter2" not in problem


def test_secrets_ask_for_a_declared_cluster() -> None:
    raw = {**raw_settings(), "secrets": SECRETS}
    assert problems_of(raw) == (
        f"{ROOT}.secrets: asks for a declared cluster: pods of a brought one have no AWS identity to read it with; "
        "declare cluster, or remove secrets",
    )
