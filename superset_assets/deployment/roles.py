"""Superset roles from ``roles.yaml``: rights, the published data, and which dashboards."""

from __future__ import annotations

from typing import Any

from superset import db, security_manager
from superset.connectors.sqla.models import SqlaTable
from superset.models.core import Database
from superset.models.dashboard import Dashboard

from orchestration.errors import TelmartError
from superset_assets.deployment.bundle import OURS
from superset_assets.deployment.check import granted


def apply(said: dict[str, Any]) -> list[str]:
    """Make every role exactly what ``said`` (roles.yaml) says. Returns their names.

    Raises:
        TelmartError: this Superset does not know a right.
    """
    tables = [t for t in db.session.query(SqlaTable) if str(t.uuid).startswith(OURS)]
    databases = [d for d in db.session.query(Database) if str(d.uuid).startswith(OURS)]
    for name, persona in said["personas"].items():
        rights = [_right(*right) for part in persona["rights"] for right in said["rights"][part]]
        rights += [_made("datasource_access", table.perm) for table in tables]
        if "sql" in persona["rights"]:
            rights += [
                _made("schema_access", _schema(database, schema))
                for database in databases
                for schema in said["sql_schemas"]
            ]
        role = security_manager.add_role(name)
        if set(role.permissions) != set(rights):
            role.permissions = rights
    db.session.commit()
    _grant_dashboards(said)
    return list(said["personas"])


def _grant_dashboards(said: dict[str, Any]) -> None:
    wanted = granted(said)
    for dashboard in db.session.query(Dashboard):
        if not str(dashboard.uuid).startswith(OURS):
            continue
        roles = [security_manager.find_role(name) for name in wanted[dashboard.slug]]
        if set(dashboard.roles) != set(roles):
            dashboard.roles = roles
        dashboard.is_managed_externally = True  # Superset shows a lock instead of the editor
    db.session.commit()


def _right(permission: str, view: str) -> Any:
    found = security_manager.find_permission_view_menu(permission, view)
    if found is None:
        raise TelmartError(
            f"roles.yaml names the right [{permission}, {view}], unknown to this Superset.",
            "It may have a new name in this version: compare with the Gamma role.",
        )
    return found


def _made(permission: str, view: str) -> Any:
    return security_manager.add_permission_view_menu(permission, view)


def _schema(database: Any, schema: str) -> str:
    catalog = database.get_default_catalog()
    return str(security_manager.get_schema_perm(database.database_name, catalog, schema))
