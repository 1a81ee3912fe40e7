"""Data Docs under ``/quality/``, for the people who repair data and for administrators.

Great Expectations writes pages that load Bootstrap, jQuery and logos from the internet and build
their index with scripts. Here they are served without anything from elsewhere: scripts and remote
links are taken out, our style sheet is put in, and the index is made from the files themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    send_from_directory,
    session,
)
from flask_login import current_user

from orchestration.settings import settings

#: Superset roles that may read them; values of failing rows may be in there
READERS = frozenset({"data_engineer", "Admin"})
#: results listed at once, the latest first
MOST = 500

blueprint = Blueprint("telmart_quality", __name__, url_prefix="/quality")

_SCRIPT = re.compile(r"<script\b.*?</script\s*>", re.DOTALL | re.IGNORECASE)
_HANDLER = re.compile(r"\son[a-z]+\s*=\s*\"[^\"]*\"", re.IGNORECASE)
_REMOTE = re.compile(
    r"<(?:link|img)\b[^>]*?\b(?:href|src)\s*=\s*[\"']?\s*(?:https?:)?//[^>]*>", re.IGNORECASE
)
#: put behind a batch's name to tell two of one run apart
_COUNTER = re.compile(r" \d+$")
_OUR_STYLE = '<link rel="stylesheet" href="/brand/data_docs.css">'
_WORDS = {
    "zh": {
        "title": "数据质量",
        "about": "每次运行对到达数据和数据集市的检查结果，最近的在前。",
        "time": "时间", "suite": "检查集", "batch": "对象", "result": "结果",
        "passed": "通过", "failed": "未通过", "empty": "首次运行后，这里显示检查结果。",
    },
    "en": {
        "title": "Data quality",
        "about": "What each run found when it checked arrivals and marts, the latest first.",
        "time": "Time", "suite": "Suite", "batch": "Checked", "result": "Result",
        "passed": "passed", "failed": "failed", "empty": "Results appear here after the first run.",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Result:
    """One page of results: ``validations/<suite…>/<run>/<time>/<batch>.html``."""

    page: str
    suite: str
    batch: str
    time: datetime
    passed: bool


@blueprint.route("/")
@blueprint.route("/<path:page>")
def show(page: str = "index.html") -> Any:
    """One page of Data Docs; 404 for everybody else, so that nothing is learned from trying."""
    if not current_user.is_authenticated:
        return redirect(f"{current_app.appbuilder.get_url_for_login}?next={request.path}")
    if not READERS & {role.name for role in current_user.roles}:
        abort(404)
    folder = settings().home / "data_docs"
    if page == "index.html":
        locale = session.get("locale", "zh")
        words = _WORDS.get(locale, _WORDS["en"])
        return render_template("telmart/quality.html", words=words, results=results(folder))
    answer = send_from_directory(folder, page, max_age=0)  # also refuses ways out of the folder
    if not page.endswith(".html"):
        return answer
    answer.close()
    return Response(cleaned((folder / page).read_text(encoding="utf-8")), mimetype="text/html")


def cleaned(html: str) -> str:
    """A page of Great Expectations without scripts and remote parts, in our style."""
    for pattern in (_SCRIPT, _REMOTE, _HANDLER):
        html = pattern.sub("", html)
    return html.replace("</head>", f"{_OUR_STYLE}</head>", 1)


def results(folder: Path) -> list[Result]:
    """The latest results in ``folder``, the newest first."""
    found = []
    for path in (folder / "validations").rglob("*.html"):
        *suite, _, moment, name = path.relative_to(folder / "validations").parts
        try:
            time = datetime.strptime(moment, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            continue  # not one of theirs
        local = time.astimezone(ZoneInfo(settings().timezone))
        named = ".".join(suite)
        batch = name.removesuffix(".html").partition("-")[2].removeprefix(f"{named}.")
        page = path.relative_to(folder).as_posix()
        passed = _passed(path, path.stat().st_mtime_ns)
        found.append(Result(page, named, _COUNTER.sub("", batch), local, passed))
    return sorted(found, key=lambda result: result.time, reverse=True)[:MOST]


@lru_cache(maxsize=4 * MOST)
def _passed(path: Path, mtime_ns: int) -> bool:
    """Whether the page reports success; it says so in its overview."""
    del mtime_ns  # part of the key: a page written anew is read anew
    status = re.search(r"Status:.*?(Succeeded|Failed)", path.read_text("utf-8"), re.DOTALL)
    return bool(status and status[1] == "Succeeded")
