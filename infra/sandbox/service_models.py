"""botocore's models of AWS's services, read once a process and without their documentation.

As botocore reads them, the twelve services that a platform uses take 32 MiB a time, and moto reads each twice; read as
here they take 14 MiB once (botocore 1.4x, measured with tracemalloc).
"""

import functools
import gzip
import json
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader

from infra.sandbox.kept import kept, of_file, of_sources

_TEXT = "documentation"


def keep_small() -> None:
    """Let botocore read its models so; doing it again changes nothing."""
    # botocore has no hook for it
    JSONFileLoader._load_file = _load


def _load(_loader: JSONFileLoader, path: str, _open: object) -> Any:
    return _read(path) if Path(path).is_file() else None


@functools.cache
def _read(path: str) -> Any:
    """Return a file's content; who has it shares it with others, as every client of one session does anyway."""
    made_from = f"{of_file(Path(path))} {of_sources(Path(__file__))}"
    return kept(f"model {path}", made_from, lambda: _parsed(path))


def _parsed(path: str) -> Any:
    content = Path(path).read_bytes()
    return json.loads(gzip.decompress(content) if path.endswith(".gz") else content, object_pairs_hook=without_text)


def without_text(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object without its documentation; a member of that name is an object and stays.

    botocore asks for the texts of a service's client parameters, which S3 has: those objects are just a type and a
    text, and an empty one does.
    """
    kept = {name: value for name, value in pairs if name != _TEXT or not isinstance(value, str)}
    return {**kept, _TEXT: ""} if kept.keys() == {"type"} and len(pairs) > 1 else kept
