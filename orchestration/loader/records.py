"""Cutting a stream of CSV text into whole records, the way PostgreSQL's COPY sees them.

In COPY every quote character opens or closes quoting wherever it stands, and a doubled one does
both. So a record ends at a newline before which the number of quotes is even, and its fields are
the delimiters outside quotes plus one. That can be counted without parsing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

#: a record longer than this is a quote that was never closed
MAX_RECORD = 1 << 20
_QUOTE_INSIDE = "a quote stands inside a field; quotes must enclose the whole field"


class Group(NamedTuple):
    """Records that follow each other, without line ends.

    ``lines`` and ``ends`` are their first and last physical lines; ``problems`` says, by index,
    which of them cannot be given to COPY and why.
    """

    texts: list[bytes]
    lines: Sequence[int]
    ends: Sequence[int]
    problems: dict[int, str]


def blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, cut at ends of records; blank lines at the very end are left out.

    A block grows beyond a piece while a quote is open, up to ``MAX_RECORD`` more; after that it
    is handed on uncut.
    """
    carry = b""
    held = b""
    for piece in pieces:
        data = carry + piece
        cut = _last_record_end(data)
        if not cut and len(data) > MAX_RECORD + len(piece):
            cut = len(data)
        if cut:
            if held:
                yield held
            held, carry = data[:cut], data[cut:]
        else:
            carry = data
    held += carry
    body = held.rstrip(b"\r\n")
    if body:
        yield body + held[len(body) : len(body) + (2 if held[len(body) :][:1] == b"\r" else 1)]


def well_quoted(text: bytes, delimiter: str) -> bool:
    """Whether quotes only ever enclose whole fields.

    COPY takes ``12" screen`` for the beginning of a quoted part and reads on to the next quote,
    rows further down; nothing that was meant is lost by refusing it.
    """
    total = text.count(b'"')
    if not total:
        return True
    separator = delimiter.encode()
    opening = text.count(separator + b'"') + text.count(b'\n"') + text.startswith(b'"')
    closing = (
        text.count(b'"' + separator)
        + text.count(b'"\n')
        + text.count(b'"\r\n')
        + text.endswith(b'"')
    )
    if total == 2 * opening == 2 * closing:
        return True
    return b'"' not in _quoted_field(separator).sub(b"", text)


@cache
def _quoted_field(separator: bytes) -> re.Pattern[bytes]:
    d = re.escape(separator)
    return re.compile(
        rb"(?:(?<=" + d + rb')|(?<=\n)|\A)"[^"]*(?:""[^"]*)*"(?=' + d + rb"|\r?\n|\Z)"
    )


def _last_record_end(data: bytes) -> int:
    cut = data.rfind(b"\n") + 1
    odd = data.count(b'"', 0, cut) & 1
    while odd and cut:
        previous = data.rfind(b"\n", 0, cut - 1) + 1
        odd ^= data.count(b'"', previous, cut) & 1
        cut = previous
    return cut


def records(
    pieces: Iterator[bytes], delimiter: str, fields: int, first_line: int, *, check: bool = True
) -> Iterator[Group]:
    """The records of a stream, in groups; blank lines are passed over.

    A record has a problem if its number of fields is wrong, a quote is never closed or stands
    inside a field, or it holds bytes that are not UTF-8, NUL, or a stray carriage return. Without
    ``check`` problems are not looked for where finding the records does not need it.
    """
    separator = delimiter.encode()
    line = first_line
    carry = b""
    for block in _line_blocks(pieces):
        data = carry + block
        lines = data.split(b"\n")
        tail = lines.pop()  # what follows the last newline
        if b'"' in data:
            group, used = _quoted(lines, line, separator, fields, at_end=False)
        else:
            group, used = _plain(lines, line, separator, fields if check else 0), len(lines)
        line += used
        carry = b"\n".join([*lines[used:], tail])
        yield group
    lines = carry.split(b"\n") if carry else []
    while lines:
        group, used = _quoted(lines, line, separator, fields, at_end=True)
        yield group
        line += used
        lines = lines[used:]


