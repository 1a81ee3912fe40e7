"""Drift: how what arrived differs from its contract without being wrong, and where it is kept.

A column that the contract does not have is a warning, not an error: its values go, row by row, into
the raw table's ``_extra``, so that a later version of the contract can name it and load it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from psycopg import Connection, sql

EXTRA = "_extra"
#: what a note says when it is one of many; beyond this it only fills the screen
_SHOWN = 60

Kind = Literal["new column", "wider file", "wider contract"]


@dataclass(frozen=True)
class Drift:
    """One difference.

    ``where`` is the file, or the raw table where the contract became wider than it; ``contract``
    and ``found`` are types, and empty for a new column.
    """

    where: str
    column: str
    kind: Kind
    contract: str = ""
    found: str = ""

    def describe(self) -> str:
        """The difference in one sentence."""
        name = self.column if len(self.column) <= _SHOWN else self.column[: _SHOWN - 1] + "…"
        if self.kind == "new column":
            return (
                f"{self.where}: column {name!r} is not in the contract;"
                f" its values are kept in {EXTRA}"
            )
        if self.kind == "wider file":
            return (
                f"{self.where}: {name} is {self.found}, the contract says {self.contract};"
                " every value loaded fits"
            )
        return f"{self.where}: {name} was {self.found} and is {self.contract} now"

    def as_dict(self) -> dict[str, str]:
        """Plain values, for the ledger and JSON."""
        return {name: text for name, text in asdict(self).items() if text}


def describe(entries: Iterable[dict[str, Any]]) -> list[str]:
    """What the ledger noted, in sentences."""
    return [Drift(**entry).describe() for entry in entries]


class Staging:
    """The text columns a load keeps beside the contract's until they are folded into ``_extra``.

    A header is one column, whichever file writes it and in whatever case; the first spelling is
    the one kept.
    """

    def __init__(self, headers: Iterable[str]) -> None:
        self.headers: dict[str, str] = {}
        for header in headers:
            self.headers.setdefault(header.casefold(), header)
        self._columns = {key: f"{EXTRA}_{n}" for n, key in enumerate(self.headers, 1)}

    def __bool__(self) -> bool:
        return bool(self.headers)

    @property
    def columns(self) -> list[str]:
        """Names of the text columns."""
        return list(self._columns.values())

    def column_of(self, name: str) -> str:
        """Where a file's column goes: to the text column of a header, else to its own."""
        return self._columns.get(name.casefold(), name)

    def fold(self, connection: Connection[Any], table: sql.Identifier) -> None:
        """Put the text columns into ``_extra`` and take them away; null where a row has none."""
        if not self.headers:
            return
        names = [sql.Identifier(name) for name in self.columns]
        extra = sql.Identifier(EXTRA)
        # One pass over the table does it all: a column's new value may be made of the others.
        whole = sql.SQL(
            "nullif(coalesce({extra}, '{{}}') || jsonb_strip_nulls(jsonb_object("
            "array[{keys}]::text[], array[{values}]::text[])), '{{}}')"
        ).format(
            extra=extra,
            keys=sql.SQL(", ").join(sql.Literal(h) for h in self.headers.values()),
            values=sql.SQL(", ").join(names),
        )
        changes = [sql.SQL("alter column {} type jsonb using {}").format(extra, whole)]
        changes += [sql.SQL("alter column {} type text using null").format(n) for n in names]
        _alter(connection, table, changes)
        _alter(connection, table, [sql.SQL("drop column {}").format(name) for name in names])


def _alter(connection: Connection[Any], table: sql.Identifier, changes: list[sql.Composed]) -> None:
    connection.execute(sql.SQL("alter table {} {}").format(table, sql.SQL(", ").join(changes)))
