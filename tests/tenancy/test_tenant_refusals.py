"""`tenantry tenants`: bad input is told in one line or as `config check` tells it, and nothing is written."""

from pathlib import Path

import pytest

from infra.errors import TenantryError
from infra.settings.checking import WrongStackFiles
from infra.tenancy import proposals
from tests.tenancy.tenant_project import EXPORT, FILE, LISTED, cell, done, entry, refused, run, text

# arguments, what is said
REFUSED = [
    (("list", "--stack", "exmple"), "no such stack, Pulumi.exmple.yaml, use one of: example"),
    (("show", "bookstore"), f"no such tenant, {FILE}: bookstore, did you mean book-store?"),
    (("suspend", "qqq"), f"no such tenant, {FILE}: qqq, `tenantry tenants list` shows all of them"),
    (("suspend",), "name one tenant, or --ended, tenantry tenants suspend, give one of the two"),
    (("suspend", "trial", "--ended"), "name one tenant, or --ended, tenantry tenants suspend, give one of the two"),
    (("suspend", "resting"), "cannot suspend a tenant that is suspended, resting, possible: resume, offboard"),
    (("resume", "book-store"), "cannot resume a tenant that is active, book-store, possible: suspend, offboard"),
    (("delete", "book-store", "--export", EXPORT),
     "cannot delete a tenant that is active, book-store, possible: suspend, offboard"),
    *(((command, "gone-shop"),
       f"cannot {command} a tenant that is deleted, gone-shop, nothing follows that; add another tenant")
      for command in ("suspend", "resume", "offboard")),
    (("add", "trial", "--plan", "pro"), f"there is such a tenant (trial), {FILE}: trial, choose another slug"),
    (("add", "gone-shop", "--plan", "pro"),
     f"there is such a tenant (deleted), {FILE}: gone-shop, choose another slug"),
    (("add", "api", "--plan", "pro"), "reserved: hosts of the platform's own are admin, api, app, www, api, choose "
     "another slug, as its host is there already"),
    (("add", "blog", "--plan", "pro"), "reserved: a host of services.storefront, blog, choose another slug, as its "
     "host is there already"),
    (("add", "acme", "--plan", "pro", "--trial-ends", "2026-11-21T00:00:00Z"),
     "over before it begins, --trial-ends, give a moment that is still to come"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_what_makes_no_sense_is_refused_with_one_line(root: Path, arguments: tuple[str, ...], said: str) -> None:
    assert str(refused(root, *arguments)) == said


# a name that is no slug, what is suggested
NO_SLUGS = [
    ("Acme", "acme"),
    ("Zoë's Bücher & Mehr", "zoes-bucher-mehr"),
    ("straße", "strasse"),
    ("2fast", "fast"),
    ("acme-", "acme"),
    ("acme_shop", "acme-shop"),
    ("a" * 41, "a" * 40),
    ("ﬁne", "fine"),
    ("Ünïcode\x1b[31m", "unicode-31m"),
    ("日本", None),
    ("42", None),
    ("", None),
]


@pytest.mark.parametrize(("name", "near"), NO_SLUGS)
def test_a_name_that_is_no_slug_suggests_one(root: Path, name: str, near: str | None) -> None:
    said = str(refused(root, "add", "--plan", "pro", "--", name))
    assert said.startswith("not a slug, ")
    assert "allowed: lower-case letters a-z, digits and dashes, 40 at most, a letter first, no dash last" in said
    assert "\x1b" not in said
    assert (f"did you mean {near}? --name keeps the name as it is" in said) == (near is not None)
    assert ("did you mean" in said) == (near is not None)


def test_what_is_suggested_is_a_slug(root: Path) -> None:
    done("add", "a" * 40, "--plan", "pro", "--name", "a" * 41)
    assert entry(root, "a" * 40)["name"] == "a" * 41


def test_values_that_would_not_be_valid_are_told_all_at_once_and_not_written(root: Path) -> None:
    error = refused(
        root, "add", "acme", "--plan", "pro", "--domain", "Acme", "--contact", "me", "--trial-ends", "tomorrow"
    )
    assert isinstance(error, WrongStackFiles)
    assert [(fault.line, fault.path) for fault in error.faults] == [
        (2, "[0].domains[0]"), (2, "[0].lifecycle.ends"), (2, "[0].contacts[0]"),
    ]  # fmt: skip
    assert str(error) == (
        f"not valid with this change, {FILE}, nothing was written; give it so that the lines above are right"
    )
    assert isinstance(
        refused(root, "add", "acme", "--plan", "pro", "--domain", "www.resting.example.org"), WrongStackFiles
    )


def test_a_deletion_without_a_checksum_is_refused(root: Path) -> None:
    done("offboard", "trial")
    error = refused(root, "delete", "trial", "--export", "abc")
    assert isinstance(error, WrongStackFiles)
    assert [fault.path for fault in error.faults] == ["[4].lifecycle.export"]


def test_a_file_that_is_wrong_already_is_told_as_the_check_tells_it(root: Path) -> None:
    (root / FILE).write_text(LISTED.replace("plan: pro", "plan: gold"))
    for arguments in (("list",), ("show", "trial"), ("add", "acme", "--plan", "pro"), ("suspend", "trial")):
        error = refused(root, *arguments)
        assert isinstance(error, WrongStackFiles)
        assert [(fault.file, fault.line, fault.path) for fault in error.faults] == [(FILE, 2, "[0].plan")]


def test_what_two_cells_would_both_have_is_refused(root: Path) -> None:
    cell(root)
    error = refused(root, "add", "book-store", "--plan", "free", "--stack", "example-cell-02")
    assert isinstance(error, WrongStackFiles)
    assert {fault.file for fault in error.faults} == {FILE, "stacks/tenants/example-cell-02.yaml"}


def test_a_file_that_somebody_changes_meanwhile_is_left_as_they_wrote_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = proposals.Opened.check

    def slow(file: proposals.Opened, after: str) -> None:
        check(file, after)
        (root / FILE).write_text("# theirs\n" + LISTED)

    monkeypatch.setattr(proposals.Opened, "check", slow)
    result = run("add", "acme", "--plan", "pro")
    assert isinstance(result.exception, TenantryError)
    assert str(result.exception) == "somebody has changed the file meanwhile, example.yaml, run it again"
    assert result.exception.exit_code == 1
    assert text(root) == "# theirs\n" + LISTED
