"""A program that declares what a JSON file lists, whatever its types are: the engine and its plugins know no better.

The file, named in `CORPUS_DECLARED`, is a list of resources as `tests.gate.corpus.declaring` writes it. A text may
refer to what is above it in the list, as `${database.arn}`; `{"secret": VALUE}` is a secret.
"""

import json
import os
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

_REFERENCE = re.compile(r"\$\{([a-z0-9-]+)\.([A-Za-z]+)\}")
_PROVIDER = "pulumi:providers:"


class Declared:
    """What was declared so far: name -> resource."""

    def __init__(self, listed: list[dict[str, Any]]) -> None:
        self._listed = listed
        self._known: dict[str, pulumi.Resource] = {}
        self._providers: dict[str, pulumi.ProviderResource] = {}
        self._read: dict[str, set[str]] = defaultdict(set)
        for name, attribute in _REFERENCE.findall(json.dumps(listed)):
            self._read[name].add(attribute)

    def declare(self) -> None:
        """Declare all that is listed, and export what is listed as an output."""
        for one in self._listed:
            if one["type"] == "output":
                pulumi.export(one["name"], self._value(one["inputs"]["value"]))
            else:
                self._known[one["name"]] = self._resource(one)

    def _resource(self, one: Mapping[str, Any]) -> pulumi.Resource:
        token, name = one["type"], one["name"]
        inputs = self._value(one["inputs"])
        if token.startswith(_PROVIDER):
            package = token.removeprefix(_PROVIDER)
            provider = pulumi.ProviderResource(package, name, inputs, self._options(one))
            self._providers.setdefault(package, provider)
            return provider
        if token.startswith("tenantry:"):
            return pulumi.ComponentResource(token, name, None, self._options(one))
        wanted = dict.fromkeys(self._read[name] - {"id"})
        return pulumi.CustomResource(token, name, {**wanted, **inputs}, self._options(one))

    def _options(self, one: Mapping[str, Any]) -> pulumi.ResourceOptions:
        options = {"provider": self._providers.get(one["type"].partition(":")[0]), **one["options"]}
        if isinstance(options["provider"], str):
            options["provider"] = self._known[options["provider"]]
        if "parent" in options:
            options["parent"] = self._known[options["parent"]]
        if "depends_on" in options:
            options["depends_on"] = [self._known[name] for name in options["depends_on"]]
        if "aliases" in options:
            options["aliases"] = [pulumi.Alias(name=name) for name in options["aliases"]]
        return pulumi.ResourceOptions(**options)

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(one) for one in value]
        if isinstance(value, str):
            return self._text(value)
        if not isinstance(value, dict):
            return value
        if value.keys() == {"secret"}:
            return pulumi.Output.secret(self._value(value["secret"]))
        return {key: self._value(one) for key, one in value.items()}

    def _text(self, text: str) -> Any:
        found = _REFERENCE.findall(text)
        if not found:
            return text
        values = [getattr(self._known[name], attribute) for name, attribute in found]
        if _REFERENCE.fullmatch(text):
            return values[0]
        parts = iter(range(len(values)))
        # No braces of the text's own may be taken for places.
        form = _REFERENCE.sub(lambda _: f"\0{next(parts)}\0", text)
        return pulumi.Output.all(*values).apply(
            lambda known: re.sub("\0(\\d+)\0", lambda place: str(known[int(place[1])]), form)
        )


if __name__ == "__main__":
    Declared(json.loads(Path(os.environ["CORPUS_DECLARED"]).read_text())).declare()
