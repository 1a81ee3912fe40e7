"""The look: tokens of ``theme.yaml`` for Superset, our own images and style sheet."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml
from flask import Blueprint, Flask, render_template, request, session
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.exceptions import HTTPException, NotFound

ASSETS = Path(__file__).resolve().parents[1]
FOLDER = ASSETS / "brand"

blueprint = Blueprint(
    "telmart_brand", __name__, static_folder=str(FOLDER / "static"), static_url_path="/brand"
)


def theme() -> dict[str, Any]:
    """``theme.yaml``: ``token``, ``components``, ``categorical`` and ``sequential`` colours."""
    loaded: dict[str, Any] = yaml.safe_load((ASSETS / "theme.yaml").read_text(encoding="utf-8"))
    return loaded


_PROMISE = {
    "zh": "谁在流失，谁该挽留，今天就看得见",
    "en": "See who is leaving, and whom to keep, today",
}
_MISSING = {
    "zh": {
        "title": "没有找到这个页面",
        "text": "地址可能有误，或者这个看板不在您的权限范围内。如需查看，请联系系统管理员。",
        "back": "返回首页",
    },
    "en": {
        "title": "There is no such page",
        "text": "The address may be wrong, or this dashboard is not among yours."
        " If you need it, ask your administrator.",
        "back": "Back to my dashboard",
    },
}


def install(app: Flask) -> None:
    """Let our templates come before Superset's (only those it offers for this are replaced)."""
    ours = FileSystemLoader(FOLDER / "templates")
    app.jinja_loader = ChoiceLoader([ours, app.jinja_loader])  # type: ignore[misc]
    files = sorted((FOLDER / "static").iterdir())
    version = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]

    @app.context_processor
    def words() -> dict[str, str]:
        locale = session.get("locale", "zh")
        return {
            "telmart_brand": version,
            "telmart_lang": "zh-CN" if locale == "zh" else locale,
            "telmart_promise": _PROMISE.get(locale, _PROMISE["en"]),
        }

    @app.errorhandler(NotFound)
    def missing(error: NotFound) -> Any:
        if request.path.startswith("/api/") or "text/html" not in request.accept_mimetypes:
            return app.error_handler_spec[None][None][HTTPException](error)  # Superset's own
        words = _MISSING.get(session.get("locale", "zh"), _MISSING["en"])
        return render_template("telmart/missing.html", words=words), 404
