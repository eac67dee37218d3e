"""Reads a stack's settings: one YAML object into one model, every error at once.

Owns the words of settings errors, and what comes from the caller's environment. Leaves rules to the models.
"""

import difflib
import os
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from infra.errors import TenantryError
from infra.settings import SETTINGS_KEY
from infra.settings.database import BroughtDatabase, ExistingDatabase
from infra.settings.kinds import meanings_by_pattern
from infra.settings.models import StackSettings
from infra.settings.section import DECLARED, EXISTING

_MEANINGS = meanings_by_pattern()

_SECTION = "a section: keys with values, indented below it"

# In the words of YAML, where pydantic's own are those of Python.
_WORDS: Mapping[str, str] = {
    "model_type": _SECTION,
    "dict_type": _SECTION,
    "tuple_type": "a list",
    "too_short": "too few; {min_length} at least",
    "too_long": "too many; {max_length} at most",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}


class SettingsError(TenantryError):
    """Settings that are not valid; `problems` holds one line for each, and their text has no value of the file."""

    def __init__(self, stack: str, problems: Sequence[str]) -> None:
        """Collect the problems of one stack file.

        Args:
            stack: the stack's name.
            problems: one line each: YAML path, what is wrong, what is allowed.
        """
        self.problems = tuple(problems)
        count = f"{len(problems)} setting{'s are' if len(problems) > 1 else ' is'} not valid"
        super().__init__(count, f"Pulumi.{stack}.yaml", "mend: " + "; ".join(problems), exit_code=2)


def load(stack: str, raw: object, environment: Mapping[str, str] = os.environ) -> StackSettings:
    """Return the settings of a stack.

    Args:
        stack: its name, for messages.
        raw: what the stack file holds under `tenantry:settings`, or None.
        environment: the caller's variables, for what `database.existing` leaves out.

    Raises:
        SettingsError: with every problem at once.
    """
    if raw is None:
        raise SettingsError(stack, [f"{SETTINGS_KEY}: missing; it holds all settings of the stack"])
    try:
        settings = StackSettings.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(stack, _problems(error)) from None
    return _with_environment(stack, settings, environment)


def _with_environment(stack: str, settings: StackSettings, environment: Mapping[str, str]) -> StackSettings:
    if not isinstance(settings.database, BroughtDatabase):
        return settings
    given = settings.database.existing
    filled = {
        "host": given.host or environment.get("PGHOST"),
        "port": given.port or environment.get("PGPORT", 5432),
        "username": given.username or environment.get("PGUSER"),
    }
    path = f"{SETTINGS_KEY}.database.existing"
    problems = [
        f"{path}.{key}: missing; set it here, or in the environment" for key, value in filled.items() if not value
    ]
    if problems:
        raise SettingsError(stack, problems)
    try:
        existing = ExistingDatabase.model_validate({**given.model_dump(), **filled})
    except ValidationError as error:
        raise SettingsError(stack, _problems(error, f"{path} (from the environment)")) from None
    database = settings.database.model_copy(update={"existing": existing})
    return settings.model_copy(update={"database": database})


def _problems(error: ValidationError, prefix: str = SETTINGS_KEY) -> list[str]:
    return [_problem(detail, prefix) for detail in error.errors() if not _is_echo(detail)]


def _is_echo(detail: ErrorDetails) -> bool:
    """Whether a list is called too short only because items in it are wrong, which other errors tell."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _problem(detail: ErrorDetails, prefix: str) -> str:
    location = [part for part in detail["loc"] if part != "[key]"]
    shown = [part for part in location if not _is_variant(part)]
    path = prefix + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in shown)
    if detail["type"] == "extra_forbidden":
        return f"{path}: {_unknown_key(location)}"
    if detail["type"] == "missing":
        return f"{path}: missing; it is required"
    message = _message(detail)
    return f"{path}: {message[0].lower()}{message[1:].rstrip('.')}"


def _message(detail: ErrorDetails) -> str:
    """Return what is allowed. Of the value only its type is looked at."""
    context = detail.get("ctx", {})
    if detail["type"] == "string_type" and isinstance(detail["input"], int | float):
        read = "true or false" if isinstance(detail["input"], bool) else "a number"
        return f"put it in quotes; without them YAML reads {read}"
    words = _WORDS.get(detail["type"])
    if words is not None:
        return words.format(**context)
    return _MEANINGS.get(context.get("pattern", ""), detail["msg"].removeprefix("Value error, "))


def _unknown_key(location: Sequence[int | str]) -> str:
    key = str(location[-1])
    keys = _keys_at(StackSettings, location[:-1])
    if location[-2:-1] == [EXISTING] and key in _keys_at(StackSettings, [*location[:-2], DECLARED]):
        return "not allowed beside existing: what is brought is not made here; remove one of the two"
    if location[-2:-1] == [DECLARED]:
        keys.append("existing")
    near = difflib.get_close_matches(key, keys, n=1)
    if near:
        return f"unknown key; did you mean {near[0]}?"
    return f"unknown key; allowed: {', '.join(keys)}" if keys else "unknown key"


def _is_variant(part: int | str) -> bool:
    """Whether a part of a location says which variant of a section it is, which users never wrote."""
    return part in (EXISTING, DECLARED)


def _keys_at(annotation: Any, location: Sequence[int | str]) -> list[str]:
    """Return the keys of the section at `location`, walking the models' annotations."""
    if location and _is_variant(location[0]):
        variants = (get_args(part) for part in get_args(annotation))
        chosen = next(section for section, *marks in variants if Tag(str(location[0])) in marks)
        return _keys_at(chosen, location[1:])
    model = _section_of(annotation)
    if model is not None:
        if not location:
            return sorted(model.model_fields)
        field = model.model_fields.get(str(location[0]))
        return _keys_at(field.annotation, location[1:]) if field else []
    arguments = get_args(annotation)
    if not arguments or not location:
        return []
    if get_origin(annotation) in (Union, UnionType):
        return _keys_at(next(part for part in arguments if part is not type(None)), location)
    inner = arguments[1] if get_origin(annotation) is dict else arguments[0]
    return _keys_at(inner, location[1:])


def _section_of(annotation: Any) -> type[BaseModel] | None:
    candidates = [annotation, *get_args(annotation)] if get_origin(annotation) in (Union, UnionType) else [annotation]
    return next((part for part in candidates if isinstance(part, type) and issubclass(part, BaseModel)), None)
