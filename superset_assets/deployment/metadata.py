"""Superset's own tables: brought to the version installed, once per version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
import superset
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask_migrate import upgrade
from superset import appbuilder, db, security_manager

_MARK = "permissions"


def migrate() -> bool:
    """Run the migrations that are missing. Returns whether there were any."""
    folder = Path(superset.__file__).parent / "migrations"
    config = Config()
    config.set_main_option("script_location", str(folder))
    head = ScriptDirectory.from_config(config).get_current_head()
    if _current() == head:
        return False
    db.session.commit()  # the inspection's transaction would block the migrations' locks
    upgrade(directory=str(folder))
    return True


def initialise(notes: Any) -> bool:
    """Create the permissions and stock roles of this version (``superset init``), once.

    Args:
        notes: what this deployment remembers, see ``notes.Notes``.
    """
    head = _current() or ""
    if notes.get(_MARK) == head:
        return False
    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    db.session.commit()
    notes.set(_MARK, head)
    return True


def _current() -> str | None:
    if not sa.inspect(db.engine).has_table("alembic_version"):
        return None
    found: str | None = db.session.execute("select version_num from alembic_version").scalar()
    return found
