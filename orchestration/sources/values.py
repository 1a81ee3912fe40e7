"""A database's values as the text a file would hold, for the loader to judge as it judges files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from orchestration.contracts import Column, Feed
from orchestration.errors import TelmartError

#: how MySQL and MariaDB write that there is no date
_NO_DATE = "0000-00-00"
Convert = Callable[[Any], str | None]


class UnfitValueError(ValueError):
    """A value that no file could hold either."""


def converter(column: Column, zone: str, *, in_utc: bool) -> Convert:
    """What turns one value of a column into text.

    Args:
        zone: the installation's time zone: what carries a zone is brought to it.
        in_utc: timestamps without a zone are UTC (MySQL's TIMESTAMP, in our session).

    Raises (the converter):
        UnfitValueError: the value has no text.
    """
    here = ZoneInfo(zone)

    def moment(value: datetime) -> str:
        if value.tzinfo is None and in_utc:
            value = value.replace(tzinfo=UTC)
        if value.tzinfo is not None:
            value = value.astimezone(here).replace(tzinfo=None)
        # Oracle's DATE always has a time; a contract that says `date` wants the day
        return str(value.date()) if column.sql_type == "date" else value.isoformat(" ")

    def number(value: Decimal | float) -> str:
        if column.logical_type == "integer" and math.isfinite(value) and value == int(value):
            return str(int(value))
        return format(value, "f") if isinstance(value, Decimal) else repr(value)

    def binary(value: bytes | bytearray | memoryview) -> str:
        raw = bytes(value)
        if column.is_numeric or column.logical_type == "boolean":  # MySQL's BIT
            return str(int.from_bytes(raw, "big"))
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise UnfitValueError("is binary and no text") from None

    kinds: dict[type, Convert] = {
        bool: lambda v: "true" if v else "false",
        int: str,
        float: number,
        Decimal: number,
        datetime: moment,
        date: str,
        time: str,
        timedelta: _clock,
        bytes: binary,
        bytearray: binary,
        memoryview: binary,
        UUID: str,
        dict: lambda v: json.dumps(v, ensure_ascii=False, default=str),
        list: lambda v: json.dumps(v, ensure_ascii=False, default=str),
    }
    temporal = column.is_temporal

    def convert(value: Any) -> str | None:
        if value is None:
            return None
        if isinstance(value, str):
            return None if temporal and value.startswith(_NO_DATE) else value
        known = kinds.get(type(value)) or next(
            (do for kind, do in kinds.items() if isinstance(value, kind)), None
        )
        if known is None:
            raise UnfitValueError(f"is a {type(value).__name__}, which a file cannot hold")
        try:
            return known(value)
        except (OverflowError, ValueError) as error:
            if isinstance(error, UnfitValueError):
                raise
            raise UnfitValueError(f"cannot be written: {error}") from error

    return convert


def unfit(feed: Feed, where: str, row: Mapping[str, Any], column: Column, why: str) -> TelmartError:
    """The error for a value that has no text, naming table, row, column and value.

    Args:
        row: the row by contract names.
    """
    key = ", ".join(f"{name}={row.get(name)!r}" for name in feed.key)
    return TelmartError(
        f"{where}, row {key}, column {column.name}: {str(row.get(column.name))[:60]!r} {why}.",
        "Correct it at the source, or read from a view (or `query`) that turns it into"
        f" {column.sql_type}.",
    )


def _clock(value: timedelta) -> str:
    """MySQL's TIME, which may be negative and longer than a day."""
    seconds = int(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
