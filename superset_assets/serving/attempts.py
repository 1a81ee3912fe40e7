"""Where login attempts are counted: in Superset's database, so that all server processes share one
count. ``limits`` has no store for PostgreSQL; its own kinds would ask for a Redis.

Limits of a second or less, which every request meets, are counted by each process for itself: a
look into the database for each of them would cost more than they save.
"""

from __future__ import annotations

import time
from contextlib import closing, suppress
from typing import Any, ClassVar

import psycopg2
import psycopg2.errors
from limits.storage import MemoryStorage, Storage

from orchestration.settings import settings

_TABLE = "telmart_login_attempt"
#: nobody waits for a count that is held up: a login fails rather than hang
_PATIENCE = "-c lock_timeout=3s -c statement_timeout=5s"
_MAKE = f"""
create unlogged table if not exists {_TABLE} (
    counted text primary key, attempts integer not null, ends_at double precision not null
)
"""
#: one statement, so that of two processes neither loses a count; after its end a window begins anew
_ADD = f"""
insert into {_TABLE} as known (counted, attempts, ends_at)
values (%(key)s, %(amount)s, %(now)s + %(expiry)s)
on conflict (counted) do update set
    attempts = excluded.attempts
        + case when known.ends_at > %(now)s then known.attempts else 0 end,
    ends_at = case when known.ends_at > %(now)s then known.ends_at else excluded.ends_at end
returning attempts
"""
_TIDY = f"delete from {_TABLE} where ends_at <= %(now)s"


class AttemptStorage(Storage):  # type: ignore[misc]
    """Counts of fixed windows, for ``RATELIMIT_STORAGE_URI = "telmart://"``."""

    STORAGE_SCHEME: ClassVar[list[str]] = ["telmart"]

    def __init__(self, uri: str | None = None, **options: Any) -> None:
        super().__init__(uri, **options)
        self._moment = MemoryStorage()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a store that fails raises."""
        return psycopg2.Error  # type: ignore[no-any-return]

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add ``amount`` to the window of ``key``, which ends ``expiry`` seconds after its first.

        Returns:
            the count with it.
        """
        if expiry <= 1:
            return int(self._moment.incr(key, expiry, amount))
        given = {"key": key, "amount": amount, "expiry": expiry, "now": time.time()}
        attempts = int(self._ask(_ADD, given)[0][0])
        if attempts == amount:  # a window begins: those that have ended go
            self._ask(_TIDY, given)
        return attempts

    def get(self, key: str) -> int:
        """The count so far; 0 where there is none."""
        here = int(self._moment.get(key))
        return here or int(self._read("attempts", key) or 0)

    def get_expiry(self, key: str) -> float:
        """When the window of ``key`` ends, in seconds since 1970; now where there is none."""
        if self._moment.get(key):
            return float(self._moment.get_expiry(key))
        return float(self._read("ends_at", key) or time.time())

    def check(self) -> bool:
        """Whether attempts can be counted."""
        try:
            self._ask("select 1", {})
        except psycopg2.Error:
            return False
        return True

    def reset(self) -> int:
        """Forget every count. Returns how many there were."""
        self._moment.reset()
        return len(self._ask(f"delete from {_TABLE} returning 1", {}))

    def clear(self, key: str) -> None:
        """Forget the count of ``key``."""
        self._moment.clear(key)
        query = f"delete from {_TABLE} where counted = %(key)s returning 1"
        self._ask(query, {"key": key})

    def _read(self, column: str, key: str) -> Any:
        query = f"select {column} from {_TABLE} where counted = %(key)s and ends_at > %(now)s"
        rows = self._ask(query, {"key": key, "now": time.time()})
        return rows[0][0] if rows else None

    def _ask(self, query: str, given: dict[str, Any]) -> list[Any]:
        """Run one statement; the table is made when it is first missed."""
        url = settings().metadata_url("superset")
        with closing(psycopg2.connect(url, connect_timeout=5, options=_PATIENCE)) as link:
            link.autocommit = True
            with link.cursor() as cursor:
                try:
                    cursor.execute(query, given)
                except psycopg2.errors.UndefinedTable:
                    with suppress(psycopg2.errors.UniqueViolation):  # another was quicker
                        cursor.execute(_MAKE)
                    cursor.execute(query, given)
                return list(cursor.fetchall()) if cursor.description else []
