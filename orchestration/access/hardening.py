"""Close what PostgreSQL leaves open to everybody and an analysis system must not.

All of it lives in the warehouse database (plus two rights on its neighbours), is found by rule
rather than by list, and is looked at anew at every call. What only a superuser may change is left
as a script where the owner is none (an external server).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

#: Functions with side effects, or that look at more than their arguments, are volatile; these few
#: volatile ones are harmless and useful to an analyst.
_KEPT = (
    "random", "random_normal", "setseed", "array_sample", "array_shuffle", "clock_timestamp",
    "timeofday", "gen_random_uuid", "uuidv4", "uuidv7", "pg_is_in_recovery", "pg_jit_available",
    "pg_collation_actual_version", "pg_partition_tree", "pg_partition_ancestors", "amvalidate",
    "pg_cancel_backend", "pg_terminate_backend",  # their own sessions only
)  # fmt: skip

#: Closed though they are not volatile: they run SQL given as text, or show what others do.
_CLOSED = r"(^pg_stat_get_|_to_xml(schema)?$|_to_xml_and_xmlschema$|^pg_get_replication_slots$)"

_FUNCTIONS = """
    select p.oid::regprocedure::text
    from pg_proc as p
    where p.pronamespace = 'pg_catalog'::regnamespace
        and p.prokind = 'f'
        and (p.provolatile = 'v' or p.proname ~ %(closed)s)
        and p.proname <> all(%(kept)s)
        -- type and trigger support cannot be called from SQL
        and p.prorettype <> all('{internal,trigger,event_trigger,language_handler}'::regtype[])
        and not 'internal'::regtype = any(p.proargtypes::oid[])
        and exists (
            select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl
            where acl.grantee = 0 and acl.privilege_type = 'EXECUTE'
        )
    order by 1
"""

#: Statistics of columns hold values; these views are guarded by row security, but not needed.
_VIEWS = """
    select c.oid::regclass::text
    from pg_class as c
    where c.relnamespace = 'pg_catalog'::regnamespace
        and c.relname in ('pg_stats', 'pg_stats_ext', 'pg_stats_ext_exprs')
        and exists (
            select from aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) as acl
            where acl.grantee = 0 and acl.privilege_type = 'SELECT'
        )
    order by 1
"""

#: Comparisons of text count as leakproof, so the planner may look up `area_id = 'X'` in the index
#: before the row policy, and EXPLAIN ANALYZE then counts the rows the policy removed: how many
#: customers another area has. Without the mark the policy always comes first. Dates keep it, so
#: that a month is still found by its index.
_LEAKPROOF = """
    select p.oid::regprocedure::text
    from pg_proc as p
    where p.pronamespace = 'pg_catalog'::regnamespace
        and p.proleakproof
        and p.proargtypes::oid[] && '{text,varchar,bpchar,name}'::regtype[]::oid[]
    order by 1
"""

_LANGUAGES = """
    select quote_ident(l.lanname)
    from pg_language as l
    where l.lanpltrusted
        and exists (
            select from aclexplode(coalesce(l.lanacl, acldefault('l', l.lanowner))) as acl
            where acl.grantee = 0
        )
    order by 1
"""

#: the server's other databases that let everybody in (ours were closed when they were made)
_DATABASES = """
    select quote_ident(d.datname)
    from pg_database as d
    where d.datallowconn
        and exists (
            select from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as acl
            where acl.grantee = 0 and acl.privilege_type in ('CONNECT', 'TEMPORARY', 'CREATE')
        )
    order by 1
"""


@dataclass(frozen=True)
class Opening:
    """Something still open to everybody, and the statement that closes it."""

    what: str
    statement: str
    #: not ours alone: on a shared server its owner must decide
    neighbour: bool = False


def openings(warehouse: psycopg.Connection[Any]) -> list[Opening]:
    """All that is open in this database and server; empty once hardened."""
    params = {"closed": _CLOSED, "kept": list(_KEPT)}
    owner = warehouse.execute("select quote_ident(current_user)").fetchone()
    me = owner[0] if owner else "telmart"
    found = []
    for (f,) in warehouse.execute(_FUNCTIONS, params):
        # the owner's jobs keep what they use (advisory locks, for one) where he is no superuser
        statement = (
            f"revoke execute on function {f} from public; grant execute on function {f} to {me};"
        )
        found.append(Opening(f"function {f}", statement))
    for (view,) in warehouse.execute(_VIEWS):
        statement = f"revoke select on {view} from public; grant select on {view} to {me};"
        found.append(Opening(f"view {view}", statement))
    for (f,) in warehouse.execute(_LEAKPROOF):
        found.append(Opening(f"leakproof mark of {f}", f"alter function {f} not leakproof;"))
    for (language,) in warehouse.execute(_LANGUAGES):
        statement = (
            f"revoke usage on language {language} from public;"
            f" grant usage on language {language} to {me};"
        )
        found.append(Opening(f"language {language}", statement))
    for (database,) in warehouse.execute(_DATABASES):
        statement = f"revoke all on database {database} from public;"
        found.append(Opening(f"database {database}", statement, neighbour=True))
    return found


def harden(warehouse: psycopg.Connection[Any], *, own_server: bool) -> list[Opening]:
    """Close every opening this role may close; return those that stay. The caller commits.

    Args:
        warehouse: the owner's connection.
        own_server: whether the server is the embedded one. On a shared server the other databases
            are left alone and returned.
    """
    row = warehouse.execute(
        "select rolsuper from pg_roles where rolname = current_user"
    ).fetchone()  # fmt: skip
    superuser = bool(row and row[0])
    remaining = []
    for opening in openings(warehouse):
        if superuser and (own_server or not opening.neighbour):
            warehouse.execute(opening.statement)  # type: ignore[call-overload]
        else:
            remaining.append(opening)
    return remaining


def script(remaining: list[Opening]) -> str:
    """SQL that a superuser can read, and run in the warehouse database, to close the rest."""
    lines = [f"-- {o.what}\n{o.statement}" for o in remaining]
    return "\n".join(["begin;", *lines, "commit;", ""])
