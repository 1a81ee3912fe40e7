"""The model of a feed: plain values, without the standard's wrapping."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

PeriodKind = Literal["month", "day", "full"]
Timing = Literal["any", "until_period_end", "in_period"]


@dataclass(frozen=True)
class Column:
    """One column of a feed.

    ``min`` and ``max`` are SQL literals without quotes ("0.01", "1980-01-01"), inclusive.
    ``timing`` says how a date or timestamp relates to the period: "in_period" (events),
    "until_period_end" (nothing from the future), or "any". ``references`` is the feed and column
    whose values these are, ``requirements`` the requirements (R001 …) that need the column.
    ``when_unknown`` says what to do about a value that is not in ``allowed``.
    """

    name: str
    sql_type: str
    logical_type: str
    required: bool
    is_key: bool
    description: str
    name_zh: str
    description_zh: str
    aliases: tuple[str, ...]
    pii: str
    min: str | None
    max: str | None
    allowed: tuple[str, ...]
    timing: Timing
    references: tuple[str, str] | None
    requirements: tuple[str, ...]
    when_unknown: str = ""

    @property
    def is_numeric(self) -> bool:
        """Whether values can be added up."""
        return self.logical_type in {"number", "integer"}

    @property
    def is_temporal(self) -> bool:
        return self.logical_type in {"date", "timestamp"}


@dataclass(frozen=True)
class Source:
    """The database a feed is pulled from: the contract's entry in ``servers``.

    ``name`` leads to the address (``TELMART_SOURCE_<NAME>``), which is in no contract. Rows come
    from ``table`` or from ``query``; those of a period are the ones whose ``cursor`` lies in it.
    ``cursor_format`` writes a period's bounds where the cursor is text or a number ("%Y%m");
    ``start`` is the first period that is pulled by itself (None: the latest one that is due).
    """

    name: str
    kind: Literal["postgresql", "mysql", "oracle"]
    schema: str | None
    table: str
    query: str | None
    cursor: str | None
    cursor_format: str | None
    start: str | None

    @property
    def where(self) -> str:
        """What is read, for messages: ``billing: rating.t_recharge``."""
        table = f"{self.schema}.{self.table}" if self.schema else self.table
        return f"{self.name}: {'its query' if self.query else table}"


@dataclass(frozen=True)
class Feed:
    """One feed, as its contract describes it. ``name`` is ``<system>.<entity>``.

    ``valid_until`` is the last period an earlier version holds for; ``earlier`` are those
    versions, oldest first.

    ``may_repeat``: a list that may arrive unchanged; of any other feed, the same file for a second
    period is one period's data under another's name.

    ``enabled``: its contract is active and no switch turns it off; ``status_off``: the contract is
    not. It is due on day ``due_day`` of the following month (None: no day is agreed), at
    ``due_time``.
    """

    name: str
    system: str
    entity: str
    table: str
    columns: tuple[Column, ...]
    period_kind: PeriodKind
    covers: tuple[str, str] | None
    cadence: str
    due_day: int | None
    due_time: str
    owner: str
    tolerance: float
    control_totals: tuple[str, ...]
    requirements: tuple[str, ...]
    version: str
    status_off: bool
    enabled: bool
    description: str
    description_zh: str
    name_zh: str
    grain: str
    delimiter: str | None
    encoding: str | None
    date_order: str
    source: Source | None
    path: Path
    may_repeat: bool = False
    valid_until: str | None = None
    earlier: tuple[Feed, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """Names of the key columns: unique within a period."""
        return tuple(c.name for c in self.columns if c.is_key)

    def column(self, name: str) -> Column:
        """The column called ``name``. KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def for_period(self, period: str) -> Feed:
        """The version of the contract that holds for a period: this one, or an earlier one."""
        for version in self.earlier:
            if version.valid_until is not None and period <= version.valid_until:
                return replace(version, enabled=self.enabled, status_off=self.status_off)
        return self

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        earlier = [version.as_dict() for version in self.earlier]
        return {**asdict(self), "path": str(self.path), "earlier": earlier}
