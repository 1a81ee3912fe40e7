"""What follows from a contract: the raw table and the dbt sources."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from psycopg import sql

from orchestration.contracts.feed import Feed
from orchestration.contracts.reading import read_contracts
from orchestration.settings import ROOT

SOURCES_FILE = ROOT / "dbt_project/models/staging/_sources.yml"
STANDARD_CONTRACTS = ROOT / "expectations/contracts"
_HEADER = """\
# Generated from expectations/contracts; do not edit. To bring it up to date:
#     uv run python -m orchestration.contracts.derive
"""


def parent_table_ddl(feed: Feed) -> sql.Composed:
    """``create table`` of the partitioned table ``raw.<system>__<entity>``.

    Only the loader's own columns are ``not null`` here: what a contract requires is enforced on
    each partition, so that a column added by a later version can be absent from older ones.
    """
    columns = [sql.SQL("{} {}").format(_id(c.name), sql.SQL(c.sql_type)) for c in feed.columns]
    own = [sql.SQL("_period date not null"), sql.SQL("_load_id bigint not null")]
    return sql.SQL("create table if not exists raw.{} ({}) partition by list (_period)").format(
        _id(feed.table), sql.SQL(", ").join(columns + own)
    )


def table_comment(feed: Feed) -> str:
    """What the raw table's comment says; it changes with the contract's version."""
    return f"{feed.name_zh}. {feed.description} Contract {feed.name} {feed.version}."


def comments_ddl(feed: Feed) -> list[sql.Composed]:
    """The contract's descriptions, as comments on the raw table."""
    text = f"{feed.name_zh}. {feed.description} Contract {feed.name} {feed.version}."
    comments = [sql.SQL("comment on table raw.{} is {}").format(_id(feed.table), sql.Literal(text))]
    for c in feed.columns:
        comments.append(
            sql.SQL("comment on column raw.{}.{} is {}").format(
                _id(feed.table), _id(c.name), sql.Literal(f"{c.name_zh}. {c.description}")
            )
        )
    return comments


def dbt_sources(feeds: Iterable[Feed]) -> str:
    """The YAML that declares the raw tables to dbt as source ``raw``, with descriptions."""
    import yaml  # noqa: PLC0415

    tables: list[dict[str, Any]] = []
    for feed in feeds:
        columns: list[dict[str, Any]] = [
            {
                "name": c.name,
                "description": f"{c.name_zh}. {c.description}",
                "data_type": c.sql_type,
                "config": {"meta": {"name_zh": c.name_zh, "pii": c.pii}},
            }
            for c in feed.columns
        ]
        columns += [
            {"name": "_period", "data_type": "date", "description": "First day of the period."},
            {"name": "_load_id", "data_type": "bigint", "description": "The load: ops.load."},
        ]
        tables.append(
            {
                "name": feed.table,
                "description": f"{feed.name_zh}. {feed.description} Grain: {feed.grain}.",
                "config": {"meta": {"feed": feed.name, "owner": feed.owner}},
                "columns": columns,
            }
        )
    source = {
        "name": "raw",
        "schema": "raw",
        "description": "What the operator's systems sent, as loaded.",
        "tables": tables,
    }
    body = yaml.safe_dump(
        {"version": 2, "sources": [source]}, allow_unicode=True, sort_keys=False, width=96
    )
    return _HEADER + body


def write_sources(path: Path = SOURCES_FILE) -> Path:
    """Write the standard feeds' dbt sources to where dbt reads them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dbt_sources(read_contracts(STANDARD_CONTRACTS).values()), encoding="utf-8")
    return path


def _id(name: str) -> sql.Identifier:
    return sql.Identifier(name)


if __name__ == "__main__":
    write_sources()
