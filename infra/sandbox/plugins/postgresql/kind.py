"""What one resource type does, each in a module of its own.

A kind gets plain inputs, complete with defaults and without secret marks, and answers with plain values. Leaves
marks, previews, differences and the notes in the state to `provider`.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from infra.sandbox.plugins.postgresql.server import Server
from infra.sandbox.plugins.postgresql.tags import Tag
from infra.sandbox.plugins.properties import Property, Shape, Table
from infra.sandbox.plugins.provider import Failure, Properties, ProviderError
from infra.sandbox.plugins.values import Value

NAME_BYTES = 63
"""PostgreSQL cuts longer names (NAMEDATALEN - 1), and would make another object than the one asked for."""


def name_of(**details: Value) -> Property:
    """Return the property of something's name."""
    return Property(shape=Shape.STRING, minimum=1, longest=NAME_BYTES, **details)


def flag(default: bool | None, **details: Value) -> Property:
    """Return a yes-or-no property."""
    return Property(shape=Shape.BOOLEAN, default=default, **details)


class Kind(ABC):
    """One resource type.

    `create`, `update` and `delete` bear repetition: a connection may break after the server has done the work.
    """

    type_name: ClassVar[str]
    """Its type token."""

    noun: ClassVar[str]
    """What messages call it."""

    table: ClassVar[Table]
    """Its inputs."""

    def contradictions(self, inputs: Properties) -> list[Failure]:
        """Judge what the table cannot: rules between properties. All inputs are known."""
        del inputs
        return []

    @abstractmethod
    def identifier(self, inputs: Properties, main: str) -> str:
        """Return the resource's id; `main` is the database of the provider's settings."""

    def place(self, inputs: Properties, main: str) -> Value:
        """Return what no two objects can share: a replacement at the same place needs the old one to go first."""
        return self.identifier(inputs, main)

    def described_by(self, id: str, main: str) -> Properties:
        """Return what an import's id says about the object.

        Raises:
            ProviderError: the id is malformed, or the type cannot be imported.
        """
        del id, main
        raise ProviderError(
            f"{self.type_name} cannot be imported: declare it, and `pulumi up` grants it again unchanged"
        )

    @abstractmethod
    def create(self, server: Server, wanted: Properties, tag: Tag) -> None:
        """Make the object, or take over the one that an interrupted update made for this very resource."""

    @abstractmethod
    def read(self, server: Server, known: Properties) -> Properties | None:
        """Return the object's properties as the server has them, or None when it is gone.

        Args:
            server: where it is.
            known: at least what identifies it.
        """

    @abstractmethod
    def update(self, server: Server, before: Properties, wanted: Properties) -> None:
        """Change the object.

        Args:
            server: where it is.
            before: its outputs.
            wanted: its new inputs.
        """

    @abstractmethod
    def delete(self, server: Server, known: Properties, tag: Tag) -> None:
        """Remove the object if it is there and still this resource's."""
