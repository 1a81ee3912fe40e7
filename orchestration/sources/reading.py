"""What a source holds of a period: its columns, its rows through dlt, and what it counts itself."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.dialects.mysql import TIMESTAMP as MYSQL_TIMESTAMP
from sqlalchemy.exc import NoSuchTableError

from orchestration.contracts import Feed, Period, Source
from orchestration.errors import TelmartError
from orchestration.loader.header import accepted_headers

#: rows asked for at once: enough that round trips do not count, little enough for memory
_BATCH = 20_000


@dataclass(frozen=True)
class Counted:
    """What the source says of the period's rows. Totals by contract column, exact."""

    rows: int
    totals: dict[str, Decimal]


@dataclass
class SourceTable:
    """The table, view or query of a feed, at an open engine.

    ``columns`` leads from the contract's names to the source's.
    """

    feed: Feed
    source: Source
    engine: Engine
    zone: str
    table: sa.Table
    columns: dict[str, str]
    cte: sa.CTE | None

    @classmethod
    def open(cls, feed: Feed, source: Source, engine: Engine, zone: str) -> SourceTable:
        """Look at the source.

        Raises:
            TelmartError: no such table, or a column of the contract is missing.
        """
        cte = None
        if source.query:
            table, cte = _described(source, engine)
        else:
            table = _reflected(source, engine)
        columns = _matched(feed, source, table)
        found = cls(feed, source, engine, zone, table, columns, cte)
        found._refuse_lost_zones()
        return found

    def in_utc(self, column: str) -> bool:
        """Whether a contract column's timestamps come in UTC without saying so."""
        return isinstance(self.table.c[self.columns[column]].type, MYSQL_TIMESTAMP)

    def count(self, period: Period) -> Counted:
        """Rows and control totals of the period, added up by the source."""
        summed = [name for name in self.feed.control_totals if self._is_exact(name)]
        parts = [sa.func.sum(self._rounded(name)).label(name) for name in summed]
        query = sa.select(sa.func.count().label("n"), *parts).select_from(self.table)
        bounds = self._bounds(period)
        if bounds:
            cursor = self._cursor()
            query = query.where(cursor >= bounds[0], cursor < bounds[1])
        if self.cte is not None:
            query = query.add_cte(self.cte)
        with self.engine.connect() as connection:
            rows, *sums = connection.execute(query).one()
        return Counted(int(rows), {
            name: Decimal(str(total)) for name, total in zip(summed, sums, strict=True)
            if total is not None
        })  # fmt: skip

    def batches(self, period: Period) -> Generator[list[dict[str, Any]], None, None]:
        """The period's rows by source column, a batch at a time. To be closed: it holds a
        connection.
        """
        dlt, loader = _dlt()
        incremental, bounds = None, self._bounds(period)
        if bounds:
            # both ends given: dlt asks for exactly this range and keeps no state of its own
            incremental = dlt.sources.incremental(
                self._cursor().name, initial_value=bounds[0], end_value=bounds[1],
                range_start="closed", range_end="open",
            )  # fmt: skip
        # dlt's reader itself and not a resource around it: that one leaves its connection open
        # until it is collected, and an open one locks the source's table
        yield from loader(
            self.engine, "sqlalchemy", self.table, {}, chunk_size=_BATCH, incremental=incremental,
            query_adapter_callback=lambda query, _table: self._query(query),
        ).load_rows()  # fmt: skip

    def _query(self, query: Any) -> Any:
        """dlt's query, for our columns only."""
        query = query.with_only_columns(*(self.table.c[name] for name in self.columns.values()))
        return query if self.cte is None else query.add_cte(self.cte)

    # ---- bounds ------------------------------------------------------------------------------
    def _cursor(self) -> sa.Column[Any]:
        name = self.source.cursor or ""
        found = _column_called(self.table, self.columns.get(name, name))
        if found is None:
            raise _no_column(self.source, self.table, f"the cursor {name}", [name])
        return found

    def _bounds(self, period: Period) -> tuple[Any, Any] | None:
        """The first value of the period and the first after it, as the cursor's type has them."""
        if period.kind == "full" or period.first is None or period.last is None:
            return None
        cursor, after = self._cursor(), period.last + timedelta(days=1)
        form, kind = self.source.cursor_format, cursor.type
        if isinstance(kind, sa.DateTime):
            return self._moment(period.first, kind), self._moment(after, kind)
        if isinstance(kind, sa.Date):
            return period.first, after
        if form is None:
            raise TelmartError(
                f"{self.source.where}: the cursor {cursor.name} is {kind}, neither date nor time.",
                "Say how it writes a date: `cursorFormat`, for example %Y%m, in the contract.",
            )
        texts = period.first.strftime(form), after.strftime(form)
        if isinstance(kind, sa.Integer | sa.Numeric):
            return int(texts[0]), int(texts[1])
        return texts

    def _moment(self, day: date, kind: sa.DateTime) -> datetime:
        local = datetime.combine(day, time(), ZoneInfo(self.zone))
        if kind.timezone:
            return local
        if isinstance(kind, MYSQL_TIMESTAMP):
            return local.astimezone(UTC).replace(tzinfo=None)
        return local.replace(tzinfo=None)

    def _refuse_lost_zones(self) -> None:
        """Oracle's driver drops the zone of a timestamp without a word."""
        if self.source.kind != "oracle":
            return
        for column, name in self.columns.items():
            if getattr(self.table.c[name].type, "timezone", False):
                raise TelmartError(
                    f"{self.source.where}: {name} ({column}) carries a time zone, which Oracle's"
                    " driver does not hand on.",
                    "Read from a view with"
                    f" cast({name} at time zone '{self.zone}' as timestamp) as {name}.",
                )

    # ---- totals ------------------------------------------------------------------------------
    def _is_exact(self, name: str) -> bool:
        """Floating point adds up differently each time, and text does not add up at all."""
        kind = self.table.c[self.columns[name]].type
        return isinstance(kind, sa.Integer | sa.Numeric) and not isinstance(kind, sa.Float)

    def _rounded(self, name: str) -> Any:
        """A number as the warehouse will round it, so that the sums can be compared."""
        column = self.table.c[self.columns[name]]
        scale = re.search(r",\s*(\d+)\)", self.feed.column(name).sql_type)
        return sa.cast(column, sa.Numeric(38, int(scale[1]))) if scale else column