def _line_blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces joined until they hold at least one newline."""
    carry = b""
    for piece in pieces:
        carry += piece
        if b"\n" in piece:
            yield carry
            carry = b""
    if carry:
        yield carry


def _plain(lines: list[bytes], line: int, separator: bytes, fields: int) -> Group:
    """Records of lines without any quote: one each. Most files have no others: keep it quick.

    ``fields`` 0: do not check.
    """
    texts = lines
    whole = b"\n".join(lines)
    if b"\r" in whole:
        texts = [text.removesuffix(b"\r") for text in lines]
        whole = b"\n".join(texts)
    numbers: Sequence[int] = range(line, line + len(texts))
    if b"\n\n" in whole or whole[:1] == b"\n" or whole[-1:] == b"\n" or not whole:
        numbers = [n for n, text in zip(numbers, texts, strict=True) if text]
        texts = [text for text in texts if text]
    group = Group(texts, numbers, numbers, {})
    if not fields:
        return group
    suspects: Iterable[int] = range(len(texts))
    if _is_text(whole) and b"\0" not in whole and b"\r" not in whole:
        want = fields - 1
        suspects = [i for i, text in enumerate(texts) if text.count(separator) != want]
    for index in suspects:
        problem = _problem(texts[index], 1 + texts[index].count(separator), fields, separator)
        if problem:
            group.problems[index] = problem
    return group


def _quoted(
    lines: list[bytes], line: int, separator: bytes, fields: int, *, at_end: bool
) -> tuple[Group, int]:
    """Records of lines with quotes, and how many lines they use; an open record is left over."""
    group = Group([], [], [], {})
    index = 0
    while index < len(lines):
        text = lines[index]
        used = 1
        problem = None
        if text.count(b'"') & 1:
            joined = _close_quote(lines, index, separator, fields)
            if joined is None and not at_end and _fits(lines[index:]):
                break  # the quote may be closed in the next piece
            if joined is None:
                closed = well_quoted(text.removesuffix(b"\r") + b'"', separator.decode())
                problem = "a quote is opened and not closed" if closed else _QUOTE_INSIDE
            else:
                text, used = joined
        text = text.removesuffix(b"\r")
        if text:
            if problem is None:
                problem = _problem(text, _count_fields(text, separator), fields, separator)
            if problem:
                group.problems[len(group.texts)] = problem
            group.texts.append(text)
            group.lines.append(line + index)  # type: ignore[attr-defined]
            group.ends.append(line + index + used - 1)  # type: ignore[attr-defined]
        index += used
    return group, index


def _close_quote(
    lines: list[bytes], index: int, separator: bytes, fields: int
) -> tuple[bytes, int] | None:
    """Join lines until quotes are even; None if that gives no record of ``fields`` fields."""
    size = 0
    for last in range(index, len(lines)):
        size += len(lines[last]) + 1
        if last > index and lines[last].count(b'"') & 1:
            text = b"\n".join(lines[index : last + 1])
            good = _count_fields(text, separator) == fields
            good = good and well_quoted(text.removesuffix(b"\r"), separator.decode())
            return (text, last - index + 1) if good else None
        if size > MAX_RECORD:
            return None
    return None


def _count_fields(text: bytes, separator: bytes) -> int:
    return 1 + sum(part.count(separator) for part in text.split(b'"')[::2])


def _fits(lines: list[bytes]) -> bool:
    return sum(len(text) + 1 for text in lines) <= MAX_RECORD


def _is_text(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _problem(text: bytes, have: int, fields: int, separator: bytes) -> str | None:
    if b'"' in text and not well_quoted(text, separator.decode()):
        return _QUOTE_INSIDE
    if have != fields:
        return f"the row has {have} fields, not {fields}"
    try:
        text.decode()
    except UnicodeDecodeError as error:
        shown = text[error.start : error.start + 4].hex(" ")
        return f"the row holds bytes that are not valid text ({shown})"
    if b"\0" in text:
        return "the row holds a NUL byte"
    if b"\r" in text and any(b"\r" in part for part in text.split(b'"')[::2]):
        return "the row holds a carriage return outside quotes"
    return None
