"""A warehouse for the models' tests: raw tables by contract, rows by SQL, dbt in this process."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from psycopg import sql

from orchestration.contracts.derive import parent_table_ddl
from orchestration.contracts.reading import read_contracts
from orchestration.dbt_folder import dbt_folder
from orchestration.engine.databases import connect
from orchestration.refresh.manifest import dbt_environment
from orchestration.settings import ROOT, Settings

SCHEMAS = ("raw", "reference", "staging", "core", "build")
CONTRACTS = ROOT / "expectations/contracts"
#: dbt's arguments for what the marts are built from, and the tests of that; where the rows are of
#: their feeds only, the other models would be built empty for nothing
MARTS = ("--select", "+path:models/marts", "--indirect-selection", "cautious")
FAILED = {"error", "fail", "runtime error", "skipped"}


def empty_warehouse(settings: Settings) -> None:
    """Drop what dbt made and what was loaded; make the raw tables anew, each with one partition.

    One default partition takes every period: these tests write raw directly, without the loader.
    """
    with connect(settings) as warehouse:
        for schema in SCHEMAS:
            name = sql.Identifier(schema)
            warehouse.execute(sql.SQL("drop schema if exists {} cascade").format(name))
            warehouse.execute(sql.SQL("create schema {}").format(name))
        for feed in read_contracts(CONTRACTS).values():
            warehouse.execute(parent_table_ddl(feed))
            warehouse.execute(
                sql.SQL("create table raw.{} partition of raw.{} default").format(
                    sql.Identifier(feed.table + "__all"), sql.Identifier(feed.table)
                )
            )


def fill(settings: Settings, *, subscribers: int, months: int) -> None:
    """Generate ``subscribers`` subscribers over ``months`` months up to October 2026 in raw."""
    text = Path(__file__).with_name("volume.sql").read_text()
    text = text.replace("{subscribers}", str(subscribers)).replace("{months}", str(months))
    execute(settings, text)
    execute(settings, "analyze")


def dbt(settings: Settings, *args: str, months: Iterable[date] = ()) -> dict[str, str]:
    """Run dbt in this process on ``months`` (none: all). What failed: node name -> message."""
    from dbt.cli.main import dbtRunner

    folder = str(dbt_folder(settings))
    before = dict(os.environ)
    os.environ.update(dbt_environment(settings))
    os.environ["TELMART_MONTHS"] = " ".join(month.isoformat() for month in months)
    try:
        done = dbtRunner().invoke(
            [*args, "--project-dir", folder, "--profiles-dir", folder, "--quiet"]
        )
    finally:
        os.environ.clear()
        os.environ.update(before)
    if done.exception:
        raise done.exception
    results = getattr(done.result, "results", [])
    return {r.node.name: f"{r.status}: {r.message}" for r in results if r.status in FAILED}


def compiled(settings: Settings, inline: str) -> str:
    """The SQL that dbt makes of ``inline``, with its refs and macros."""
    from dbt.cli.main import dbtRunner

    folder = str(dbt_folder(settings))
    before = dict(os.environ)
    os.environ.update(dbt_environment(settings))
    try:
        done = dbtRunner().invoke(
            ["compile", "--inline", inline, "--project-dir", folder, "--profiles-dir", folder,
             "--quiet"]
        )  # fmt: skip
    finally:
        os.environ.clear()
        os.environ.update(before)
    if done.exception:
        raise done.exception
    return str(done.result.results[0].node.compiled_code)  # type: ignore[union-attr]


def execute(settings: Settings, query: str) -> None:
    """Run ``query`` as the owner and commit."""
    with connect(settings) as warehouse:
        warehouse.execute(query)  # type: ignore[arg-type]


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    """All rows of ``query``."""
    with connect(settings) as warehouse:
        return warehouse.execute(query).fetchall()  # type: ignore[arg-type]


def built_tables(settings: Settings) -> list[str]:
    """Every table dbt keeps in ``core`` and ``build``."""
    found = rows(
        settings,
        "select format('%I.%I', schemaname, tablename) from pg_tables"
        " where schemaname in ('core', 'build') order by 1",
    )
    return [row[0] for row in found]


def keep_copies(settings: Settings, tables: Sequence[str], schema: str = "kept") -> None:
    """Copy ``tables`` to ``schema``, to compare with later."""
    execute(settings, f"drop schema if exists {schema} cascade; create schema {schema}")
    for table in tables:
        execute(settings, f"create table {schema}.{table.replace('.', '__')} as table {table}")


def differences(settings: Settings, tables: Sequence[str], schema: str = "kept") -> dict[str, int]:
    """How many rows each table has more or less than its copy, duplicates counted."""
    found = {}
    for table in tables:
        kept = f"{schema}.{table.replace('.', '__')}"
        query = f"""
            select (select count(*) from (table {table} except all table {kept}) as more)
                + (select count(*) from (table {kept} except all table {table}) as less)
        """
        [(count,)] = rows(settings, query)
        if count:
            found[table] = count
    return found
