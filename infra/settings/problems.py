"""What is wrong with settings, in the words of a stack file: where, what is allowed, what was meant.

Owns the translation of pydantic's errors. No text that it makes holds a value of the file.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from infra.settings import SETTINGS_KEY
from infra.settings.kinds import meanings_by_pattern
from infra.settings.models import StackSettings
from infra.settings.section import DECLARED, EXISTING

_MEANINGS = meanings_by_pattern()

_SECTION = "must be a section: keys with values, indented below it"

# In the words of YAML, where pydantic's own are those of Python.
_WORDS: Mapping[str, str] = {
    "model_type": _SECTION,
    "dict_type": _SECTION,
    "tuple_type": "must be a list",
    "too_short": "too few; {min_length} at least",
    "too_long": "too many; {max_length} at most",
    "string_too_short": "too short; {min_length} characters at least",
    "string_too_long": "too long; {max_length} characters at most",
    "greater_than_equal": "too small; {ge} at least",
    "less_than_equal": "too large; {le} at most",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with settings.

    Args:
        place: keys and positions below `tenantry:settings`.
        text: what is wrong, and what is allowed; without values.
    """

    place: tuple[str | int, ...]
    text: str

    @property
    def path(self) -> str:
        """The place as users write it, as `tenantry:settings.network.zones[1]`."""
        return SETTINGS_KEY + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.place)

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


def problems_of(
    error: ValidationError,
    section: Sequence[str] = (),
    origin: str = "",
    model: type[BaseModel] = StackSettings,
) -> list[Problem]:
    """Return what pydantic found, in the words of YAML and without values.

    Args:
        error: of the whole settings, or of one section.
        section: where that section is.
        origin: where its values are from, when that is not the stack file.
        model: what the whole settings are.
    """
    return [_problem(detail, tuple(section), origin, model) for detail in error.errors() if not _is_echo(detail)]


def _is_echo(detail: ErrorDetails) -> bool:
    """Whether a list is called too short only because items in it are wrong, which other errors tell."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _problem(detail: ErrorDetails, section: tuple[str, ...], origin: str, model: type[BaseModel]) -> Problem:
    location = [part for part in detail["loc"] if part != "[key]"]
    place = (*section, *(part for part in location if not _is_variant(part)))
    if origin:
        place = (*section[:-1], f"{section[-1]} ({origin})", *place[len(section) :])
    if detail["type"] == "extra_forbidden":
        return Problem(place, _unknown_key(location, model))
    if detail["type"] == "missing":
        return Problem(place, "missing; it is required")
    message = _message(detail)
    return Problem(place, f"{message[0].lower()}{message[1:].rstrip('.')}")


def _message(detail: ErrorDetails) -> str:
    """Return what is allowed. Of the value only its type is looked at."""
    context = detail.get("ctx", {})
    if detail["type"] == "string_type" and isinstance(detail["input"], int | float):
        read = "true or false" if isinstance(detail["input"], bool) else "a number"
        return f"put it in quotes; without them YAML reads {read}"
    if detail["type"] == "literal_error":
        return f"not allowed; take one of: {context['expected'].replace(' or ', ', ').replace(chr(39), '')}"
    if detail["type"] == "string_too_short" and context["min_length"] == 1:
        return "must not be empty"
    words = _WORDS.get(detail["type"])
    if words is not None:
        return words.format(**context)
    return _MEANINGS.get(context.get("pattern", ""), detail["msg"].removeprefix("Value error, "))


def _unknown_key(location: Sequence[int | str], model: type[BaseModel]) -> str:
    key = str(location[-1])
    keys = _keys_at(model, location[:-1])
    if location[-2:-1] == [EXISTING] and key in _keys_at(model, [*location[:-2], DECLARED]):
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
