"""What is the same for everybody: group roles, the policy pattern, and looking behind the mask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

_SCRIPTS = ("reveal.sql", "roles.sql")


def ensure_groups(warehouse: psycopg.Connection[Any]) -> None:
    """Make groups, policy pattern and functions, or bring them up to date.

    The caller holds the lock ``telmart.access`` and commits.
    """
    warehouse.execute("set local client_min_messages = warning")
    for name in _SCRIPTS:
        warehouse.execute(Path(__file__).with_name(name).read_text())  # type: ignore[arg-type]
    warehouse.execute(
        sql.SQL("grant connect on database {} to telmart_people").format(
            sql.Identifier(warehouse.info.dbname)
        )
    )
