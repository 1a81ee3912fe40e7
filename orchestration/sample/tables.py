"""Columns of an extract from arrays.

Columns whose names end in ``_amt``, ``_min`` or ``_mb`` hold whole hundredths until the file is
written (see ``files``).
"""

from __future__ import annotations

import numpy as np
import polars as pl


def labels(names: list[str] | list[str | None], codes: np.ndarray) -> pl.Series:
    """``names[code]`` for each code."""
    return pl.Series(names, dtype=pl.String).gather(codes)


def days(numbers: np.ndarray) -> pl.Series:
    """Dates from days since 1970-01-01."""
    return pl.Series(numbers.astype(np.int32)).cast(pl.Date)


def moments(seconds: np.ndarray) -> pl.Series:
    """Local times from seconds since 1970-01-01 00:00 local time."""
    return pl.Series(seconds.astype(np.int64) * 1_000_000).cast(pl.Datetime("us"))


def numbered(stem: str, count: int, width: int = 7, first: int = 1) -> pl.Series:
    """Identifiers ``<stem>0000001`` and on."""
    return pl.select(
        pl.lit(stem) + pl.int_range(first, first + count).cast(pl.String).str.zfill(width)
    ).to_series()


def numbers(stem: str, values: np.ndarray, width: int = 8) -> pl.Series:
    """Identifiers ``<stem><value>`` with leading zeros."""
    return pl.select(pl.lit(stem) + pl.Series(values).cast(pl.String).str.zfill(width)).to_series()
