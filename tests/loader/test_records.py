"""Cutting text into records as COPY would: pure, and against Python's own CSV reader."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.loader.records import MAX_RECORD, blocks, records, well_quoted

pytestmark = pytest.mark.fast

values = st.text(st.sampled_from('ab",\n|张 '), max_size=8)
tables = st.lists(st.lists(values, min_size=3, max_size=3), min_size=1, max_size=30)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[i : i + size] for i in range(0, len(data), size))


def all_records(data: bytes, size: int = 7, fields: int = 3) -> list[tuple[int, bytes, str | None]]:
    found = []
    for group in records(pieces(data, size), ",", fields, 2):
        for index, part in enumerate(group.texts):
            found.append((group.lines[index], part, group.problems.get(index)))
    return found


def as_csv(table: list[list[str]], quoting: int) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", quoting=quoting).writerows(table)
    return out.getvalue().encode()


@given(tables, st.integers(1, 40), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_whatever_a_csv_writer_writes_is_read_back(
    table: list[list[str]], size: int, quoting: int
) -> None:
    data = as_csv(table, quoting)
    found = all_records(data, size)
    assert [problem for _, _, problem in found] == [None] * len(table)
    texts = [part.decode() for _, part, _ in found]
    assert [next(csv.reader(io.StringIO(t, newline=""))) for t in texts] == table
    # a record's line is where it begins in the file (its first line being the header's next)
    starts = [2]
    for part in texts:
        starts.append(starts[-1] + part.count("\n") + 1)
    assert [line for line, _, _ in found] == starts[:-1]


@given(tables, st.integers(1, 40))
def test_blocks_are_the_same_bytes_cut_between_records(table: list[list[str]], size: int) -> None:
    data = as_csv(table, csv.QUOTE_ALL)
    cut = list(blocks(pieces(data, size)))
    assert b"".join(cut) == data
    for block in cut:
        assert block.count(b'"') % 2 == 0
        assert block.endswith(b"\n")
        assert well_quoted(block, ",")


def test_blank_lines_at_the_end_are_left_out_and_others_passed_over() -> None:
    assert b"".join(blocks(pieces(b"a,b,c\n\n\n", 2))) == b"a,b,c\n"
    assert b"".join(blocks(pieces(b"a,b,c\r\n\r\n", 20))) == b"a,b,c\r\n"
    assert b"".join(blocks(pieces(b"a,b,c", 2))) == b"a,b,c"
    found = all_records(b"a,b,c\n\n\r\nd,e,f\n\n")
    assert found == [(2, b"a,b,c", None), (5, b"d,e,f", None)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"a,b", "has 2 fields, not 3"),
        (b"a,b,c,d", "has 4 fields, not 3"),
        (b'a,12" screen,c', "quote"),
        (b'a,12"x8",c', "a quote stands inside a field"),
        (b'a,"b" c,d', "a quote stands inside a field"),
        (b'a,"b,c', "a quote is opened and not closed"),
        (b"a,\xff\xfe,c", "not valid text (ff fe"),
        (b"a,\x00,c", "NUL"),
        (b"a,b\rb,c", "carriage return"),
        (b'"a","b,c","d","e"', "has 4 fields"),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_a_row_that_is_none_is_told_and_takes_no_other_with_it(
    line: bytes, problem: str, size: int
) -> None:
    data = b"1,2,3\n" + line + b"\n" + b"4,5,6\n" * 3
    found = all_records(data, size)
    assert [(number, text) for number, text, told in found if told is None] == [
        (2, b"1,2,3"),
        (4, b"4,5,6"),
        (5, b"4,5,6"),
        (6, b"4,5,6"),
    ]
    told = [(number, told) for number, _, told in found if told]
    assert told[0][0] == 3
    assert problem in (told[0][1] or "")


def test_two_stray_quotes_do_not_swallow_the_rows_between_them() -> None:
    """COPY would take everything between them for one value and say nothing."""
    data = b'1,12" a,x\n2,b,y\n3,14" c,z\n'
    assert not well_quoted(data, ",")
    found = all_records(data)
    assert [told is None for _, _, told in found] == [False, True, False]


def test_a_quote_that_is_never_closed_costs_one_row_even_in_a_long_file() -> None:
    good = b"1,2,3\n" * (MAX_RECORD // 3)
    found = all_records(b'x,"y,z\n' + good, size=1 << 18)
    assert found[0][2] is not None
    assert len(found) == 1 + MAX_RECORD // 3
    assert all(told is None for _, _, told in found[1:])


@pytest.mark.parametrize(
    ("data", "good"),
    [
        (b'a,"b",c\n', True),
        (b'"a","b","c"\n"d","",""\n', True),
        (b'a,"say ""hi"", you",c\n', True),
        (b'"""a""","b",c', True),
        (b'a,"x\ny",c\r\n', True),
        (b'a,"b"x,c\n', False),
        (b'a,x"b",c\n', False),
    ],
)
def test_well_quoted(data: bytes, good: bool) -> None:
    assert well_quoted(data, ",") is good
