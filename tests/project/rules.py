"""The project's own rules: what may import what, and what no file may contain (DESIGN sections 2 and 3).

Each rule takes one file and returns its findings. Leaves style to ruff and types to mypy.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator

from tests.project.sources import Source

Rule = Callable[[Source], list[str]]

_VOCABULARY = {"naming", "tags", "cidr", "units", "windows", "connections", "cache_memory", "flags", "tenant_guard"}
_FOUNDATIONS = {"collector", "errors", "paths"}
_ENVIRONMENTS = {"local", "staging", "production", "prod", "dr"}
_FILE_LINES = 400
_FUNCTION_LINES = 50
_REASON = re.compile(r"#\s*long:\s*\w{3,}")
# Put together from parts, so that this file does not contain what it forbids.
_HOSTS = re.compile(
    r"\b("
    + "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("proxy", "golang", "org"),
            ("sum", "golang", "org"),
            ("registry", "npmjs", "org"),
            ("crates", "io"),
            ("repo", "maven", "apache", "org"),
            ("repo1", "maven", "org"),
            ("deb", "debian", "org"),
        )
    )
    + r")\b"
)
_MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:" + "|".join(["ro" + "ot", "wo" + "rk", r"home/[a-z]\w*"]) + r")/")


def imports_run_one_way(source: Source) -> list[str]:
    """`infra/__main__ -> stacks -> components -> vocabulary`; the tools and the settings never import those above."""
    allowed = _allowed_imports(source)
    if allowed is None:
        return []
    return [
        source.at(line, f"{source.path} must not import {module}")
        for line, module in _project_imports(source)
        if not any(module == name or module.startswith(f"{name}.") for name in allowed)
    ]


def imports_are_absolute(source: Source) -> list[str]:
    """No `from . import x`: `main: infra/` puts that folder first on the path, where a relative import breaks."""
    return [
        source.at(node.lineno, "a relative import")
        for node in _nodes(source)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def no_module_hides_the_standard_library(source: Source) -> list[str]:
    """`main: infra/` puts that folder first on the path: a `types.py` there would hide the standard one."""
    if len(source.parts) < 2 or source.parts[0] != "infra" or not source.is_python:
        return []
    name = source.parts[1].removesuffix(".py")
    return [source.at(1, f"{name} is a module of the standard library")] if name in sys.stdlib_module_names else []


def search_path_is_left_alone(source: Source) -> list[str]:
    """The project is installed editable: nothing touches `sys.path`."""
    return [
        source.at(node.lineno, "touches the module search path")
        for node in _nodes(source)
        if _is_attribute(node, "sys", "path")
        or _is_attribute(node, "site", "addsitedir")
        or _imports_name(node, "sys", "path")
        or _imports_name(node, "site", "addsitedir")
    ]


def names_say_what_is_inside(source: Source) -> list[str]:
    """No drawer for everything."""
    stem = source.parts[-1].removesuffix(".py")
    drawer = source.is_python and stem in {"utils", "util", "helpers", "helper"}
    return [source.at(1, f"{stem}.py says nothing about what it owns")] if drawer else []


def no_environment_names_in_code(source: Source) -> list[str]:
    """A difference between environments is a setting, never a comparison with a name."""
    if source.parts[0] not in {"infra", "components", "stacks"}:
        return []
    return [
        source.at(node.lineno, f'compares with the environment name "{name}"')
        for node in _nodes(source)
        for name in sorted(_compared_texts(node) & _ENVIRONMENTS)
    ]


def components_take_no_configuration(source: Source) -> list[str]:
    """A component is told everything through its arguments."""
    if source.parts[0] != "components":
        return []
    return [
        source.at(node.lineno, "reads pulumi.Config")
        for node in _nodes(source)
        if _is_attribute(node, "pulumi", "Config") or _imports_name(node, "pulumi", "Config")
    ]


def nothing_is_long_without_a_reason(source: Source) -> list[str]:
    """400 lines a file, 50 a function; more needs `# long: why` in the first lines, or on or above the def."""
    if not source.is_python:
        return []
    lines = source.lines
    findings = []
    if len(lines) > _FILE_LINES and not any(_REASON.search(line) for line in lines[:20]):
        findings.append(source.at(1, f"{len(lines)} lines"))
    for node in _nodes(source):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            beside = lines[max(node.lineno - 2, 0) : node.lineno]
            if length > _FUNCTION_LINES and not any(_REASON.search(line) for line in beside):
                findings.append(source.at(node.lineno, f"{node.name} has {length} lines"))
    return findings


def no_exception_is_swallowed_blindly(source: Source) -> list[str]:
    """Catching everything is for cleaning up, and then ends in a bare `raise`."""
    return [
        source.at(node.lineno, "catches everything")
        for node in _nodes(source)
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node.type) and not _ends_in_raise(node)
    ]


def no_registry_is_named(source: Source) -> list[str]:
    """Packages come from whatever registry or mirror the user has."""
    return [source.at(number, f"names {found[1]}") for number, found in _matches(source, _HOSTS)]


def no_path_of_one_machine(source: Source) -> list[str]:
    """Every path is resolved from the project root."""
    return [
        source.at(number, f"a path of one machine: {found[0]}") for number, found in _matches(source, _MACHINE_PATHS)
    ]


def every_module_says_what_it_owns(source: Source) -> list[str]:
    """A module begins with a docstring; an empty `__init__.py` has nothing to say."""
    if not source.is_python or not source.text.strip() or ast.get_docstring(source.tree):
        return []
    return [source.at(1, "no docstring")]


RULES: tuple[Rule, ...] = (
    imports_run_one_way,
    imports_are_absolute,
    no_module_hides_the_standard_library,
    search_path_is_left_alone,
    names_say_what_is_inside,
    no_environment_names_in_code,
    components_take_no_configuration,
    nothing_is_long_without_a_reason,
    no_exception_is_swallowed_blindly,
    no_registry_is_named,
    no_path_of_one_machine,
    every_module_says_what_it_owns,
)


def _allowed_imports(source: Source) -> set[str] | None:
    """Return the project's modules that a file may import; None when it may import any."""
    vocabulary = {f"infra.{name}" for name in _VOCABULARY}
    foundations = {f"infra.{name}" for name in _FOUNDATIONS}
    top, second = source.parts[0], (*source.parts, "")[1].removesuffix(".py")
    if top == "components":
        return {"components", *vocabulary}
    if top == "stacks":
        return {"stacks", "components", "infra.settings", *vocabulary}
    if top != "infra":
        return None
    if second == "__main__":
        return {"stacks", "infra.settings", *vocabulary, *foundations}
    if second in _VOCABULARY | _FOUNDATIONS:
        return vocabulary | foundations
    if second == "settings":
        return {"infra.settings", *vocabulary, *foundations}
    return {"infra"}  # the tools and the command line


