"""The first line of a text file: which delimiter it uses and which columns it names."""

from __future__ import annotations

import csv
import difflib

from orchestration.contracts import Feed
from orchestration.loader.result import RejectedError

DELIMITERS = (",", "\t", "|", ";")
_NAMES = {",": "comma", "\t": "tab", "|": "pipe", ";": "semicolon"}


def read_header(feed: Feed, file_name: str, line: str) -> tuple[str, list[str]]:
    """The delimiter and the contract's column names, in the file's order.

    Raises:
        RejectedError: the header is not this feed's; says what is missing, extra or renamed.
    """
    accepted = accepted_headers(feed)
    best: tuple[int, int, str, list[str]] | None = None
    for delimiter in [feed.delimiter] if feed.delimiter else DELIMITERS:
        fields = next(csv.reader([line], delimiter=delimiter), [])
        known = sum(_normal(f) in accepted for f in fields)
        if best is None or (known, len(fields)) > best[:2]:
            best = (known, len(fields), delimiter, fields)
    assert best is not None  # noqa: S101 - there is always one delimiter to try
    known, _, delimiter, fields = best
    if known == 0:
        raise RejectedError(
            f"{file_name}, line 1: no column of {feed.name} is named there; it begins with"
            f" {line[:60]!r}.",
            f"The first line must name the columns: `telmart feeds template {feed.name}`"
            " prints it.",
        )
    return delimiter, match_columns(feed, file_name, fields, delimiter)


def match_columns(
    feed: Feed, file_name: str, fields: list[str], delimiter: str | None = None
) -> list[str]:
    """The contract's names of the columns that ``fields`` name, in the same order.

    A header is the column's name, its Chinese name or one of its aliases, in any case.

    Raises:
        RejectedError: columns are missing, extra or named twice.
    """
    accepted = accepted_headers(feed)
    names = [accepted.get(_normal(f)) for f in fields]
    found = [n for n in names if n]
    missing = [c.name for c in feed.columns if c.name not in found]
    extra = [f for f, n in zip(fields, names, strict=True) if n is None]
    twice = sorted({n for n in found if found.count(n) > 1})
    if not (missing or extra or twice):
        return found
    parts = []
    if missing:
        parts.append(f"missing {', '.join(missing)}")
    if extra:
        parts.append(f"not in the contract: {', '.join(repr(e) for e in extra)}")
    if twice:
        parts.append(f"named twice: {', '.join(twice)}")
    raise RejectedError(
        f"{file_name}, line 1: the columns are not those of {feed.name}: {'; '.join(parts)}.",
        _hint(feed, missing, extra, delimiter),
    )


def accepted_headers(feed: Feed) -> dict[str, str]:
    """Every header this feed accepts, normalised, and the column it means."""
    return {
        _normal(header): column.name
        for column in feed.columns
        for header in (column.name, column.name_zh, *column.aliases)
    }


def _hint(feed: Feed, missing: list[str], extra: list[str], delimiter: str | None) -> str:
    hints = []
    wanted = {h: c for h, c in accepted_headers(feed).items() if c in missing}
    for header in extra:
        close = difflib.get_close_matches(_normal(header), list(wanted), n=1, cutoff=0.6)
        if close:
            hints.append(f"Is {header!r} the column {wanted[close[0]]}?")
    if hints:
        hints.append(f"Rename it in the extract, or add it to `aliases` in {feed.path.name}.")
    else:
        hints.append(f"`telmart feeds describe {feed.name}` lists the columns.")
    if delimiter and len(missing) > len(feed.columns) // 2:
        hints.append(f"(The delimiter was taken to be {_NAMES[delimiter]}.)")
    return " ".join(hints)


def _normal(header: str) -> str:
    return header.strip().casefold()
