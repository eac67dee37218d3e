"""Edits of tenant files: one tenant changes, and not a letter beside it."""

import pytest
import ryaml
from ruamel.yaml import YAML

from infra.errors import TenantryError
from infra.settings.schema import TENANT_HEADER
from infra.tenancy.tenant_edit import Text, added, with_lifecycles

NAME = "stacks/tenants/example.yaml"
ACME = {"slug": "acme", "plan": "pro"}
SUSPENDED = {"state": "suspended"}

HEAD = f"{TENANT_HEADER}\n# Ours.\n"
FLOW = f"""{HEAD}- {{ slug: book-store,   plan: pro }} # -> isolation schema
# Closes in winter.
- {{slug: corner-shop, plan: 'free'}}
"""
BLOCK = f"""{HEAD}
# The first one.
- slug: book-store
  plan:   pro   # since spring
  # no more of it
# Closes in winter.
- plan: "free"
  slug: corner-shop
  lifecycle:
    state: trial # a pilot
    ends: 2026-12-01T00:00:00Z # promised
  contacts:
  - ops@example.com
# The end.
"""

# what was there, the slug, what is there then
PLACES = [
    (FLOW, "acme", FLOW.replace("- { slug: book", "- { slug: acme, plan: pro }\n- { slug: book")),
    (FLOW, "cafe", FLOW.replace("# Closes", "- { slug: cafe, plan: pro }\n# Closes")),
    (FLOW, "zoo", f"{FLOW}- {{slug: zoo, plan: pro}}\n"),
    (BLOCK, "acme", BLOCK.replace("# The first", "- slug: acme\n  plan: pro\n# The first")),
    (BLOCK, "cafe", BLOCK.replace("# Closes", "- slug: cafe\n  plan: pro\n# Closes")),
    (BLOCK, "zoo", BLOCK.replace("# The end", "- slug: zoo\n  plan: pro\n# The end")),
    ("", "zoo", f"{TENANT_HEADER}\n- {{ slug: zoo, plan: pro }}\n"),
    (" \n", "zoo", f"{TENANT_HEADER}\n- {{ slug: zoo, plan: pro }}\n"),
    (HEAD, "zoo", f"{HEAD}- {{ slug: zoo, plan: pro }}\n"),
    (HEAD.rstrip(), "zoo", f"{HEAD}- {{ slug: zoo, plan: pro }}\n"),
    (f"{HEAD}[] # none yet\n", "zoo", f"{HEAD}- {{ slug: zoo, plan: pro }} # none yet\n"),
    (f"{HEAD}---\n", "zoo", f"{HEAD}---\n- {{ slug: zoo, plan: pro }}\n"),
    ("- { slug: a, plan: pro }", "b", "- { slug: a, plan: pro }\n- { slug: b, plan: pro }"),
    ("- { slug: b, plan: pro }", "a", "- { slug: a, plan: pro }\n- { slug: b, plan: pro }"),
    ("  - {slug: b, plan: pro}\n", "a", "  - {slug: a, plan: pro}\n  - {slug: b, plan: pro}\n"),
    ("  - slug: b\n    plan: pro\n", "c", "  - slug: b\n    plan: pro\n  - slug: c\n    plan: pro\n"),
    ("-   slug: b\n    plan: pro\n", "c", "-   slug: b\n    plan: pro\n- slug: c\n  plan: pro\n"),
    ("- {slug: b,\n   plan: pro} # x\n", "c", "- {slug: b,\n   plan: pro} # x\n- {slug: c, plan: pro}\n"),
    ("- {slug: bücher, plan: pro, name: Zoë 🎈}\n", "zoo",
     "- {slug: bücher, plan: pro, name: Zoë 🎈}\n- {slug: zoo, plan: pro}\n"),
    ("\ufeff- {slug: b, plan: pro}\n", "c", "\ufeff- {slug: b, plan: pro}\n- {slug: c, plan: pro}\n"),
    ("- slug: b\n  plan: pro\n  name: >-\n    Long\n    name\n\n\n- slug: d\n  plan: pro\n", "c",
     "- slug: b\n  plan: pro\n  name: >-\n    Long\n    name\n- slug: c\n  plan: pro\n\n\n- slug: d\n  plan: pro\n"),
    ("- slug: b\n  plan: pro\n\n- slug: d\n  plan: pro\n...\n", "e",
     "- slug: b\n  plan: pro\n\n- slug: d\n  plan: pro\n- slug: e\n  plan: pro\n...\n"),
]  # fmt: skip

