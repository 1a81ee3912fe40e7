"""A warehouse for the models' tests: raw tables from the contracts, rows from SQL, dbt in process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from orchestration.contracts.derive import parent_table_ddl
from orchestration.contracts.reading import read_contracts
from orchestration.engine.databases import connect
from orchestration.settings import ROOT, Settings

SCHEMAS = ("raw", "reference", "staging", "core", "build")
PROJECT = ROOT / "dbt_project"


def empty_warehouse(settings: Settings) -> None:
    """Drop what dbt made and what was loaded; make the raw tables anew, each with one partition.

    One default partition takes every period: the tests write raw directly, without the loader.
    """
    feeds = read_contracts(ROOT / "expectations/contracts").values()
    with connect(settings) as warehouse:
        for schema in SCHEMAS:
            name = sql.Identifier(schema)
            warehouse.execute(sql.SQL("drop schema if exists {} cascade").format(name))
            warehouse.execute(sql.SQL("create schema {}").format(name))
        for feed in feeds:
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
    with connect(settings) as warehouse:
        warehouse.execute(text)  # type: ignore[arg-type]
        warehouse.execute("analyze")


def dbt(settings: Settings, *args: str, months: Iterable[str] = (), **env: str) -> Any:
    """Run dbt in this process; the result's ``results``. Fails the test when dbt fails."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - 4 s

    target = settings.home / "dbt"
    own = {
        **settings.process_env(),
        "DBT_TARGET_PATH": str(target / "target"),
        "DBT_LOG_PATH": str(target / "logs"),
        "TELMART_MONTHS": " ".join(months),
        **env,
    }
    before = dict(os.environ)
    os.environ.update(own)
    try:
        done = dbtRunner().invoke(
            [*args, "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--quiet"]
        )
    finally:
        os.environ.clear()
        os.environ.update(before)
    failed = [
        f"{r.node.unique_id}: {r.status} {r.message}"
        for r in getattr(done.result, "results", [])
        if r.status in ("error", "fail", "runtime error")
    ]
    assert done.success, "\n".join(failed) or str(done.exception)
    return done.result


def copy_of(settings: Settings, relation: str, name: str) -> None:
    """Keep ``relation`` (schema.table) as ``build.<name>`` to compare with later."""
    with connect(settings) as warehouse:
        warehouse.execute(f"create table build.{name} as table {relation}")  # type: ignore[arg-type]


def differences(settings: Settings, left: str, right: str) -> int:
    """How many rows are in one of the two relations and not in the other, duplicates counted."""
    query = (
        f"select (select count(*) from (table {left} except all table {right}) as a)"
        f" + (select count(*) from (table {right} except all table {left}) as b)"
    )
    with connect(settings) as warehouse:
        row = warehouse.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


def rows(warehouse: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return warehouse.execute(query).fetchall()  # type: ignore[arg-type]


def remove_target(settings: Settings) -> None:
    """Forget dbt's saved parse, so that the next call parses from nothing."""
    shutil.rmtree(settings.home / "dbt", ignore_errors=True)