def _project_imports(source: Source) -> Iterator[tuple[int, str]]:
    for node in _nodes(source):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            module = node.module or ""
            # `from infra import naming` imports infra.naming
            named = [f"{module}.{alias.name}" if module == "infra" else module for alias in node.names]
        else:
            continue
        for name in dict.fromkeys(named):
            if name.partition(".")[0] in {"infra", "components", "stacks", "tests", "benchmarks"}:
                yield node.lineno, name


def _nodes(source: Source) -> Iterator[ast.AST]:
    return ast.walk(source.tree) if source.is_python else iter(())


def _is_attribute(node: ast.AST, owner: str, name: str) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == name
        and isinstance(node.value, ast.Name)
        and node.value.id == owner
    )


def _imports_name(node: ast.AST, module: str, name: str) -> bool:
    return (
        isinstance(node, ast.ImportFrom) and node.module == module and any(alias.name == name for alias in node.names)
    )


def _compared_texts(node: ast.AST) -> set[str]:
    """Return the texts that a comparison, a `case` or a `startswith` holds something against."""
    if isinstance(node, ast.Compare):
        against: list[ast.AST] = [node.left, *node.comparators]
    elif isinstance(node, ast.MatchValue):
        against = [node.value]
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"startswith", "endswith"}
    ):
        against = [*node.args]
    else:
        return set()
    return {
        found.value
        for expression in against
        for found in ([expression, *expression.elts] if isinstance(expression, _COLLECTIONS) else [expression])
        if isinstance(found, ast.Constant) and isinstance(found.value, str)
    }


_COLLECTIONS = (ast.Tuple, ast.List, ast.Set)


def _catches_everything(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"} for kind in kinds)


def _ends_in_raise(node: ast.ExceptHandler) -> bool:
    last = node.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _matches(source: Source, pattern: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str]]]:
    for number, line in enumerate(source.lines, 1):
        if found := pattern.search(line):
            yield number, found
