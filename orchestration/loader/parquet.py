"""Parquet files: their columns compared with the contract's types, their rows as CSV text.

A text file has no types; a Parquet file says of each column what it may hold. What may hold less
than the contract asks for, or something else, is refused before a row is read. What may hold more
is taken and noted, as long as each value fits.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestration.contracts import Column, Feed
from orchestration.loader.drift import Drift
from orchestration.loader.opening import PIECE
from orchestration.loader.result import RejectedError

_BATCH_ROWS = 8_192
_BITS = {"smallint": 16, "integer": 32, "bigint": 64}


def parquet_schema(path: Path) -> Any:
    """The Arrow schema of a file. Raises RejectedError if it is damaged."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    try:
        return parquet.read_schema(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise RejectedError(
            f"{path.name} is a damaged Parquet file: {_one_line(error)}.",
            "Have the file sent again, whole.",
        ) from error


def wider_columns(feed: Feed, file_name: str, columns: list[str], types: list[Any]) -> list[Drift]:
    """The columns that may hold more than the contract says.

    Raises:
        RejectedError: a column is narrower than the contract says or holds something else; names
            every such column with both types.
    """
    contract = {c.name: c for c in feed.columns}
    wider, wrong = [], []
    for name, type_ in zip(columns, types, strict=True):
        column = contract.get(name)
        if column is None:
            continue
        fit = _fit(_value_type(type_), column)
        if fit == "no":
            wrong.append(f"{name} is {type_}, the contract says {column.sql_type}")
        elif fit == "wider":
            wider.append(Drift(file_name, name, "wider file", column.sql_type, str(type_)))
    if wrong:
        raise RejectedError(
            f"{file_name}: types that lose values or cannot hold them: {'; '.join(wrong)}.",
            f"Have it written with the types of the contract: `telmart feeds describe {feed.name}`"
            " lists them.",
        )
    return wider


def parquet_pieces(path: Path, feed: Feed, columns: list[str], zone: str) -> Iterator[bytes]:
    """The rows as CSV text without a header.

    Args:
        columns: names of the file's columns; those that the contract lacks become text.
        zone: time zone into which timestamps that carry one are brought.

    Raises:
        RejectedError: damaged, or a value does not fit the contract's narrower type.
    """
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv, parquet  # noqa: PLC0415

    options = csv.WriteOptions(include_header=False, quoting_style="needed")
    contract = {c.name: c for c in feed.columns}
    done = 0
    try:
        # buffered, so that a row group is read page by page and never held whole
        with parquet.ParquetFile(path, buffer_size=PIECE, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, use_threads=False):
                plain = []
                for name, values in zip(columns, batch.columns, strict=True):
                    values = _plain(values, zone)  # noqa: PLW2901
                    if name in contract:
                        plain.append(_fitting(path.name, contract[name], values, done))
                    else:
                        plain.append(_as_text(values))
                out = io.BytesIO()
                csv.write_csv(pa.record_batch(plain, names=columns), out, options)
                yield out.getvalue()
                done += batch.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        raise RejectedError(
            f"{path.name} cannot be read as Parquet: {_one_line(error)}.",
            "Have it written again with plain columns: text, numbers, dates, timestamps.",
        ) from error


# ---- types -------------------------------------------------------------------------------------
def _value_type(type_: Any) -> Any:
    import pyarrow as pa  # noqa: PLC0415

    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _fit(type_: Any, column: Column) -> str:
    """``same`` (or holds less by chance of writing), ``wider``, or ``no``."""
    from pyarrow import types as t  # noqa: PLC0415

    if t.is_null(type_):
        return "same"  # nothing but nulls: whether that may be is a rule, not a type
    texts = (t.is_string, t.is_large_string, t.is_string_view,
             t.is_binary, t.is_large_binary, t.is_binary_view)  # fmt: skip
    is_text = any(check(type_) for check in texts)
    if is_text:
        return "same" if column.logical_type == "string" else "wider"
    kinds = {"string": _fit_text, "integer": _fit_integer, "number": _fit_number}
    if column.logical_type in kinds:
        return kinds[column.logical_type](type_, column)
    if column.logical_type == "date":
        return "same" if t.is_date(type_) else "wider" if t.is_timestamp(type_) else "no"
    if column.logical_type == "boolean":
        return "same" if t.is_boolean(type_) else "wider" if t.is_integer(type_) else "no"
    # a date in the place of a timestamp has lost the time of day
    return "same" if t.is_timestamp(type_) else "no"


def _fit_text(type_: Any, _column: Column) -> str:
    from pyarrow import types as t  # noqa: PLC0415

    # a number with a floating point has no one spelling: 13800138000 becomes 1.3800138e+10
    plain = (t.is_integer, t.is_decimal, t.is_date, t.is_timestamp, t.is_boolean)
    return "wider" if any(check(type_) for check in plain) else "no"


def _fit_integer(type_: Any, column: Column) -> str:
    from pyarrow import types as t  # noqa: PLC0415

    if t.is_integer(type_):
        bits = type_.bit_width + t.is_unsigned_integer(type_)
        return "same" if bits <= _BITS[column.sql_type] else "wider"
    return "wider" if t.is_decimal(type_) or t.is_floating(type_) else "no"


def _fit_number(type_: Any, column: Column) -> str:
    from pyarrow import types as t  # noqa: PLC0415

    if t.is_integer(type_):
        return "same"
    if t.is_floating(type_):
        if column.sql_type in {"double precision", "real"}:
            return "wider" if t.is_float64(type_) and column.sql_type == "real" else "same"
        # 7 digits are not enough for an amount, 15 are
        return "wider" if t.is_float64(type_) else "no"
    if not t.is_decimal(type_):
        return "no"
    scale = _scale(column)
    whole = _precision(column) - (scale or 0)
    fits = scale is None or (type_.scale <= scale and type_.precision - type_.scale <= whole)
    return "same" if fits else "wider"


def _scale(column: Column) -> int | None:
    """Decimals of a numeric column; None where there is no limit."""
    inside = column.sql_type.partition("(")[2].rstrip(")")
    if not inside:
        return None
    return int(inside.partition(",")[2] or 0)


def _precision(column: Column) -> int:
    return int(column.sql_type.partition("(")[2].rstrip(")").partition(",")[0] or 0)


# ---- values ------------------------------------------------------------------------------------
def _plain(values: Any, zone: str) -> Any:
    """A column that CSV can hold: local timestamps, no dictionary."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import compute  # noqa: PLC0415

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_timestamp(values.type) and values.type.tz:
        values = compute.local_timestamp(values.cast(pa.timestamp("us", zone)))
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("us"), safe=False)
    return values


def _fitting(file_name: str, column: Column, values: Any, before: int) -> Any:
    """The same values, if the contract's type can hold each as it is; whole ones as integers.

    The server would round some of them away without a word. Numbers with a floating point are
    rounded to a column's decimals all the same, as those in text files are: their last digits are
    chance.
    """
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import compute  # noqa: PLC0415
    from pyarrow import types as t  # noqa: PLC0415

    scale = _scale(column) if column.logical_type == "number" else None
    whole = column.logical_type == "integer" and not t.is_integer(values.type)
    if whole and (t.is_decimal(values.type) or t.is_floating(values.type)):
        kept = compute.round(values)
        what = "is not a whole number"
    elif t.is_decimal(values.type) and scale is not None and values.type.scale > scale:
        kept = compute.round(values, ndigits=scale)
        what = f"has more than {scale} decimals"
    elif t.is_timestamp(values.type) and column.logical_type == "date":
        kept = compute.floor_temporal(values, unit="day")
        what = "has a time of day"
    else:
        return values
    differs = compute.index(compute.not_equal(values, kept), True).as_py()
    if differs >= 0:
        raise RejectedError(
            f"{file_name}, row {before + differs + 1}, column {column.name}, value"
            f" '{values[differs]}': {what}; the file says {values.type}, the contract"
            f" {column.sql_type}.",
            "Have the extract written with the contract's type, or widen the contract.",
        )
    return values.cast(pa.int64()) if whole else values


def _as_text(values: Any) -> Any:
    """A column the contract does not have, as text; lists and structures as JSON."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import types as t  # noqa: PLC0415

    if t.is_nested(values.type) or t.is_binary(values.type) or t.is_large_binary(values.type):
        return pa.array([_json(value) for value in values.to_pylist()], pa.string())
    return values.cast(pa.string())


def _json(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.hex()
    return json.dumps(
        value, ensure_ascii=False, default=lambda v: _json(v) if isinstance(v, bytes) else str(v)
    )


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300].rstrip(".")
