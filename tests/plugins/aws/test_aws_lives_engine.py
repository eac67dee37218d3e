"""Every resource type from its creation to its end under the real engine: one of each in one stack.

Each step runs once, for all types; the tests look at what it did to theirs.
"""

import json
from collections.abc import Callable

import pytest

from infra.paths import BIN
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.plugins import installation
from infra.sandbox.plugins.aws.kinds import KINDS
from infra.sandbox.plugins.language.install import install as install_language_host
from tests.plugins.aws.examples import EXAMPLES
from tests.plugins.aws.whole_stack import PROGRAM, Run, WholeStack, identity_for_import, replacements
from tests.plugins.aws.world import Example, World
from tests.plugins.language.harness import Project

_CHANGING = [example for example in EXAMPLES if example.change]
_DRIFTING = [example for example in EXAMPLES if example.drift]
_REPLACING = [example for example in EXAMPLES if example.replacement]
_REPLACED = {"create-replacement", "replace", "delete-replaced"}


def _each(examples: "list[Example] | tuple[Example, ...]") -> pytest.MarkDecorator:
    names = [example.token.partition(":")[2].rpartition(":")[0] for example in examples]
    return pytest.mark.parametrize("example", examples, ids=names)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, new_cloud: Callable[[], Cloud]) -> WholeStack:
    """Return the stack, of which nothing exists yet but what its resources stand on."""
    cloud = new_cloud()
    cloud.set_quotas(**dict.fromkeys((name.replace("-", "_") for name in cloud.quotas()), 1000))
    root = tmp_path_factory.mktemp("lives")
    install_language_host(BIN)
    installation.install(root / "home")
    stack = WholeStack(Project.create(root).root, cloud, World(None, cloud.url))
    stack.program(PROGRAM)
    stack.pulumi("stack", "init", "dev")
    with stack.behind_its_back() as world:
        stack.declared.update({example.token: example.inputs(world) for example in EXAMPLES})
    return stack


@pytest.fixture(scope="module")
def made(stack: WholeStack) -> Run:
    """Apply it."""
    return stack.up()


@pytest.fixture(scope="module")
def told(stack: WholeStack, made: Run) -> tuple[set[str], str]:
    """Return what is secret, and what the state says of what was made."""
    return stack.secrets(), stack.pulumi("stack", "export").stdout


@pytest.fixture(scope="module")
def created(stack: WholeStack, made: Run, told: object) -> tuple[Run, Run]:
    """See what is to do when all that can be changed in place is declared otherwise."""
    for example in _CHANGING:
        stack.declared[example.token].update(example.change)
    return made, stack.preview("--refresh")


@pytest.fixture(scope="module")
def changed(stack: WholeStack, created: tuple[Run, Run]) -> tuple[Run, Run, Run]:
    """Change it."""
    return created[1], stack.up(), stack.preview("--refresh")


@pytest.fixture(scope="module")
def drifted(stack: WholeStack, changed: object) -> tuple[Run, Run]:
    """Change them behind the program's back, see and mend in one run."""
    states = stack.states()
    with stack.behind_its_back() as world:
        for example in _DRIFTING:
            example.drift(world, states[example.token]["id"])
    return stack.up("--refresh"), stack.preview("--refresh")


@pytest.fixture(scope="module")
def imported(stack: WholeStack, drifted: object) -> tuple[Run, Run, Run]:
    """Take all of it into another stack, whose program states what `pulumi import` would have it state."""
    states = stack.states()
    resources = [
        {
            "type": example.token,
            "name": states[example.token]["urn"].rpartition("::")[2],
            "id": identity_for_import(stack.world, example, states[example.token]),
        }
        for example in EXAMPLES
    ]
    names = {
        token: {name: states[token]["inputs"][name] for name in KINDS[token].automatic if name not in inputs}
        for token, inputs in stack.declared.items()
    }
    listed = stack.root / "import.json"
    listed.write_text(json.dumps({"resources": resources}))
    stack.pulumi("stack", "init", "taken", "--no-select")
    other = ("--stack", "taken")
    taking = stack.run("import", "--file", str(listed), "--generate-code=false", "--protect=false", *other)
    said = {token: dict(inputs) for token, inputs in stack.declared.items()}
    for token, automatic in names.items():
        stack.declared[token] |= automatic
    runs = taking, stack.up(*other), stack.preview("--refresh", *other)
    stack.declared.update(said)
    return runs


