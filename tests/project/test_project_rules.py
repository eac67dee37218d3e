"""The rules hold everywhere, and each of them can fail."""

import pytest

from tests.project import rules
from tests.project.sources import Source, project_files


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_whole_project_keeps_the_rule(rule: rules.Rule) -> None:
    findings = [finding for source in project_files() for finding in rule(source)]
    assert not findings, "\n" + "\n".join(findings)


def test_the_rules_see_the_whole_project() -> None:
    paths = {source.path for source in project_files()}
    assert {"Makefile", "pyproject.toml", "infra/__main__.py", "infra/sandbox/engine/builder.py"} <= paths
    assert not any(path.startswith((".venv/", ".sandbox/")) for path in paths)


LONG_FUNCTION = "def f():{mark}\n" + "    x = 1\n" * 50
LONG_FILE = '"""Doc."""\n{mark}\n' + "x = 1\n" * 399
HOST = ".".join(("files", "pythonhosted", "org"))
PATH = "/".join(("", "home", "ann", "x"))

BROKEN = [
    (rules.imports_run_one_way, "components/a.py", "from infra.settings.models import X"),
    (rules.imports_run_one_way, "components/a.py", "import infra.settings.loader"),
    (rules.imports_run_one_way, "components/a.py", "from infra import settings"),
    (rules.imports_run_one_way, "components/a.py", "def f():\n    from stacks.environment import deploy"),
    (rules.imports_run_one_way, "components/a.py", "from infra.naming_of_others import x"),
    (rules.imports_run_one_way, "stacks/a.py", "from infra.sandbox.pulumi import up"),
    (rules.imports_run_one_way, "stacks/a.py", "import infra"),
    (rules.imports_run_one_way, "infra/naming.py", "from components.service import Service"),
    (rules.imports_run_one_way, "infra/__main__.py", "from components.service import Service"),
    (rules.imports_run_one_way, "infra/settings/a.py", "from stacks import environment"),
    (rules.imports_run_one_way, "infra/gate/a.py", "from components.service import Service"),
    (rules.imports_run_one_way, "infra/sandbox/deep/a.py", "import components.service as service"),
    (rules.imports_run_one_way, "infra/sandbox/a.py", "from tests.harness import graph"),
    (rules.imports_are_absolute, "infra/gate/a.py", "from . import b"),
    (rules.imports_are_absolute, "tests/a.py", "from ..b import c"),
    (rules.no_module_hides_the_standard_library, "infra/types.py", ""),
    (rules.no_module_hides_the_standard_library, "infra/secrets/__init__.py", ""),
    (rules.search_path_is_left_alone, "infra/a.py", "import sys\nsys.path.insert(0, 'x')"),
    (rules.search_path_is_left_alone, "infra/a.py", "from sys import path"),
    (rules.search_path_is_left_alone, "tests/a.py", "import site\nsite.addsitedir('x')"),
    (rules.names_say_what_is_inside, "infra/gate/utils.py", ""),
    (rules.names_say_what_is_inside, "tests/helpers.py", ""),
    (rules.no_environment_names_in_code, "stacks/a.py", 'x = environment == "production"'),
    (rules.no_environment_names_in_code, "infra/a.py", 'x = "dr" != y'),
    (rules.no_environment_names_in_code, "components/a.py", 'x = y in ("staging", "other")'),
    (rules.no_environment_names_in_code, "components/a.py", 'match x:\n    case "local" | "z":\n        pass'),
    (rules.no_environment_names_in_code, "components/a.py", 'x = stack.startswith("prod")'),
    (rules.components_take_no_configuration, "components/a.py", "import pulumi\nx = pulumi.Config()"),
    (rules.components_take_no_configuration, "components/a.py", "from pulumi import Config"),
    (rules.nothing_is_long_without_a_reason, "infra/a.py", LONG_FUNCTION.format(mark="")),
    (rules.nothing_is_long_without_a_reason, "infra/a.py", LONG_FUNCTION.format(mark="  # long:")),
    (rules.nothing_is_long_without_a_reason, "tests/a.py", LONG_FILE.format(mark="")),
    (rules.no_exception_is_swallowed_blindly, "infra/a.py", "try:\n    f()\nexcept:\n    pass"),
    (rules.no_exception_is_swallowed_blindly, "infra/a.py", "try:\n    f()\nexcept (OSError, Exception):\n    g()"),
    (
        rules.no_exception_is_swallowed_blindly,
        "tests/a.py",
        "try:\n    f()\nexcept BaseException as e:\n    raise X from e",
    ),
    (rules.no_registry_is_named, "README.md", f"from https://{HOST}/packages"),
    (rules.no_path_of_one_machine, "docs/a.md", f"look in {PATH}/y"),
    (rules.no_path_of_one_machine, "Makefile", "x := /" + "work/main"),
    (rules.every_module_says_what_it_owns, "tests/a.py", "x = 1"),
]

KEPT = [
    (
        rules.imports_run_one_way,
        "components/a.py",
        "from infra.naming import labels\nimport pulumi\nimport components.b",
    ),
    (rules.imports_run_one_way, "stacks/a.py", "from infra import naming\nfrom components.b import C"),
    (rules.imports_run_one_way, "infra/__main__.py", "from stacks.environment import deploy"),
    (rules.imports_run_one_way, "infra/gate/a.py", "from infra.sandbox import pulumi"),
    (rules.imports_run_one_way, "tests/a.py", "from components.b import C\nfrom stacks.c import D"),
    (rules.no_module_hides_the_standard_library, "infra/sandbox/types.py", ""),
    (rules.no_module_hides_the_standard_library, "infra/__main__.py", ""),
    (rules.search_path_is_left_alone, "infra/a.py", "import os.path\nx = self.path"),
    (rules.no_environment_names_in_code, "tests/a.py", 'x = environment == "production"'),
    (rules.no_environment_names_in_code, "infra/a.py", 'stack = "local"\nx = y == "pool"'),
    (rules.components_take_no_configuration, "infra/a.py", "import pulumi\nx = pulumi.Config()"),
    (rules.nothing_is_long_without_a_reason, "infra/a.py", LONG_FUNCTION.format(mark="  # long: one table of cases")),
    (rules.nothing_is_long_without_a_reason, "infra/a.py", LONG_FILE.format(mark="# long: one table of cases")),
    (rules.no_exception_is_swallowed_blindly, "infra/a.py", "try:\n    f()\nexcept BaseException:\n    g()\n    raise"),
    (rules.no_exception_is_swallowed_blindly, "infra/a.py", "try:\n    f()\nexcept OSError:\n    g()"),
    (rules.no_path_of_one_machine, "docs/a.md", "build/" + "work/x and ~/" + "work/x"),
    (rules.every_module_says_what_it_owns, "tests/__init__.py", "\n"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_a_broken_rule_is_found(rule: rules.Rule, path: str, text: str) -> None:
    findings = rule(Source(path, text))
    assert len(findings) == 1
    assert findings[0].startswith(f"{path}:")


@pytest.mark.parametrize(("rule", "path", "text"), KEPT)
def test_what_is_allowed_is_not_reported(rule: rules.Rule, path: str, text: str) -> None:
    assert rule(Source(path, text)) == []


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_every_rule_has_a_sample_that_breaks_it(rule: rules.Rule) -> None:
    assert any(broken is rule for broken, _, _ in BROKEN)
