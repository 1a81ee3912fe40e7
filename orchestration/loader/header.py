"""The first line of a text file: which delimiter it uses and which columns it names."""

from __future__ import annotations

import csv
import difflib
import unicodedata
from collections import Counter

from orchestration.contracts import Feed
from orchestration.loader.result import RejectedError

DELIMITERS = (",", "\t", "|", ";")
_NAMES = {",": "comma", "\t": "tab", "|": "pipe", ";": "semicolon"}
#: a file with more columns of its own is another file; PostgreSQL has room for 1,600
MOST_EXTRA = 200
_LONGEST = 200
#: control and format characters, halves of characters, line and paragraph separators
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def read_header(feed: Feed, file_name: str, line: str) -> tuple[str, list[str]]:
    """The delimiter and the names of the columns, in the file's order; see ``match_columns``.

    Raises:
        RejectedError: the header is not this feed's; says what is missing, renamed or unreadable.
    """
    accepted = accepted_headers(feed)
    best: tuple[int, int, str, list[str]] | None = None
    unreadable: csv.Error | None = None
    for delimiter in [feed.delimiter] if feed.delimiter else DELIMITERS:
        try:
            fields = next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error as error:  # a quote that is not closed, or a field of more than 128 KiB
            unreadable = error
            continue
        known = sum(_normal(f) in accepted for f in fields)
        if best is None or (known, len(fields)) > best[:2]:
            best = (known, len(fields), delimiter, fields)
    if best is None or (unreadable and best[0] == 0):
        raise RejectedError(
            f"{file_name}, line 1: the header cannot be read: {unreadable}; it begins with"
            f" {line[:60]!r}.",
            "The first line must name the columns, close each quote and end with a line end.",
        )
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
    """The names of the columns that ``fields`` name, in the same order.

    A header is the column's name, its Chinese name or one of its aliases, in any case; it gives
    the contract's name. What the contract does not have keeps the name it has in the file.

    Raises:
        RejectedError: columns are missing, named twice, or new without a name to keep them under.
    """
    accepted = accepted_headers(feed)
    names = [accepted.get(_normal(f), f.strip()) for f in fields]
    wanted = {c.name for c in feed.columns}
    missing = [c.name for c in feed.columns if c.name not in names]
    extra = [n for n in names if n not in wanted]
    counts = Counter(n.casefold() for n in names)
    twice = sorted(n for n, count in counts.items() if n and count > 1)
    unusable = [n for n in extra if not _is_usable(n)]
    parts = []
    if missing:
        parts.append(f"missing {', '.join(missing)}")
        if extra:
            parts.append(f"not in the contract: {', '.join(repr(e) for e in extra[:20])}")
    elif unusable:
        parts.append(f"not in the contract and no name: {', '.join(map(ascii, unusable[:20]))}")
    elif len(extra) > MOST_EXTRA:
        parts.append(f"{len(extra):,} are not in the contract, at most {MOST_EXTRA} may be")
    if twice:
        parts.append(f"named twice: {', '.join(twice[:20])}")
    if not parts:
        return names
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


def _is_usable(name: str) -> bool:
    """Whether a new column can be kept under this name: text that people can read and type."""
    return (
        0 < len(name) <= _LONGEST
        and "\ufffd" not in name
        and not any(unicodedata.category(letter) in _INVISIBLE for letter in name)
    )


def _normal(header: str) -> str:
    return header.strip().casefold()
