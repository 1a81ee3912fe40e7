"""What tests of the loader share: making files, loading them, and looking at what came of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.engine.databases import connect
from orchestration.loader import LoadResult, load_period
from orchestration.settings import Settings

FEED = "boss.recharge"
PERIOD = "2026-10"
HEADER = "recharge_id,subscriber_id,recharged_at,recharge_amt,recharge_channel"


def row(number: int, **changes: str) -> str:
    """One good line of a recharge file, with some values changed."""
    values = {
        "recharge_id": f"R{number:07d}",
        "subscriber_id": f"S{number % 97:05d}",
        "recharged_at": f"2026-10-{number % 28 + 1:02d} 08:{number % 60:02d}:00",
        "recharge_amt": f"{number % 200 + 1}.50",
        "recharge_channel": ("hall", "dealer", "online", "bank", "card")[number % 5],
    }
    return ",".join({**values, **changes}.values())


def rows(count: int, first: int = 1) -> list[str]:
    """Good lines."""
    return [row(n) for n in range(first, first + count)]


def text(lines: list[str], header: str = HEADER) -> str:
    """A file's text."""
    return "\n".join([header, *lines]) + "\n"


@dataclass
class Warehouse:
    """A warehouse under test."""

    settings: Settings
    folder: Path

    def file(self, name: str, content: str | bytes) -> Path:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def manifest(self, **content: Any) -> Path:
        """Write a manifest beside the files."""
        return self.file("manifest.json", json.dumps(content))

    def load(self, *files: Path, feed: str = FEED, period: str = PERIOD, **kw: Any) -> LoadResult:
        """Load files."""
        return load_period(self.settings, feed, period, list(files), **kw)

    def with_operator(self, contracts: dict[str, str]) -> Warehouse:
        """The same warehouse for an operator with contracts of its own, by name."""
        operator = self.folder / "operator"
        for name, content in contracts.items():
            system, entity = name.split(".")
            path = operator / "contracts" / system / f"{entity}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return replace(self, settings=replace(self.settings, operator=operator))

    # ---- looking -------------------------------------------------------------------------------
    def query(self, sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with connect(self.settings) as connection:
            return connection.execute(sql, values).fetchall()

    def ledger(self) -> list[tuple[Any, ...]]:
        """State, whether current, and rows loaded of every attempt, in order."""
        return self.query("select state, is_current, rows_loaded from ops.load order by load_id")

    def count(self, feed: str = FEED) -> int:
        """Rows of a feed."""
        return int(self.query(f"select count(*) from raw.{feed.replace('.', '__')}")[0][0])

    def quarantine(self) -> list[tuple[Any, ...]]:
        """File, line, column, value and reason of every quarantined row, in order."""
        return self.query(
            "select file_name, line_no, column_name, bad_value, reason from ops.quarantine"
            " order by quarantine_id"
        )

    def contents(self) -> dict[str, tuple[int, str]]:
        """Every table of raw and raw_old with its number of rows and a digest of them."""
        found = {}
        with connect(self.settings) as connection:
            tables = connection.execute(
                "select format('%I.%I', n.nspname, c.relname) from pg_class c"
                " join pg_namespace n on n.oid = c.relnamespace"
                " where n.nspname in ('raw', 'raw_old') and c.relkind = 'r' order by 1"
            ).fetchall()
            for (table,) in tables:
                lines = connection.execute(f"select t::text from {table} t order by 1").fetchall()
                digest = hashlib.sha256("\n".join(line for (line,) in lines).encode()).hexdigest()
                found[table] = (len(lines), digest)
        return found

    def orphans(self) -> list[str]:
        """Tables of raw that are no partition: there must never be one."""
        found = self.query(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where n.nspname = 'raw' and c.relkind = 'r' and not c.relispartition"
        )
        return [name for (name,) in found]
