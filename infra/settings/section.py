"""The base of every section of the settings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

EXISTING, DECLARED = "[existing]", "[declared]"
"""How a section's two variants are told apart in the location of an error."""

Place = tuple[str | int, ...]
"""A field, by the names and positions that lead to it."""

Contradiction = tuple[Place, str]
"""Where below a section, and what is wrong there and what to do; its text holds no value."""


class Section(BaseModel):
    """Base of every section: frozen, no unknown keys, no value in an error message."""

    # No use_attribute_docstrings: it parses every model's source at every start; `schema` reads them when asked.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def contradictions(self) -> Iterable[Contradiction]:
        """Return what is wrong between fields that are right one by one; sections have none unless they say so."""
        return ()

    @model_validator(mode="before")
    @classmethod
    def _truth_is_no_number(cls, written: object) -> object:
        """Make texts of `true` and `false` where a number belongs: pydantic would take 1 and 0 for them."""
        if not isinstance(written, Mapping):
            return written
        truths = [key for key, value in written.items() if isinstance(value, bool) and key in cls.model_fields]
        wrong = [key for key in truths if _takes_numbers(cls.model_fields[key].annotation)]
        return {**written, **{key: str(written[key]) for key in wrong}}

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        # One error with a place for each: a plain ValueError would tell the first, and nothing of where.
        problems = [
            InitErrorDetails(type=PydanticCustomError("contradiction", "{text}", {"text": text}), loc=place, input=None)
            for place, text in self.contradictions()
        ]
        if problems:
            raise ValidationError.from_exception_data(type(self).__name__, problems, hide_input=True)
        return self


def _takes_numbers(annotation: object) -> bool:
    """Whether a field is a whole number, or one of some."""
    parts = get_args(annotation)
    return annotation is int or any(type(part) is int or _takes_numbers(part) for part in parts)


def repeated(field: str, values: Sequence[str]) -> Iterator[Contradiction]:
    """Return the values of a list that it has before already.

    Args:
        field: the list's name.
        values: its values.
    """
    for position, value in enumerate(values):
        if value in values[:position]:
            yield (field, position), "named twice; name each once"


def variant(section: object) -> str:
    """Tell a section that brings what is there (`existing`) from one that declares; for pydantic's `Discriminator`.

    Args:
        section: as the stack file has it, or as a model.
    """
    has_it = "existing" in section if isinstance(section, Mapping) else hasattr(section, "existing")
    return EXISTING if has_it else DECLARED
