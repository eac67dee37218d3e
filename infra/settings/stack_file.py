"""Stack files: `Pulumi.STACK.yaml`, read as the engine reads it, with the line of each setting.

Owns what is no stack file at all. Leaves what the settings in it mean to the models. The engine's parser is Go's
yaml.v3: a key that is there twice is an error, `yes` and `12:30` are texts, a date becomes a text of its own kind.
"""

import datetime
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT
from infra.settings import SETTINGS_KEY


class StackFileError(TenantryError):
    """A file that is no stack file; `line` is where, counted from 1, when one line is to blame."""

    def __init__(self, what: str, path: Path, remedy: str, line: int | None = None) -> None:
        """Describe the failure.

        Args:
            what: what is wrong.
            path: the file; told whole where it is relative.
            remedy: what the user should do.
            line: which of its lines.
        """
        self.file = path.name if path.is_absolute() else str(path)
        super().__init__(what, f"{self.file}:{line}" if line else self.file, remedy)
        self.line = line


class EngineLoader(yaml.SafeLoader):
    """Reads plain values and refuses repeated keys as the engine does, where PyYAML would keep to YAML 1.1."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  # of PyYAML; its own are replaced, not added to

    def compose_mapping_node(self, anchor: dict[Any, yaml.Node]) -> yaml.MappingNode:
        """Compose a mapping.

        Raises:
            yaml.MarkedYAMLError: it has a key twice.
        """
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        keys = set[str]()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in keys:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value} is there twice", problem_mark=key.start_mark)
            keys.add(str(key.value))
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return what a node stands for.

        Raises:
            yaml.MarkedYAMLError: it has a tag, and is none of that, where PyYAML's own constructors fail anyhow.
        """
        try:
            return super().construct_object(node, deep)
        except (AttributeError, KeyError, OverflowError, ValueError) as error:
            problem = "a value is not what its tag says"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping; its keys are texts, as they are in the engine's configuration."""
        self.flatten_mapping(node)
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is not a text", problem_mark=key.start_mark)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}


