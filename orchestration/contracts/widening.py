"""When one type of a column can take the place of another: every value stays exactly what it is."""

from __future__ import annotations

import re

_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}
#: the same type as the contract writes it and as PostgreSQL does
_SPELLINGS = (
    (r"^varchar\b", "character varying"),
    (r"^char\b(?!acter)", "character"),
    (r"^timestamp$", "timestamp without time zone"),
    (r"\s*([(,)])\s*", r"\1"),
)
_LENGTH = re.compile(r"character varying\((\d+)\)")
_NUMERIC = re.compile(r"numeric\((\d+)(?:,(\d+))?\)")


def widens(old: str, new: str) -> bool:
    """Whether a column of type ``old`` may become ``new``: nothing it holds would change.

    >>> widens("integer", "bigint"), widens("numeric(18,2)", "numeric(20,4)")
    (True, True)
    >>> widens("numeric(18,2)", "numeric(18,4)"), widens("date", "timestamp")
    (False, False)
    """
    old, new = _normal(old), _normal(new)
    length = _LENGTH.fullmatch(old)
    if length:
        longer = _LENGTH.fullmatch(new)
        return new == "text" or (longer is not None and int(longer[1]) > int(length[1]))
    if old in _DIGITS and new in _DIGITS:
        return _DIGITS[new] > _DIGITS[old]
    if old == "real":
        return new == "double precision"
    before = (_DIGITS[old], 0) if old in _DIGITS else _places(old)
    if before is None:
        return False
    if new == "numeric":
        return True
    after = _places(new)
    return (
        after is not None and old != new and all(a >= b for a, b in zip(after, before, strict=True))
    )


def same_type(one: str, other: str) -> bool:
    """Whether two spellings mean one type."""
    return _normal(one) == _normal(other)


def _places(sql_type: str) -> tuple[int, int] | None:
    """Digits before and after the point; None if it is no numeric with a precision."""
    found = _NUMERIC.fullmatch(sql_type)
    if found is None:
        return None
    scale = int(found[2] or 0)
    return int(found[1]) - scale, scale


def _normal(sql_type: str) -> str:
    for form, spelling in _SPELLINGS:
        sql_type = re.sub(form, spelling, sql_type.strip().lower())
    # a precision alone means no decimals, and PostgreSQL writes both
    return re.sub(r"^numeric\((\d+)\)$", r"numeric(\1,0)", sql_type)
