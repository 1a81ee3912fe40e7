"""What deployments remember, kept where it is lost together with what it describes.

A table of our own in Superset's metadata database, read without starting Superset, so that an
unchanged deployment is recognised in a fraction of a second.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

import psycopg2

from orchestration.errors import TelmartError
from orchestration.settings import Settings

_TABLE = """
create table if not exists telmart_deployment (
    name text primary key,
    value text not null,
    noted_at timestamptz not null default now()
)
"""


class Notes:
    """Names and values; each ``set`` is committed at once."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.metadata_url("superset")

    def __enter__(self) -> Notes:
        try:
            self._link: Any = psycopg2.connect(self._url, connect_timeout=10)
        except psycopg2.OperationalError as error:
            raise TelmartError(
                f"Superset's metadata database does not answer: {str(error).strip()}",
                "Start the engine first: telmart up.",
            ) from error
        self._link.autocommit = True
        self._run(_TABLE)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._link.close()

    def get(self, name: str) -> str | None:
        """The value noted under ``name``."""
        rows = self._run("select value from telmart_deployment where name = %s", name)
        return str(rows[0][0]) if rows else None

    def set(self, name: str, value: str) -> None:
        """Note ``value`` under ``name``."""
        self._run(
            "insert into telmart_deployment (name, value) values (%s, %s)"
            " on conflict (name) do update set value = excluded.value, noted_at = now()",
            name,
            value,
        )

    def only_one(self) -> None:
        """Wait until no other deployment runs; the lock ends with this connection."""
        self._run("select pg_advisory_lock(hashtext('telmart.deploy'))")

    def _run(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        with self._link.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall()) if cursor.description else []
