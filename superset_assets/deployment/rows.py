"""Superset's row rules: the database's own rule again, on every dataset that has people's rows.

The database decides (row-level security); this is the second lock. That every dataset has the keys
it needs was checked before (``check``); one that had not would answer with an error, not with rows.
"""

from __future__ import annotations

from typing import Any

from superset import db, security_manager
from superset.connectors.sqla.models import RowLevelSecurityFilter, SqlaTable

from superset_assets.deployment.bundle import OURS
from superset_assets.deployment.check import OPEN_SCHEMAS

SCOPE = "telmart: rows of one's own scope"
NOBODY = "telmart: no rows for anybody else"

_NOW = "person = current_user and now() >= valid_from and now() < valid_until"
#: the policies of the served tables in one clause; the flag first, so that who sees everything
#: pays for one comparison per row and no look-up
CLAUSE = (
    f"(select count(*) > 0 from access.person_all where {_NOW})"
    f" or area_id in (select area_id from access.person_area where {_NOW})"
    " or account_manager_id in"
    f" (select account_manager_id from access.person_account where {_NOW})"
)


def apply(roles: list[str]) -> int:
    """Put the two rules on every dataset of ours with people's rows. Returns how many those are."""
    tables = [
        table
        for table in db.session.query(SqlaTable)
        if str(table.uuid).startswith(OURS) and table.schema not in OPEN_SCHEMAS
    ]
    own = [security_manager.find_role(name) for name in roles]
    # A Regular rule applies to the roles it names, a Base rule to everybody else.
    _rule(SCOPE, "Regular", CLAUSE, tables, own)
    _rule(NOBODY, "Base", "1 = 0", tables, own)
    for rule in db.session.query(RowLevelSecurityFilter):
        if rule.name.startswith("telmart:") and rule.name not in (SCOPE, NOBODY):
            db.session.delete(rule)
    db.session.commit()
    return len(tables)


def _rule(name: str, kind: str, clause: str, tables: list[Any], roles: list[Any]) -> None:
    rule = db.session.query(RowLevelSecurityFilter).filter_by(name=name).one_or_none()
    if rule is None:
        rule = RowLevelSecurityFilter(name=name)
        db.session.add(rule)
    rule.filter_type, rule.clause, rule.tables, rule.roles = kind, clause, tables, roles