@pytest.fixture(scope="module")
def replaced(stack: WholeStack, imported: object) -> tuple[Run, Run, Run]:
    """Say what needs another resource of each type that can need it."""
    with stack.behind_its_back() as world:
        for token, inputs in replacements(world).items():
            stack.declared[token].update(inputs)
    return stack.preview(), stack.up(), stack.preview("--refresh")


@pytest.fixture(scope="module")
def destroyed(stack: WholeStack, replaced: object) -> Run:
    """Destroy it."""
    return stack.run("destroy", "--continue-on-error")


def test_a_wrong_secret_is_refused_and_not_printed(stack: WholeStack) -> None:
    token, wrong = "aws:rds/instance:Instance", "hush/hush"
    told = stack.refusal({token: {**stack.declared[token], "password": wrong}})
    assert "aws:rds/instance:Instance resource 'instance-Instance' has a problem: property password must" in told
    assert wrong not in told


@_each(EXAMPLES)
def test_it_is_created_and_then_as_wanted(created: tuple[Run, Run], example: Example) -> None:
    up, after = created
    assert not up.failures[example.token]
    assert up.operations[example.token] == {"create"}
    assert example.token in after.seen
    assert not after.found[example.token], "AWS's own words for it are no drift"
    assert after.operations[example.token] == ({"update"} if example.change else set())
    assert after.differing[example.token] <= example.change.keys()


def test_no_secret_is_told(told: tuple[set[str], str]) -> None:
    secrets, exported = told
    assert len(secrets) == 3
    assert {secret for secret in secrets if secret in exported} == set()


@_each(_CHANGING)
def test_it_is_changed_in_place(changed: tuple[Run, Run, Run], example: Example) -> None:
    preview, up, after = changed
    assert preview.operations[example.token] == {"update"}
    assert preview.differing[example.token] <= example.change.keys()
    assert not up.failures[example.token]
    assert up.operations[example.token] == {"update"}
    assert after.is_idle(example.token), "the change really happened"


@_each(_DRIFTING)
def test_a_change_behind_the_programs_back_is_found_and_mended(drifted: tuple[Run, Run], example: Example) -> None:
    mending, after = drifted
    assert example.drifted <= mending.found[example.token]
    assert not mending.failures[example.token]
    assert mending.operations[example.token] == {"update"}
    assert after.is_idle(example.token)


def test_what_nobody_changed_has_not_drifted(drifted: tuple[Run, Run]) -> None:
    tokens = KINDS.keys() - {example.token for example in _DRIFTING}
    for run in drifted:
        assert {token for token in tokens if run.found[token] or run.operations[token]} == set()


@_each(EXAMPLES)
def test_it_is_imported_with_what_the_program_says(imported: tuple[Run, Run, Run], example: Example) -> None:
    taking, adopting, after = imported
    assert not taking.failures[example.token]
    assert taking.operations[example.token] == {"import"}
    assert adopting.differing[example.token] <= example.unimported
    assert adopting.differing[example.token] or not adopting.operations[example.token], "what is done has its reason"
    table = KINDS[example.token].table
    must_be_new = any(table[name].replace for name in example.unimported)  # as AWS does not tell what it was made from
    assert adopting.operations[example.token] <= (_REPLACED if must_be_new else {"update"})
    assert not adopting.failures[example.token]
    assert after.is_idle(example.token)


@_each(_REPLACING)
def test_it_is_replaced(replaced: tuple[Run, Run, Run], example: Example) -> None:
    preview, up, after = replaced
    assert preview.operations[example.token] == {"replace"}
    assert not up.failures[example.token]
    assert up.operations[example.token] == _REPLACED
    assert after.is_idle(example.token)


@_each(EXAMPLES)
def test_it_is_deleted(destroyed: Run, example: Example) -> None:
    assert not destroyed.failures[example.token]
    assert destroyed.operations[example.token] == {"delete"}


def test_the_account_holds_in_the_end_what_was_not_the_programs(stack: WholeStack, destroyed: object) -> None:
    assert set(stack.cloud.contents()) == stack.beside
