"""What a program of the corpus declares, as data that a case changes.

Owns the form that `program` reads. Leaves what there is to `base`.
"""

import copy
import json
from dataclasses import dataclass, field
from typing import Any, Self

Inputs = dict[str, Any]


@dataclass
class Declared:
    """One resource.

    Args:
        type: its type token; `output` for an output of the stack.
        name: its logical name, by which others refer to it.
        inputs: as the provider reads them; see `program` for references and secrets.
        options: of Pulumi's, by their names in Python; a parent, dependencies and aliases by logical name.
    """

    type: str
    name: str
    inputs: Inputs
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Program:
    """What a program declares, in its order.

    Args:
        resources: name -> resource.
    """

    resources: dict[str, Declared] = field(default_factory=dict)

    def add(self, token: str, name: str, inputs: Inputs | None = None, **options: Any) -> None:
        """Declare one more resource, after all others."""
        assert name not in self.resources, name
        self.resources[name] = Declared(token, name, copy.deepcopy(inputs or {}), options)

    def remove(self, *names: str) -> None:
        """Declare some no longer."""
        for name in names:
            del self.resources[name]

    def inputs(self, name: str) -> Inputs:
        """Return what is said of a resource, to be changed."""
        return self.resources[name].inputs

    def set(self, name: str, *path: str | int, to: Any) -> None:
        """Say something else of a resource; what it was is taken out where that is None."""
        *above, last = path
        place: Any = self.inputs(name)
        for key in above:
            place = place[key]
        if to is None:
            del place[last]
        else:
            place[last] = to

    def option(self, name: str, **options: Any) -> None:
        """Give a resource other options."""
        self.resources[name].options.update(options)

    def copied(self) -> Self:
        """Return one that can be changed by itself."""
        return copy.deepcopy(self)

    def only(self, *names: str) -> Self:
        """Return what some resources are and stand on, and nothing else."""
        wanted: set[str] = set()
        left = list(names)
        while left:
            name = left.pop()
            if name not in wanted:
                wanted.add(name)
                left += self._beneath(self.resources[name])
        return type(self)({name: copy.deepcopy(one) for name, one in self.resources.items() if name in wanted})

    def _beneath(self, one: Declared) -> list[str]:
        """Return what a resource stands on: what it refers to, its parent, what it waits for, and its provider."""
        said, package = json.dumps(one.inputs), one.type.partition(":")[0]
        referred = [name for name in self.resources if f"${{{name}." in said]
        providers = [name for name, it in self.resources.items() if it.type == f"pulumi:providers:{package}"]
        parent = [one.options["parent"]] if "parent" in one.options else []
        return [*referred, *providers, *parent, *one.options.get("depends_on", [])]

    def written(self) -> str:
        """Return it as `program` reads it."""
        return json.dumps([vars(one) for one in self.resources.values()])
