"""What ``rules check`` sees in a file, dbt's tests see in the warehouse: one set of invariants."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from orchestration.engine.databases import connect
from orchestration.rules import rule_tables
from orchestration.rules.reading import read
from orchestration.settings import Settings
from tests.models.warehouse import dbt
from tests.rules.cases import CASES
from tests.rules.spoiling import FILES, Spoilt


def rounds() -> list[list[str]]:
    """Cases in rounds with one fault a table: one dbt command then judges many."""
    found: list[list[str]] = []
    for name, case in CASES.items():
        for members in found:
            if case.table not in {CASES[member].table for member in members}:
                members.append(name)
                break
        else:
            found.append([name])
    return found


def write(warehouse: psycopg.Connection[object], table: str, path: Path) -> None:
    """Put the rows of a CSV in place of those of a rule table."""
    described = rule_tables()[table]
    content = read(described, path, path.name)
    assert content.faults == [], "what cannot be read never reaches the warehouse"
    name = sql.Identifier("reference", table)
    columns = sql.SQL(", ").join(map(sql.Identifier, described.types))
    warehouse.execute(sql.SQL("truncate {}").format(name))
    statement = sql.SQL("copy {} ({}) from stdin").format(name, columns)
    with warehouse.cursor() as cursor, cursor.copy(statement) as copy:
        for row in content.rows:
            copy.write_row([row[column] for column in described.types])


def begins(case: Spoilt) -> str:
    return case.dbt or f"{case.test}_{case.table}"


@pytest.mark.parametrize("members", rounds(), ids=lambda members: members[0])
def test_dbt_sees_the_same_faults(built: Settings, tmp_path: Path, members: list[str]) -> None:
    spoilt = [CASES[name] for name in members]
    with connect(built) as warehouse:
        for case in spoilt:
            write(warehouse, case.table, case.write(tmp_path))
    try:
        failed = dbt(built, "test", "--select", "resource_type:seed")
    finally:
        with connect(built) as warehouse:
            for case in spoilt:
                write(warehouse, case.table, FILES[case.table])
    assert not [name for name, said in failed.items() if not said.startswith("fail")], failed
    unseen = [
        name for name, case in zip(members, spoilt, strict=True)
        if not any(test.startswith(begins(case)) for test in failed)
    ]  # fmt: skip
    assert unseen == [], failed


def test_sound_rules_pass(built: Settings) -> None:
    assert dbt(built, "test", "--select", "resource_type:seed") == {}