def _whole(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | str:
    """Return a number; as the text that it is written in when it has more digits than Python reads."""
    text = str(loader.construct_scalar(node)).replace("_", "")
    if len(text) > sys.int_info.default_max_str_digits:
        return text
    octal = re.fullmatch(r"([-+]?)0([0-7]+)", text)
    return int(f"{octal[1]}0o{octal[2]}" if octal else text, 0)


def _fraction(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float | str:
    """Return a number; as the text that it is written in when it is too large for one."""
    text = str(loader.construct_scalar(node))
    number = float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
    return text if math.isinf(number) and not text.endswith("inf") else number


def _date(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    """Return a date as the text that the engine makes of it: Go's `Time.String`; one that is none as it is written."""
    text = str(loader.construct_scalar(node))
    day, clock, fraction, zone = _DATE.fullmatch(text).groups()  # type: ignore[union-attr]  # it was resolved by this pattern
    year, month, date = map(int, day.split("-"))
    hour, minute, second = map(int, (clock or "0:0:0").split(":"))
    try:
        moment = datetime.datetime(year, month, date, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        return text
    offset = "+0000 UTC" if zone in (None, "Z") else " ".join(2 * [zone.replace(":", "")])
    return f"{moment:%Y-%m-%d %H:%M:%S}{(fraction or '').rstrip('0').rstrip('.')} {offset}"


_DAY, _CLOCK, _FRACTION, _ZONE = r"([0-9]{4}-[0-9]{1,2}-[0-9]{1,2})", "([0-9:]+)", r"(\.[0-9]+)?", "(Z|[-+][0-9:]+)"
# yaml.v3 (resolve.go, allowedTimestampFormats): a T with a zone, or a space without one, or no time of the day.
_DATE = re.compile(f"{_DAY}(?:(?:[Tt](?=.*[-+Z])| (?!.*[-+Z])){_CLOCK}{_FRACTION}{_ZONE}?)?")
_SIGN = frozenset("-+")
_DIGITS = frozenset("0123456789")
_PLAIN: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", frozenset("tTfF")),
    ("null", r"^(?:~|null|Null|NULL|)$", frozenset({"~", "n", "N", ""})),
    ("merge", r"^<<$", frozenset("<")),
    ("int", r"^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$", _SIGN | _DIGITS),
    (
        "float",
        r"^[-+]?(?:(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.inf|\.nan)$",
        _SIGN | _DIGITS | {"."},
    ),
    ("timestamp", f"^{_DATE.pattern}$", _DIGITS),
)
for _name, _pattern, _first in _PLAIN:
    EngineLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(_pattern), sorted(_first))
EngineLoader.add_constructor("tag:yaml.org,2002:int", _whole)
EngineLoader.add_constructor("tag:yaml.org,2002:float", _fraction)
EngineLoader.add_constructor("tag:yaml.org,2002:timestamp", _date)


@dataclass(frozen=True)
class StackFile:
    """One stack file.

    Args:
        path: where it is.
        content: what it says.
        root: its nodes, which know their lines; None when it is empty.
    """

    path: Path
    content: dict[str, Any]
    root: yaml.Node | None = field(repr=False, compare=False)

    @property
    def stack(self) -> str:
        """The stack that it is of."""
        return self.path.name.removeprefix("Pulumi.").removesuffix(".yaml")

    @property
    def settings(self) -> Any:
        """What it has under the key of the settings; None without it."""
        return (self.content.get("config") or {}).get(SETTINGS_KEY)

    def line(self, place: Sequence[str | int]) -> int:
        """Return the line of a place, from 1; of what is not there, that of the section where it belongs.

        Args:
            place: keys and positions from the top of the file.
        """
        node, line = self.root, 1
        for part in place:
            found = child(node, part)
            if found is None:
                break
            line, node = found
        return line


_NO_TAG = "`!` begins a tag that no setting has; a value that begins so must be in quotes"
_PROBLEMS = {
    r"'\t'": "a tab; YAML is indented with spaces",
    # Below, PyYAML's words would repeat what may be the beginning of a value, such as a password.
    "undefined alias": "`*` begins an alias, and nothing has its name; a value that begins so must be in quotes",
    "undefined tag handle": _NO_TAG,
    "for the tag": _NO_TAG,
}
"""What is in a problem of PyYAML's -> how it is told."""


def source_of(stack: str, root: Path = PROJECT_ROOT) -> Path:
    """Return the stack's file in the work tree.

    Args:
        stack: its name.
        root: the folder of the stack files.

    Raises:
        TenantryError: there is no such file.
    """
    known = stacks(root)
    if stack not in known:  # a name with a slash in it would lead elsewhere
        raise TenantryError("no such stack", f"Pulumi.{stack}.yaml", f"use one of: {', '.join(known) or 'none'}")
    return root / f"Pulumi.{stack}.yaml"


def stacks(root: Path = PROJECT_ROOT) -> list[str]:
    """Return the names of the stacks that have a file.

    Args:
        root: the folder of the stack files.
    """
    files = (path.name for path in root.glob("Pulumi.*.yaml") if path.is_file())
    return sorted(name.removeprefix("Pulumi.").removesuffix(".yaml") for name in files)


def text_of(path: Path) -> str:
    """Return the text of a file.

    Raises:
        StackFileError: it is not UTF-8 text, or cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise StackFileError("not UTF-8 text", path, "save it as UTF-8") from error
    except OSError as error:
        raise StackFileError(f"cannot be read ({error.strerror})", path, "mend that and run it again") from error


def parse(path: Path, text: str) -> StackFile:
    """Return a stack file of a text.

    Args:
        path: the file, for messages.
        text: its text.

    Raises:
        StackFileError: it is not valid YAML, or no stack file.
    """
    try:
        reader = EngineLoader(text)
        root = reader.get_single_node()
        content = None if root is None else reader.construct_document(root)
    except (yaml.YAMLError, RecursionError) as error:
        problem, line = complaint(error, text)
        raise StackFileError(
            f"not valid YAML ({problem})", path, "mend that line" if line else "mend it", line
        ) from error
    if content is None:
        return StackFile(path, {}, None)
    if not isinstance(content, dict):
        raise StackFileError("not a stack file", path, "it must be a mapping with the key `config`")
    if not isinstance(content.get("config") or {}, dict):
        raise StackFileError("`config` is not a mapping", path, "put keys like `tenantry:settings` below it")
    return StackFile(path, content, root)


def read(path: Path) -> StackFile:
    """Return the stack file at a path.

    Raises:
        StackFileError: it cannot be read, is not UTF-8 or not valid YAML, or is no stack file.
    """
    return parse(path, text_of(path))


def complaint(error: Exception, text: str) -> tuple[str, int | None]:
    """Return what is wrong with a text, without its values, and in which line.

    Args:
        error: what PyYAML raised of it.
        text: the text.
    """
    if isinstance(error, yaml.reader.ReaderError):
        return "a character that YAML does not allow", text.count("\n", 0, error.position) + 1
    if isinstance(error, RecursionError):
        return "nested too deeply", None
    if not isinstance(error, yaml.MarkedYAMLError):
        return "it cannot be parsed", None
    line = error.problem_mark.line + 1 if error.problem_mark else None
    problem = error.problem or "it cannot be parsed"
    return next((words for mark, words in _PROBLEMS.items() if mark in problem), problem), line


def child(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    """Return the line and the node of a key or a position in a node."""
    if isinstance(node, yaml.MappingNode):
        # Merged keys come first; the last one is what counts.
        for key, value in reversed(node.value):
            if isinstance(key, yaml.ScalarNode) and key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line + 1, item
    return None
