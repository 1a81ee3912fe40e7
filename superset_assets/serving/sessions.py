"""A person's session, which is a signed cookie, and what has nothing to do with it.

6.1.0 opens the session for every style sheet and script too. To somebody who is not logged in each
of them sends the cookie back, changed by a mark of its own; one that arrives after the log-in puts
the cookie of before in its place. And as their answers are said to vary with the cookie, a browser
fetches all of them again whenever it changes, at the log-in or at a choice of language.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin

#: how paths begin whose answers are the same for everybody
PLAIN = ("/static/", "/brand/", "/health", "/ping", "/superset/language_pack/")


class Sessions(SecureCookieSessionInterface):
    """Flask's own, but for paths of ``PLAIN``: they know no session and send none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """An empty session that nobody keeps where the path is plain."""
        if request.path.startswith(PLAIN):
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Nothing where the path is plain: neither a cookie nor ``Vary: Cookie``."""
        if not request.path.startswith(PLAIN):
            super().save_session(app, session, response)


def install(app: Any) -> None:
    """Let the application keep its sessions so."""
    app.session_interface = Sessions()