# a tenant, its lifecycle's changes, the tenant then
LIFECYCLES = [
    ("- { slug: acme, plan: pro } # ours", SUSPENDED,
     "- { slug: acme, plan: pro, lifecycle: { state: suspended } } # ours"),
    ("- {slug: acme, plan: pro,}", SUSPENDED, "- {slug: acme, plan: pro, lifecycle: {state: suspended},}"),
    ("- {plan: pro, slug: acme, ring: early}", SUSPENDED,
     "- {plan: pro, slug: acme, ring: early, lifecycle: {state: suspended}}"),
    ("- { slug: acme, # who\n    plan: pro } # what", SUSPENDED,
     "- { slug: acme, # who\n    plan: pro, lifecycle: { state: suspended } } # what"),
    ("- { slug: acme, lifecycle: { state: active }, plan: pro }", SUSPENDED,
     "- { slug: acme, lifecycle: { state: suspended }, plan: pro }"),
    ("- { slug: acme, lifecycle: {}, plan: pro }", SUSPENDED,
     "- { slug: acme, lifecycle: {state: suspended}, plan: pro }"),
    ("- {slug: acme, plan: pro, lifecycle: { state: trial, ends: 2026-12-01T00:00:00Z }}",
     {"state": "suspended", "ends": None}, "- {slug: acme, plan: pro, lifecycle: { state: suspended }}"),
    ("- {slug: acme, plan: pro, lifecycle: {ends: '2026-12-01T00:00:00Z', state: \"trial\"}}",
     {"state": "suspended", "ends": None}, "- {slug: acme, plan: pro, lifecycle: {state: suspended}}"),
    ("- {slug: acme, plan: pro, lifecycle: {state: offboarding}}", {"state": "deleted", "export": "a" * 64},
     f"- {{slug: acme, plan: pro, lifecycle: {{state: deleted, export: {'a' * 64}}}}}"),
    ("- slug: acme\n  plan: pro # what", SUSPENDED,
     "- slug: acme\n  plan: pro # what\n  lifecycle: { state: suspended }"),
    ("- slug: acme\n  plan: pro\n  quota:\n    pods: 3\n    # few", SUSPENDED,
     "- slug: acme\n  plan: pro\n  quota:\n    pods: 3\n    # few\n  lifecycle: { state: suspended }"),
    ("- slug: acme\n  plan: pro\n  contacts:\n  - a@example.com # me", SUSPENDED,
     "- slug: acme\n  plan: pro\n  contacts:\n  - a@example.com # me\n  lifecycle: { state: suspended }"),
    ("- slug: acme\n  lifecycle: # since spring\n    ends: 2026-12-01T00:00:00Z # promised\n    state: trial # x\n"
     "  plan: pro",
     {"state": "suspended", "ends": None},
     "- slug: acme\n  lifecycle: # since spring\n    # promised\n    state: suspended # x\n  plan: pro"),
    ("- lifecycle:\n      state: offboarding\n  slug: acme\n  plan: pro", {"state": "deleted", "export": "a" * 64},
     f"- lifecycle:\n      state: deleted\n      export: {'a' * 64}\n  slug: acme\n  plan: pro"),
    ("-   slug: acme\n    plan: pro", SUSPENDED, "-   slug: acme\n    plan: pro\n    lifecycle: { state: suspended }"),
    ("-\n  slug: acme\n  plan: pro", SUSPENDED, "-\n  slug: acme\n  plan: pro\n  lifecycle: { state: suspended }"),
    ("- slug: acme\n  plan: pro\n  name: >-\n    Long\n    name", SUSPENDED,
     "- slug: acme\n  plan: pro\n  name: >-\n    Long\n    name\n  lifecycle: { state: suspended }"),
]  # fmt: skip

