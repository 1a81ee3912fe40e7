"""Data Docs under ``/quality/``, for the people who repair data and for administrators."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, current_app, redirect, request, send_from_directory
from flask_login import current_user

from orchestration.settings import settings

#: Superset roles that may read them; values of failing rows may be in there
READERS = frozenset({"data_engineer", "Admin"})

blueprint = Blueprint("telmart_quality", __name__, url_prefix="/quality")


@blueprint.route("/")
@blueprint.route("/<path:page>")
def show(page: str = "index.html") -> Any:
    """One file of Data Docs; 404 for everybody else, so that nothing is learned from trying."""
    if not current_user.is_authenticated:
        return redirect(f"{current_app.appbuilder.get_url_for_login}?next={request.path}")
    if not READERS & {role.name for role in current_user.roles}:
        abort(404)
    folder = settings().home / "data_docs"
    if not (folder / "index.html").exists():
        text = "Data Docs appear here after the first run. / 首次运行后，此处显示数据质量报告。"
        return Response(text, mimetype="text/plain", status=404)
    return send_from_directory(folder, page, max_age=0)
