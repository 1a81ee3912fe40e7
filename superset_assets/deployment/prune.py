"""Removal of what the code no longer has. Superset's importer never deletes."""

from __future__ import annotations

from superset import db
from superset.connectors.sqla.models import SqlaTable
from superset.models.core import Database
from superset.models.dashboard import Dashboard
from superset.models.slice import Slice

from superset_assets.deployment.bundle import OURS, Bundle

#: in this order, so that nothing is deleted before what refers to it
_KINDS = ((Dashboard, "dashboards"), (Slice, "charts"), (SqlaTable, "datasets"))


def apply(bundle: Bundle) -> list[str]:
    """Delete our objects that are not in the bundle; people's own are never touched.

    Returns:
        What was deleted, as ``chart Churn by city``.
    """
    gone = []
    for model, kind in (*_KINDS, (Database, "databases")):
        wanted = bundle.uuids(kind)
        for found in db.session.query(model).all():
            if str(found.uuid).startswith(OURS) and str(found.uuid) not in wanted:
                gone.append(f"{kind[:-1]} {found}")
                db.session.delete(found)
        db.session.commit()
    return gone
