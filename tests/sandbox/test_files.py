"""Private files appear whole, and of several writers of a secret one wins for all."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.sandbox import files


def test_the_first_of_many_writers_wins_and_nothing_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "password"

    def write(number: int) -> str:
        files.create(path, str(number))
        return path.read_text()

    with ThreadPoolExecutor(16) as pool:
        seen = set(pool.map(write, range(200)))
    assert seen == {path.read_text()}
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600


def test_many_writers_replace_a_file_without_an_error_and_readers_see_one_of_them(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.local.yaml"
    texts = [f"{number}" * 10_000 for number in range(10)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: files.replace(path, texts[number % 10]), range(200)))
    assert path.read_text() in texts
    assert list(tmp_path.iterdir()) == [path]
