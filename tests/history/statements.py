"""The very statements that dbt runs for a history, to be run again for other months in no time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from orchestration.refresh.manifest import target
from orchestration.settings import Settings
from tests.models.warehouse import dbt

MODEL = "dim_group_customer_history"
TABLE = f"core.{MODEL}"
#: the month that dbt is given when the statements are taken down
_MARKER = date(2026, 1, 1)
_MONTHS = f"(cast('{_MARKER}' as date))"


@dataclass(frozen=True)
class Statements:
    """What dbt runs: ``full`` makes all rows; ``some`` and ``replace`` process given months."""

    full: str
    some: str
    replace: str

    def refresh(self, warehouse: psycopg.Connection[Any]) -> None:
        """As ``--full-refresh`` does."""
        _run(warehouse, f"truncate {TABLE}")
        _run(warehouse, f"insert into {TABLE} {self.full}")

    def process(self, warehouse: psycopg.Connection[Any], months: Iterable[date]) -> None:
        """As a run with these months does."""
        listed = ", ".join(f"cast('{month}' as date)" for month in months)
        _run(
            warehouse,
            f"create temporary table made as {self.some.replace(_MONTHS, f'({listed})')}",
        )
        _run(warehouse, self.replace)
        _run(warehouse, "drop table made")


def take_down(settings: Settings) -> Statements:
    """Build the history with dbt, in full and then for one month, and keep what it ran."""
    assert dbt(settings, "seed", "--select", f"+{MODEL}") == {}
    select = ("run", "--select", f"+{MODEL}")
    assert dbt(settings, *select, "--full-refresh") == {}
    full = _text(settings, "compiled")
    assert dbt(settings, *select, months=[_MARKER]) == {}
    some, replace = _text(settings, "compiled"), _text(settings, "run")
    assert some.count(_MONTHS) == 2, "the statement names the months it processes"
    replace, found = re.subn(rf'"{MODEL}__dbt_tmp\d*"', "made", replace)
    assert found == 2, "the rows made are named twice: whom to take away, what to put in"
    return Statements(full, some, replace)


def _text(settings: Settings, kind: str) -> str:
    [path] = Path(target(settings) / kind).rglob(f"{MODEL}.sql")
    return path.read_text(encoding="utf-8").strip().rstrip(";")


def _run(warehouse: psycopg.Connection[Any], statement: str) -> None:
    warehouse.execute(statement)  # type: ignore[arg-type]