# what surrounds a tenant
AROUND = [
    ("", ""),
    ("", "\n"),
    (HEAD, "\n# behind\n- { slug: book-store,   plan: 'pro' } # odd\n\n"),
    ("- slug: aaa\n  plan: pro\n\n# above\n", "\n\n# behind\n- slug: bbb\n  plan:  pro\n...\n"),
    ("- {slug: a-ä🎈, name: Zoë, plan: pro}\n", "\n- {slug: b, plan: pro}\n"),
]


@pytest.mark.parametrize(("before", "slug", "after"), PLACES)
def test_a_tenant_is_added_at_its_place_as_its_neighbours_are_written(before: str, slug: str, after: str) -> None:
    assert added(Text(NAME, before), {"slug": slug, "plan": "pro"}) == after


@pytest.mark.parametrize(("before", "slug", "after"), [row for row in PLACES if row[0].strip()])
def test_line_ends_of_windows_stay_and_are_the_new_ones_too(before: str, slug: str, after: str) -> None:
    made = added(Text(NAME, before.replace("\n", "\r\n")), {"slug": slug, "plan": "pro"})
    if "\n" in before:
        assert made == after.replace("\n", "\r\n")
    else:
        assert ryaml.loads(made) == ryaml.loads(after)


@pytest.mark.parametrize(("beginning", "end"), AROUND)
@pytest.mark.parametrize(("before", "change", "after"), LIFECYCLES)
def test_a_lifecycle_changes_and_nothing_beside_it(
    before: str, change: dict[str, str | None], after: str, beginning: str, end: str
) -> None:
    for ends in ("\n", "\r\n"):
        text, wanted = (f"{beginning}{tenant}{end}".replace("\n", ends) for tenant in (before, after))
        if ends == "\r\n" and text.count("\n") == 0:
            continue
        assert with_lifecycles(Text(NAME, text), {"acme": change}) == wanted


def test_several_lifecycles_change_in_one_edit() -> None:
    changed = with_lifecycles(
        Text(NAME, BLOCK), {"corner-shop": {"state": "suspended", "ends": None}, "book-store": SUSPENDED}
    )
    assert changed == BLOCK.replace(
        "trial # a pilot\n    ends: 2026-12-01T00:00:00Z #", "suspended # a pilot\n    #"
    ).replace("  # no more of it\n", "  # no more of it\n  lifecycle: { state: suspended }\n")


@pytest.mark.parametrize(
    "name", ["Zoë's: #1", "a, b", "{x}", "null", "yes", "12", "- x", "*a", "1e3", '"', "\\", "a: b", " x "]
)
def test_any_name_is_written_so_that_it_is_read_again(name: str) -> None:
    for text in (FLOW, BLOCK):
        made = added(Text(NAME, text), {**ACME, "name": name, "domains": ["a.example.com"], "lifecycle": SUSPENDED})
        entry = {**ACME, "name": name, "domains": ["a.example.com"], "lifecycle": SUSPENDED}
        assert ryaml.loads(made)[0] == entry
        assert YAML(typ="safe", pure=True).load(made)[0] == entry


# what is there, what is said
REFUSED = [
    ("- &a { slug: acme, plan: pro }\n- *a\n", f"acme shares a value with others, {NAME}:1, write it out"),
    ("- slug: acme\n  plan: pro\n  lifecycle: &l {}\n", f"acme shares a value with others, {NAME}:1, write it out"),
    ("# x\n- slug: acme\n  plan: pro\n  lifecycle: { state: trial, # x\n    ends: 2026-12-01T00:00:00Z }\n",
     f"a comment stands beside ends, {NAME}, change it with an editor"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), REFUSED)
def test_what_cannot_change_alone_is_refused(text: str, said: str) -> None:
    with pytest.raises(TenantryError) as caught:
        with_lifecycles(Text(NAME, text), {"acme": {"state": "suspended", "ends": None}})
    assert str(caught.value).startswith(said)


def test_a_list_in_brackets_gets_no_tenant() -> None:
    with pytest.raises(TenantryError, match=r"a list in brackets, .*, begin each tenant on a line of its own"):
        added(Text(NAME, "[{ slug: book-store, plan: pro }]\n"), ACME)


def test_a_tenant_beside_one_that_others_share_is_added() -> None:
    text = "- &a { slug: book-store, plan: pro }\n"
    assert added(Text(NAME, text), ACME) == f"- {{ slug: acme, plan: pro }}\n{text}"
