"""The database session of a loader: its settings, and what to say when it is gone."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import Connection

from orchestration.errors import TelmartError


def lost(error: BaseException | str) -> TelmartError:
    """The error for a connection that broke in the middle of a load."""
    text = error if isinstance(error, str) else one_line(error)
    return TelmartError(
        f"The connection to the warehouse was lost: {text}",
        "Nothing of the load was kept. Run `telmart up`, then load the same files again.",
    )


#: settings of a loader's session, each with its reason
_SETTINGS = (
    # the server notices soon that a killed loader is gone, and lets go of its lock
    "set client_connection_check_interval = '1s'",
    # COPY says in words which row it left out
    "set lc_messages = 'C'",
    "set statement_timeout = 0",
    "set idle_in_transaction_session_timeout = 0",
    "set client_encoding = 'UTF8'",
)


def prepare(connection: Connection[Any]) -> None:
    """Session settings of a loader. Where one is not ours to set, the load works without it."""
    try:
        connection.execute("; ".join(_SETTINGS))  # in one go: there are many small loads
        connection.commit()
    except psycopg.Error:
        connection.rollback()
        for setting in _SETTINGS:
            try:
                connection.execute(setting)  # type: ignore[arg-type]
                connection.commit()
            except psycopg.Error:
                connection.rollback()


def one_line(error: BaseException) -> str:
    """What an exception says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__
