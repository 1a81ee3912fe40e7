"""Where a person lands, and which language version of a dashboard they see.

A dashboard has a sister in the other language: ``retention-city`` and ``retention-city-en``.
Switching the language, or opening a link a colleague sent, leads to the sister in one's own.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml
from flask import Flask, redirect, request, session
from flask_login import current_user

from superset_assets.serving.people import people

ROLES = Path(__file__).resolve().parents[1] / "roles.yaml"
ENGLISH = "-en"
#: state that belongs to one dashboard and means nothing on its sister
_OWN_STATE = ("native_filters_key", "permalink_key", "dashboard_page_id")
_DASHBOARD = re.compile(r"/superset/dashboard/([a-z0-9-]+)/")
_HOME = ("/", "/superset/welcome/")


@cache
def personas() -> dict[str, Any]:
    """``personas`` of roles.yaml by name."""
    found: dict[str, Any] = yaml.safe_load(ROLES.read_text(encoding="utf-8"))["personas"]
    return found


def in_language(slug: str, locale: str) -> str:
    """The name of a dashboard's version in ``locale``."""
    base = slug.removesuffix(ENGLISH)
    return base + ENGLISH if locale == "en" else base


def install(app: Flask) -> None:
    """Redirect from the empty welcome page and between sisters."""

    @app.before_request
    def lead() -> Any:
        if request.method != "GET" or not current_user.is_authenticated:
            return None
        locale = session.get("locale", "zh")
        if request.path in _HOME:
            slug = _landing(current_user.username, locale)
            return redirect(f"/superset/dashboard/{slug}/" if slug else "/dashboard/list/")
        match = _DASHBOARD.fullmatch(request.path)
        if match:
            wanted = in_language(match[1], locale)
            if wanted != match[1] and _exists(wanted):
                kept = [(k, v) for k, v in request.args.items(multi=True) if k not in _OWN_STATE]
                query = f"?{urlencode(kept)}" if kept else ""
                return redirect(f"/superset/dashboard/{wanted}/{query}")
        return None


def _landing(username: str, locale: str) -> str | None:
    person = people().get(username)
    first = personas().get(person.persona, {}).get("landing") if person else None
    if not first:
        return None
    wanted = in_language(first, locale)
    return next((slug for slug in (wanted, first) if _exists(slug)), None)


def _exists(slug: str) -> bool:
    from superset import db  # noqa: PLC0415 - the application must be there first
    from superset.models.dashboard import Dashboard  # noqa: PLC0415

    return db.session.query(Dashboard.id).filter_by(slug=slug).first() is not None
