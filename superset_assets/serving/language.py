"""Chinese and English: the language pack with its guesses taken out, and whose language it is.

Superset's Chinese pack marks a third of its entries as fuzzy guesses ("Sign in" reads as "not in").
``i18n/zh.po`` replaces those people meet; a guess nobody has checked gives way to the English text,
which is at least true.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, Response, request, session
from flask_login import current_user

from orchestration.settings import settings
from superset_assets.serving import sessions
from superset_assets.serving.people import people

OVERLAYS = Path(__file__).resolve().parents[1] / "i18n"
DEFAULT = "zh"
LANGUAGES = {
    "zh": {"flag": "cn", "name": "简体中文"},
    "en": {"flag": "us", "name": "English"},
}
CHINESE_DATES = {
    "dateTime": "%Y年%-m月%-d日 %X",
    "date": "%Y-%m-%d",
    "time": "%H:%M:%S",
    "periods": ["上午", "下午"],
    "days": ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"],
    "shortDays": ["周日", "周一", "周二", "周三", "周四", "周五", "周六"],
    "months": [f"{month}月" for month in range(1, 13)],
    "shortMonths": [f"{month}月" for month in range(1, 13)],
}
_PACKS = ("/superset/language_pack/zh/", "/superset/language_pack/zh-cn/")
#: languages as web pages name them
_TAGS = {"zh": "zh-CN", "en": "en"}


def translation_folder() -> Path:
    """Where the merged pack of this version lies; made when it is not there yet.

    Returns:
        ``<home>/superset/i18n/<fingerprint>`` with ``zh/LC_MESSAGES/messages.{mo,json}``.
    """
    upstream = _upstream() / "zh/LC_MESSAGES/messages.po"
    overlay = OVERLAYS / "zh.po"
    mark = hashlib.sha256(Path(__file__).read_bytes())
    for part in (upstream, overlay):
        mark.update(part.read_bytes())
    folder = settings().home / "superset/i18n" / mark.hexdigest()[:12]
    target = folder / "zh/LC_MESSAGES"
    if not (target / "messages.json").exists():
        target.mkdir(parents=True, exist_ok=True)
        with upstream.open("rb") as theirs, overlay.open("rb") as ours:
            catalog = merge(read_po(theirs, locale="zh"), read_po(ours, locale="zh"))
        with (target / "messages.mo").open("wb") as file:
            write_mo(file, catalog)
        staged = target / "messages.json.new"  # last and by rename: its presence means all is there
        staged.write_text(json.dumps(browser_pack(catalog), ensure_ascii=False), encoding="utf-8")
        staged.rename(target / "messages.json")
    return folder


def merge(upstream: Catalog, overlay: Catalog) -> Catalog:
    """Checked entries of ``upstream`` and all of ``overlay``; unchecked guesses become English."""
    merged = Catalog(locale="zh", domain="messages")
    for message in upstream:
        if not message.id:
            continue
        if message.fuzzy:
            merged.add(message.id, message.id, context=message.context)
        elif _translated(message):
            merged.add(message.id, message.string, context=message.context)
    for message in overlay:
        if message.id and _translated(message):
            merged.delete(message.id, message.context)
            merged.add(message.id, message.string, context=message.context)
    return merged


def browser_pack(catalog: Catalog) -> dict[str, Any]:
    """The same catalogue in the form the browser reads (Jed 1.x)."""
    entries: dict[str, Any] = {
        "": {"domain": "superset", "plural_forms": "nplurals=1; plural=0;", "lang": "zh"}
    }
    for message in catalog:
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            string: Any = message.string  # Chinese has one form, whatever the number
            entries[key] = [string if isinstance(string, str) else string[0]]
    return {"domain": "superset", "locale_data": {"superset": entries}}


def localise(bootstrap: dict[str, Any]) -> dict[str, Any]:
    """``COMMON_BOOTSTRAP_OVERRIDES_FUNC``: dates in the reader's language.

    The page takes its locale for the language pack and for "2 minutes ago" alike; its date library
    knows Chinese as zh-cn only, so that is what the page is told.
    """
    if bootstrap["locale"] != "zh":
        return {"d3_time_format": {}}
    return {"d3_time_format": CHINESE_DATES, "locale": "zh-cn"}


def install(app: Flask) -> None:
    """Serve the merged pack (to the login page too) and give each person their language."""

    @app.before_request
    def language_pack() -> Response | None:
        if request.path not in _PACKS:
            return None
        answer = Response(_pack_text(), mimetype="application/json")
        answer.headers["Cache-Control"] = "public, max-age=3600"
        return answer

    @app.before_request
    def own_language() -> None:
        if request.path.startswith(sessions.PLAIN):
            return
        if current_user.is_authenticated:
            name = current_user.username
            if session.get("telmart_person") != name:  # first request after logging in
                session["telmart_person"] = name
                person = people().get(name)
                session["locale"] = person.language if person else _browser_language()
        elif session.get("locale") not in LANGUAGES:
            session["locale"] = _browser_language()

    @app.after_request
    def page_says_its_language(answer: Response) -> Response:
        """Fonts and readers' voices go by it; 6.1.0's pages say nothing."""
        if answer.mimetype == "text/html" and not answer.is_streamed:
            text = answer.get_data(as_text=True)
            tag = f'<html lang="{_TAGS.get(session.get("locale"), _TAGS[DEFAULT])}">'
            answer.set_data(text.replace("<html>", tag, 1))
        return answer


def _browser_language() -> str:
    return request.accept_languages.best_match(list(LANGUAGES), default=DEFAULT) or DEFAULT


@cache
def _pack_text() -> str:
    return (translation_folder() / "zh/LC_MESSAGES/messages.json").read_text(encoding="utf-8")


def _upstream() -> Path:
    import superset  # noqa: PLC0415 - only its place is wanted

    return Path(superset.__file__).parent / "translations"


def _translated(message: Any) -> bool:
    string = message.string
    return bool(string if isinstance(string, str) else any(string))
