"""Rows as COPY writes them, taken apart without PostgreSQL."""

import pytest

from infra.tenancy.archives import copy_text


def test_arrays_hold_the_values_of_each_column() -> None:
    chunk = b'1\ta"b\n2\t\\N\n3\t\\\\N\n4\ta\\tb\\nc\\\\d\n5\t\n6\t{NULL,"x"}\n'
    assert copy_text.fault(chunk, 2) is None
    numbers, texts = copy_text.arrays(chunk, 2)
    assert numbers == '{"1","2","3","4","5","6"}'
    assert texts == '{"a\\"b",NULL,"\\\\N","a\tb\nc\\\\d","","{NULL,\\"x\\"}"}'


def test_a_table_of_one_column_has_rows_that_are_empty() -> None:
    assert copy_text.fault(b"\n\n\\N\n", 1) is None
    assert copy_text.arrays(b"\n\n\\N\n", 1) == ['{"","",NULL}']


@pytest.mark.parametrize("line", [b"\\N", b"\\\\N", b"a\\\\\\\\N", b"\\\\\\\\", b"a\\b\\f\\n\\r\\t\\v", b"\\\\\\n"])
def test_what_copy_writes_is_accepted(line: bytes) -> None:
    for chunk in (line + b"\n", b"x\n" + line + b"\n", b"\\N\n" + line + b"\n\\N\n"):
        assert copy_text.fault(chunk, 1) is None
    assert copy_text.fault(line + b"\t" + line + b"\n", 2) is None


@pytest.mark.parametrize(
    "line", [b"\\.", b"a\\N", b"\\Na", b"\\\\\\N", b"\\N\\N", b"\\", b"\\\\\\", b"\\a", b"\\x41", b"\\101", b"\\\t\\N"]
)
def test_what_copy_never_writes_is_refused(line: bytes) -> None:
    columns = 1 + line.count(b"\t")
    for chunk in (line + b"\n", b"x" + b"\tx" * (columns - 1) + b"\n" + line + b"\n"):
        assert copy_text.fault(chunk, columns) == "a backslash begins nothing that COPY writes"


def test_the_tenants_column_is_taken_out_and_put_before() -> None:
    chunk = b"1\tacme\tx\n2\tacme\t\n"
    assert copy_text.values(chunk, 1) == {b"acme"}
    assert copy_text.without(chunk, 1) == b"1\tx\n2\t\n"
    assert copy_text.preceded(b"1\tx\n2\t\n", "acme") == b"acme\t1\tx\nacme\t2\t\n"
    assert copy_text.preceded(b"\n", "acme") == b"acme\t\n"
