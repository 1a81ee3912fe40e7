"""Superset's connection to the warehouse: always the person who asks, never a service account.

The database entry in Superset names the gate role, which sees nothing. Whoever is not in
people.csv (an administrator of Superset, a background task, a user made by hand) stays at the gate.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from orchestration.settings import GATE, Settings, settings
from superset_assets.serving.people import people

#: seconds a person's stamp is taken as known: how long an answer may outlive a change of scope
STAMP_SECONDS = 3.0

_STAMP = """
select md5(coalesce(string_agg(part, '|' order by part), ''))
from (
    select 'all' as part from access.person_all
    where person = current_user and now() >= valid_from and now() < valid_until
    union all
    select 'area ' || area_id from access.person_area
    where person = current_user and now() >= valid_from and now() < valid_until
    union all
    select 'account ' || account_manager_id from access.person_account
    where person = current_user and now() >= valid_from and now() < valid_until
    union all
    select 'data ' || published::text from status.data_state as published
) as parts
"""

_stamps: dict[str, tuple[float, str]] = {}


def role_of(username: str | None) -> str:
    """The database role for a Superset user: the person's own, or the gate."""
    return username if username and username in people() else GATE


def connect_as_person(
    uri: Any, params: dict[str, Any], username: str | None, security_manager: Any, source: Any
) -> tuple[Any, dict[str, Any]]:
    """``DB_CONNECTION_MUTATOR``: put the person's role, password and the server's address in.

    Only the warehouse entry (the one that names the gate) is touched.
    """
    if uri.username != GATE:
        return uri, params
    where = settings()
    url = urlsplit(where.database_url())
    role = role_of(username)
    uri = uri.set(
        username=role,
        password=where.secret("pg:" + role),
        host=url.hostname,
        port=url.port or 5432,
        database=where.warehouse,
    )
    if url.query:  # an external server's own demands, such as sslmode=verify-full
        uri = uri.update_query_string(url.query)
    params.setdefault("connect_args", {}).update(
        {"application_name": f"superset {role}", "connect_timeout": 5}
    )
    return uri, params


def stamp(username: str | None) -> str:
    """What a cached answer for this person depends on besides the question: scope and data.

    It becomes part of the cache key, so that no answer outlives a change of the person's scope or
    of the published data by more than ``STAMP_SECONDS``, and nobody meets another's answer.
    """
    where = settings()
    role = role_of(username)
    if role == GATE:
        return f"gate {username}"
    now = time.monotonic()
    known = _stamps.get(role)
    if known is None or now - known[0] > STAMP_SECONDS:
        known = (now, _read_stamp(where, role))
        _stamps[role] = known
    return f"{role} {known[1]}"


def forget_stamps() -> None:
    """Ask the warehouse anew at the next question."""
    _stamps.clear()


def _read_stamp(where: Settings, role: str) -> str:
    import psycopg2  # noqa: PLC0415 - only the server needs it

    try:
        url = where.database_url(user=role)
        with closing(psycopg2.connect(url, connect_timeout=5)) as link, link.cursor() as cursor:
            cursor.execute(_STAMP)
            (found,) = cursor.fetchall()[0]
            return str(found)
    except psycopg2.Error:
        # The chart's own query will meet the same error and show it. A key of its own keeps any
        # older answer from being served meanwhile.
        return f"unknown {time.monotonic_ns()}"
