"""Group roles and the policy pattern, from ``roles.sql``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

_ROLES = Path(__file__).with_name("roles.sql")


def ensure_groups(warehouse: psycopg.Connection[Any]) -> None:
    """Make the groups and the pattern of the row policies, or bring them up to date.

    The caller holds the lock ``telmart.access`` and commits.
    """
    warehouse.execute("set local client_min_messages = warning")
    warehouse.execute(_ROLES.read_text())  # type: ignore[arg-type]
    warehouse.execute(
        sql.SQL("grant connect on database {} to telmart_people").format(
            sql.Identifier(warehouse.info.dbname)
        )
    )
