"""The look: tokens of ``theme.yaml`` for Superset, our own images and style sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from flask import Blueprint, Flask
from jinja2 import ChoiceLoader, FileSystemLoader

ASSETS = Path(__file__).resolve().parents[1]
FOLDER = ASSETS / "brand"

blueprint = Blueprint(
    "telmart_brand", __name__, static_folder=str(FOLDER / "static"), static_url_path="/brand"
)


def theme() -> dict[str, Any]:
    """``theme.yaml``: ``token``, ``components``, ``categorical`` and ``sequential`` colours."""
    loaded: dict[str, Any] = yaml.safe_load((ASSETS / "theme.yaml").read_text(encoding="utf-8"))
    return loaded


def install(app: Flask) -> None:
    """Let our templates come before Superset's (only those it offers for this are replaced)."""
    ours = FileSystemLoader(FOLDER / "templates")
    app.jinja_loader = ChoiceLoader([ours, app.jinja_loader])  # type: ignore[misc]
