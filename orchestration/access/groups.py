"""What is the same for everybody: group roles, the policy pattern, and looking behind the mask."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from orchestration.access.served import PATTERN, policies_of

_HERE = Path(__file__).parent


def ensure_groups(warehouse: psycopg.Connection[Any]) -> None:
    """Make groups, policy pattern and functions, or bring them up to date.

    The caller holds the lock ``telmart.access`` and commits.
    """
    warehouse.execute("set local client_min_messages = warning")
    for name in ("reveal.sql", "roles.sql"):
        warehouse.execute((_HERE / name).read_text())  # type: ignore[arg-type]
    _ensure_pattern(warehouse)
    warehouse.execute(
        sql.SQL("grant connect on database {} to telmart_people").format(
            sql.Identifier(warehouse.info.dbname)
        )
    )


def _ensure_pattern(warehouse: psycopg.Connection[Any]) -> None:
    """Write the pattern when the file or what the database holds of it is another than last time.

    Not at every call: it locks the table, and a publication keeps its locks until it is through.
    """
    text = (_HERE / "pattern.sql").read_text()
    row = warehouse.execute("select obj_description(to_regclass(%s))", [PATTERN]).fetchone()
    if row and row[0] == _mark(warehouse, text):
        return
    warehouse.execute(text)  # type: ignore[arg-type]
    warehouse.execute(
        sql.SQL("comment on table access.served_pattern is {}").format(
            sql.Literal(_mark(warehouse, text))
        )
    )


def _mark(warehouse: psycopg.Connection[Any], text: str) -> str:
    """The table's comment, with a hash of the file and of the policies as the database has them."""
    state = sorted(map(repr, policies_of(warehouse, PATTERN)))
    digest = hashlib.sha256("\0".join([text, *state]).encode()).hexdigest()[:16]
    return (
        f"The row policies every published table carries; see pattern.sql. 行级策略样板。{digest}"
    )
