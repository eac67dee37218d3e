"""Programs of other people's, as the pipeline runs them: they write down what they are asked, and answer as told."""

import json
from pathlib import Path
from typing import Any

_PROGRAM = """\
#!{python}
import json, sys
from pathlib import Path
home = Path({home!r})
text = "" if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty() else sys.stdin.read()
with (home / "calls").open("a") as file:
    file.write(json.dumps([sys.argv[1:], text]) + "\\n")
for words, answer, code, file in json.loads((home / "answers").read_text()):
    if sys.argv[1:][: len(words)] == words:
        if file:
            with open(file, "a") as appended:
                appended.write(answer)
            sys.exit(0)
        (sys.stderr if code else sys.stdout).write(answer)
        sys.exit(code)
"""


class Fake:
    """One program."""

    def __init__(self, folder: Path, name: str, python: str) -> None:
        self.home = folder / f"{name}-home"
        self.home.mkdir()
        self._answers: list[tuple[list[str], str, int, str]] = []
        (self.home / "answers").write_text("[]")
        program = folder / name
        program.write_text(_PROGRAM.format(python=python, home=str(self.home)))
        program.chmod(0o755)

    def answers(self, words: list[str], answer: Any, code: int = 0) -> None:
        """Answer so, from now on, where it is called with these words first."""
        text = answer if isinstance(answer, str) else json.dumps(answer)
        self._add(words, text, code)

    def appends(self, words: list[str], file: str, text: str) -> None:
        """Add to a file of its working directory, where it is called so."""
        self._add(words, text, 0, file)

    def _add(self, words: list[str], text: str, code: int, file: str = "") -> None:
        self._answers.insert(0, (words, text, code, file))
        (self.home / "answers").write_text(json.dumps(self._answers))

    def calls(self) -> list[tuple[list[str], str]]:
        """Return with which words it was called, and what it was told."""
        path = self.home / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(words, text) for words, text in map(json.loads, lines)]
