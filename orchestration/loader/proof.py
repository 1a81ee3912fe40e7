"""Proving, while a clean file streams to the server, that its rows keep the contract.

The server is busy turning text into rows and this process would only wait for it; in that time
Arrow can read the same text. If every piece is proven, the checks in SQL afterwards are not
needed. Nothing is decided here that SQL would decide otherwise: whatever Arrow cannot read or
does not know is simply not proven, and SQL judges it. A rule that is plainly broken ends the fast
path at once.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from orchestration.contracts import Column, Feed
from orchestration.loader.limits import Limit
from orchestration.loader.result import NotCleanError

#: keys are compared in memory up to this many rows (8 bytes each); beyond, the server does it
MAX_KEYS = 2_500_000
#: looking for repetitions early spares a bad file the rest of the fast path
_FIRST_LOOK, _LAST_LOOK = 1 << 16, 1 << 19


class Proof:
    """Reads blocks of CSV text and keeps what they prove.

    ``holds``: every value of every block so far keeps its rules. ``keys_unique()``: no key
    repeats. ``totals``: sums of the columns ``totals``, exact.
    """

    def __init__(self, feed: Feed, limits: list[Limit], totals: list[str]) -> None:
        import numpy as np  # noqa: PLC0415 - 0.3 s that only a load should pay
        import pyarrow as pa  # noqa: PLC0415

        self.feed = feed
        self.rows = 0
        self.totals = dict.fromkeys(totals, Decimal(0))
        self._limits = limits
        # The server itself refuses nulls and what is not of the type. NaN is of the type.
        judged = {limit.column.name for limit in limits} | set(totals) | set(feed.key)
        types = {
            c.name: _arrow_type(pa, c, exact=c.name in totals)
            for c in feed.columns
            if c.name in judged or c.allowed or c.logical_type == "number"
        }
        self.holds = all(types.values())
        self._types = types
        self._keys = np.empty(MAX_KEYS, np.int64)
        self._keys_known = True
        self._next_look = _FIRST_LOOK

    def add(self, block: bytes, columns: list[str], delimiter: str) -> None:
        """Take in the next block of whole records.

        Raises:
            NotCleanError: a row plainly breaks a rule.
        """
        if not self.holds:
            return
        import pyarrow as pa  # noqa: PLC0415

        try:
            table = self._read(block, columns, delimiter)
        except pa.ArrowInvalid:
            self.holds = False
            return
        self._check(table)
        self._take_keys(table)
        self.rows += table.num_rows

    def keys_unique(self) -> bool:
        """Whether it is certain that no key repeats."""
        if not (self.holds and self._keys_known):
            return False
        keys = self._keys[: self.rows]
        keys.sort()
        return not bool((keys[1:] == keys[:-1]).any())

    def _read(self, block: bytes, columns: list[str], delimiter: str) -> Any:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import csv  # noqa: PLC0415

        return csv.read_csv(
            pa.BufferReader(block),
            csv.ReadOptions(column_names=columns, use_threads=False, block_size=len(block) + 1),
            csv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in block),
            csv.ConvertOptions(
                column_types=self._types,
                include_columns=list(self._types),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                true_values=["true", "t", "TRUE", "True", "1", "yes", "y"],
                false_values=["false", "f", "FALSE", "False", "0", "no", "n"],
                timestamp_parsers=[csv.ISO8601],
            ),
        )

    def _check(self, table: Any) -> None:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import compute  # noqa: PLC0415

        for column in self.feed.columns:
            if column.name not in self._types:
                continue
            values = table[column.name]
            if column.required and values.null_count:
                raise NotCleanError
            if pa.types.is_floating(values.type) and compute.any(compute.is_nan(values)).as_py():
                raise NotCleanError
            if column.allowed:
                allowed = pa.array(column.allowed)
                known = compute.is_in(values.cast(pa.string()), allowed)
                if not compute.all(compute.or_(known, values.is_null())).as_py():
                    raise NotCleanError
        for limit in self._limits:
            span = compute.min_max(table[limit.column.name]).as_py()
            if span["min"] is None:
                continue
            low, high = limit.low, limit.high
            if isinstance(span["min"], float):  # to compare like with like, or 0.01 is not 0.01
                low, high = (None if v is None else float(v) for v in (low, high))
            if low is not None and span["min"] < low:
                raise NotCleanError
            if high is not None and span["max"] > high:
                raise NotCleanError
        for name in self.totals:
            total = compute.sum(table[name]).as_py()
            self.totals[name] += Decimal(total or 0)

    def _take_keys(self, table: Any) -> None:
        import numpy as np  # noqa: PLC0415

        if not self._keys_known:
            return
        end = self.rows + table.num_rows
        if end > MAX_KEYS:
            self._keys_known = False
            self._keys = np.empty(0, np.int64)
            return
        columns = [table[name].to_pylist() for name in self.feed.key]
        # Equal keys have equal hashes; the rare unequal keys that share one only cost a check.
        keys = columns[0] if len(columns) == 1 else zip(*columns, strict=True)
        self._keys[self.rows : end] = np.fromiter(map(hash, keys), np.int64, table.num_rows)
        if self._next_look <= end <= _LAST_LOOK:
            self._next_look = end * 2
            seen = np.sort(self._keys[:end])
            if (seen[1:] == seen[:-1]).any():
                raise NotCleanError


def _arrow_type(pa: Any, column: Column, *, exact: bool) -> Any:
    """The Arrow type that reads this column no more generously than PostgreSQL; None if unsure.

    Decimals that are only compared with limits are read as floats, which is quicker: a value and
    a limit that the column can hold keep their order, or become equal.
    """
    fixed = {
        "text": pa.string(),
        "smallint": pa.int16(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "boolean": pa.bool_(),
    }
    if column.sql_type in fixed:
        return fixed[column.sql_type]
    numeric = re.fullmatch(r"numeric\((\d+), ?(\d+)\)", column.sql_type)
    if numeric is None or int(numeric[1]) > 38:
        return None
    scale = int(numeric[2])
    limits = [Decimal(text) for text in (column.min, column.max) if text is not None]
    if exact or any(limit != round(limit, scale) for limit in limits):
        return pa.decimal128(int(numeric[1]), scale)
    return pa.float64()
