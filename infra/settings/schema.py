"""The JSON Schemas of stack files and tenant files, for editors: which keys, what each means, what may be there.

Made of the models. Leaves rules between settings to `tenantry config check`, which JSON Schema has no words for.
"""

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from infra.paths import PROJECT_ROOT
from infra.settings import SETTINGS_KEY, cell_files, configurations, tenant_file
from infra.settings.cells import CellStackSettings
from infra.settings.configurations import Configuration, ShopSettings, ThemeSettings
from infra.settings.models import StackSettings
from infra.settings.tenants import TenantSettings

FILE = PROJECT_ROOT / "stack.schema.json"
"""Where it is committed; `tenantry config schema > stack.schema.json` writes it anew."""

HEADER = f"# yaml-language-server: $schema={FILE.name}"
"""The first line of a stack file, by which editors with the YAML language server find it."""

TENANT_FILE = PROJECT_ROOT / "tenants.schema.json"
"""The same of tenant files; `tenantry config schema --tenants > tenants.schema.json` writes it anew."""

TENANT_HEADER = f"# yaml-language-server: $schema=../../{TENANT_FILE.name}"
"""The first line of a tenant file."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_ENGINES_OWN = {
    "secretsprovider": "What encrypts the secrets of the stack, as `awskms://alias/pulumi?region=eu-central-1`.",
    "encryptedkey": "Written by the engine: the key of the stack's secrets, encrypted by the secrets provider.",
    "encryptionsalt": "Written by the engine: the salt of the passphrase that encrypts the stack's secrets.",
}


class _Generator(GenerateJsonSchema):
    """Says what a field means and what its type takes; without the titles that repeat names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # pydantic's signature
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        made = super().dict_schema(schema)
        if "patternProperties" in made:
            made["additionalProperties"] = False  # pydantic would let a key pass that its pattern does not take
        return made

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        made.pop("title", None)
        made["description"] = _text(schema["cls"].__doc__ or "")
        meanings = _fields_of(schema["cls"])
        for name, field in made.get("properties", {}).items():
            parts = [meanings.get(name, ""), field.get("description", "")]
            field["description"] = "\n\n".join(dict.fromkeys(_text(part) for part in parts if part))
        return made


def document() -> dict[str, Any]:
    """Return the schema of a whole stack file, as JSON has it."""
    mode: JsonSchemaMode = "validation"
    definitions: dict[str, Any] = {}
    for model in (StackSettings, CellStackSettings):
        settings = model.model_json_schema(schema_generator=_Generator, mode=mode)
        definitions |= {model.__name__: settings, **settings.pop("$defs")}
        for field in (tenant_file.FIELD, cell_files.FIELD, configurations.FIELD):
            settings["properties"].pop(field, None)  # they are in files of their own
    for own in (TenantSettings, Configuration, ShopSettings, ThemeSettings):
        definitions.pop(own.__name__)
    return {
        "$schema": _DIALECT,
        "title": "A stack file of Tenantry",
        "type": "object",
        "required": ["config"],
        "additionalProperties": False,
        "properties": {
            "config": {
                "description": "The configuration of the stack.",
                "type": "object",
                "required": [SETTINGS_KEY],
                "properties": {
                    SETTINGS_KEY: {
                        "if": {"required": ["cell"]},
                        "then": {"$ref": f"#/$defs/{CellStackSettings.__name__}"},
                        "else": {"$ref": f"#/$defs/{StackSettings.__name__}"},
                    }
                },
            },
            **{key: {"description": text, "type": "string"} for key, text in _ENGINES_OWN.items()},
            "environment": {"description": "Pulumi ESC environments that the stack imports."},
        },
        "$defs": definitions,
    }


def document_of_tenants() -> dict[str, Any]:
    """Return the schema of a whole tenant file, as JSON has it."""
    tenant = TenantSettings.model_json_schema(schema_generator=_Generator, mode="validation")
    definitions = tenant.pop("$defs")
    return {
        "$schema": _DIALECT,
        "title": "A tenant file of Tenantry: the tenants of one stack, in the order of their slugs",
        "type": "array",
        "items": {"$ref": f"#/$defs/{TenantSettings.__name__}"},
        "$defs": {TenantSettings.__name__: tenant, **definitions},
    }


def text(schema: dict[str, Any]) -> str:
    """Return a schema as it is committed.

    Args:
        schema: one of the two documents.
    """
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _text(docstring: str) -> str:
    return inspect.cleandoc(docstring)


def _fields_of(model: type[BaseModel]) -> dict[str, str]:
    """Return what the docstrings of a model's fields say, those of its bases too.

    Read here and not by pydantic, which would do it at every start, and drops them where a type has a meaning.
    """
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        module = inspect.getmodule(cls)
        if module is not None and module.__name__.startswith("infra.settings."):
            found |= _docstrings(module).get(cls.__name__, {})
    return found


@cache
def _docstrings(module: ModuleType) -> Mapping[str, dict[str, str]]:
    """Return class -> field -> docstring."""
    tree = ast.parse(Path(inspect.getfile(module)).read_text(encoding="utf-8"))
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    return {node.name: dict(_pairs(node)) for node in classes}


def _pairs(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, after in zip(node.body, node.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield field.target.id, str(after.value.value)