def _dlt() -> tuple[Any, Any]:
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt  # noqa: PLC0415 - seconds that other commands need not pay; an optional extra
    from dlt.sources.sql_database import TableLoader  # noqa: PLC0415

    return dlt, TableLoader


def _reflected(source: Source, engine: Engine) -> sa.Table:
    try:
        return sa.Table(source.table, sa.MetaData(schema=source.schema), autoload_with=engine,
                        resolve_fks=False)  # fmt: skip
    except NoSuchTableError:
        inspector = sa.inspect(engine)
        names = [
            *inspector.get_table_names(source.schema),
            *inspector.get_view_names(source.schema),
        ]
        close = difflib.get_close_matches(source.table.casefold(), names, n=1)
        raise TelmartError(
            f"{source.where}: there is no such table or view.",
            (f"Did you mean {close[0]}? " if close else "")
            + "Check `table` and `schema` in the contract, and that the user may read it.",
        ) from None


def _described(source: Source, engine: Engine) -> tuple[sa.Table, sa.CTE]:
    """A query as a table: named in front of each statement (WITH …), its columns asked for once."""
    name = f"{source.table}_query"
    text = (source.query or "").strip().rstrip(";")
    with engine.connect() as connection:
        found = connection.execute(sa.text(f"select * from ({text}) q where 1 = 0"))
        fields, description = list(found.keys()), found.cursor.description if found.cursor else []
    kinds = [_kind(source, f[1]) for f in description]
    columns = [sa.Column(f, k) for f, k in zip(fields, kinds, strict=True)]
    cte = sa.text(text).columns(*[sa.column(f) for f in fields]).cte(name)
    return sa.Table(name, sa.MetaData(), *columns), cte


def _kind(source: Source, code: Any) -> sa.types.TypeEngine[Any]:
    """The type behind a driver's type code, as far as bounds and totals ask for it."""
    if source.kind == "postgresql":
        known: dict[Any, sa.types.TypeEngine[Any]] = {
            1082: sa.Date(), 1114: sa.DateTime(), 1184: sa.DateTime(timezone=True),
            20: sa.BigInteger(), 21: sa.Integer(), 23: sa.Integer(), 1700: sa.Numeric(),
        }  # fmt: skip
        return known.get(code, sa.String())
    if source.kind == "mysql":
        known = {
            7: MYSQL_TIMESTAMP(), 10: sa.Date(), 12: sa.DateTime(), 0: sa.Numeric(),
            246: sa.Numeric(), 1: sa.Integer(), 2: sa.Integer(), 3: sa.Integer(),
            8: sa.BigInteger(), 9: sa.Integer(),
        }  # fmt: skip
        return known.get(code, sa.String())
    name = getattr(code, "name", str(code))
    if "NUMBER" in name:
        return sa.Numeric()
    return sa.DateTime() if "DATE" in name or "TIMESTAMP" in name else sa.String()


def _matched(feed: Feed, source: Source, table: sa.Table) -> dict[str, str]:
    """Contract column to source column: by name, Chinese name or alias, in any case. What else the
    table has is not read."""
    accepted = accepted_headers(feed)
    by_contract: dict[str, str] = {}
    for column in table.c:
        name = accepted.get(column.name.strip().casefold())
        if name and name in by_contract:
            raise TelmartError(
                f"{source.where}: {by_contract[name]} and {column.name} are both {name}.",
                f"Take one of them out of `aliases` in {feed.path.name}.",
            )
        if name:
            by_contract[name] = column.name
    for wanted in feed.columns:
        if wanted.name not in by_contract:
            headers = [wanted.name, *wanted.aliases]
            raise _no_column(source, table, wanted.name, headers)
    return {c.name: by_contract[c.name] for c in feed.columns}


def _no_column(source: Source, table: sa.Table, what: str, headers: list[str]) -> TelmartError:
    names = [c.name for c in table.c]
    close = [m for h in headers for m in difflib.get_close_matches(h.casefold(), names, n=1)]
    return TelmartError(
        f"{source.where}: there is no column for {what}; there are {', '.join(names[:30])}.",
        (f"Is it {close[0]}? " if close else "")
        + "Add the source's name to the column's `aliases` in the contract.",
    )


def _column_called(table: sa.Table, name: str) -> sa.Column[Any] | None:
    return next((c for c in table.c if c.name.casefold() == name.casefold()), None)
