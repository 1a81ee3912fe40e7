"""Where login attempts are counted: in Superset's database, so that all server processes share one
count. ``limits`` has no store for PostgreSQL; its own kinds would ask for a Redis.

Limits of a second or less, which every request meets, are counted by each process for itself: a
look into the database for each of them would cost more than they save.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, ClassVar

import psycopg2
from limits.storage import MemoryStorage, Storage

from orchestration.settings import settings

_TABLE = "telmart_login_attempt"
#: one at a time, also while the table is made; any number that nobody else uses
_LOCK = 715_517
_MAKE = f"""
create unlogged table if not exists {_TABLE} (
    counted text primary key, attempts integer not null, ends_at double precision not null
)
"""
_ADD = f"""
insert into {_TABLE} as known (counted, attempts, ends_at) values (%(key)s, %(amount)s, %(ends_at)s)
on conflict (counted) do update set attempts = known.attempts + excluded.attempts
returning attempts
"""


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
        given = {"key": key, "amount": amount, "ends_at": time.time() + expiry}
        with self._counts() as cursor:
            cursor.execute(_ADD, given)
            return int(cursor.fetchone()[0])

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
            with self._counts():
                return True
        except psycopg2.Error:
            return False

    def reset(self) -> int:
        """Forget every count. Returns how many there were."""
        self._moment.reset()
        with self._counts() as cursor:
            cursor.execute(f"delete from {_TABLE}")
            return int(cursor.rowcount)

    def clear(self, key: str) -> None:
        """Forget the count of ``key``."""
        self._moment.clear(key)
        with self._counts() as cursor:
            cursor.execute(f"delete from {_TABLE} where counted = %s", (key,))

    def _read(self, column: str, key: str) -> Any:
        with self._counts() as cursor:
            cursor.execute(f"select {column} from {_TABLE} where counted = %s", (key,))
            row = cursor.fetchone()
            return row[0] if row else None

    @contextmanager
    def _counts(self) -> Iterator[Any]:
        """The table, without the windows that have ended, for one transaction."""
        url = settings().metadata_url("superset")
        with (
            closing(psycopg2.connect(url, connect_timeout=5)) as link,
            link,
            link.cursor() as cursor,
        ):
            cursor.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
            cursor.execute(_MAKE)
            cursor.execute(f"delete from {_TABLE} where ends_at <= %s", (time.time(),))
            yield cursor
