"""Stack files and tenant files as users write them, made of settings that hold both."""

from pathlib import Path
from typing import Any

import yaml

from infra.settings import SETTINGS_KEY, tenant_file


def write_stack(root: Path, stack: str, raw: Any, **top: object) -> Path:
    """Write the files of a stack, and return that of its settings.

    Args:
        root: the project's folder.
        stack: its name.
        raw: settings as the model takes them; what is no mapping is written as it is.
        top: keys beside `config`.
    """
    settings = raw
    if isinstance(raw, dict) and isinstance(raw.get(tenant_file.FIELD), list | tuple):
        settings = {key: value for key, value in raw.items() if key != tenant_file.FIELD}
        listed = root / tenant_file.FOLDER / f"{stack}.yaml"
        listed.parent.mkdir(parents=True, exist_ok=True)
        listed.write_text(dumped(list(raw[tenant_file.FIELD])), encoding="utf-8")
    path = root / f"Pulumi.{stack}.yaml"
    path.write_text(dumped({"config": {SETTINGS_KEY: settings}, **top}), encoding="utf-8")
    return path


def dumped(content: object) -> str:
    """Return YAML in the order in which the content is."""
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
