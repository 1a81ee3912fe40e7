"""The style sheet of a dashboard: one file for all, and the places of its tiles."""

from __future__ import annotations

from superset_assets.builder.catalog import Catalog
from superset_assets.builder.specs import ASSETS, Dashboard, Specs


def style(dashboard: Dashboard, catalog: Catalog, specs: Specs, language: str) -> str:
    """CSS of ``dashboard`` in ``language``."""
    del dashboard, catalog, specs, language
    return (ASSETS / "css/dashboard.css").read_text(encoding="utf-8")
