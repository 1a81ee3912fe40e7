"""How gunicorn runs Superset; ``orchestration/engine/services.py`` says where and with how many."""

from __future__ import annotations

from typing import Any

worker_class = "gthread"
#: of each process: with four of them sixteen questions at once, as many connections as a person may
#: hold (orchestration/access/logins.py)
threads = 4
timeout = 120
#: Superset is loaded once and forked: a second process costs neither its time nor its memory again
preload_app = True
#: nobody asks over it, and it would lie in the home directory
control_socket_disable = True


def post_fork(server: Any, worker: Any) -> None:
    """Let go of connections that the parent opened: two processes must not talk over one."""
    from superset import db  # noqa: PLC0415 - loaded by now

    with worker.app.wsgi().app_context():
        db.engine.dispose(close=False)
