"""Look at the database as it is and name everything that would let a person see too much.

Used by ``telmart doctor`` and the tests. Nothing here trusts what ``apply`` believes it did.
"""

from __future__ import annotations

from typing import Any

import psycopg

from orchestration.access.served import faults_of

#: schemas a person may look into, beside those of the published marts
_OPEN_SCHEMAS = ("access", "status")

#: What can be read there, and how: rows of one's own only, or one row per mart for everybody.
_READABLE = {
    ("access", "person_area"), ("access", "person_account"), ("access", "person_all"),
    ("status", "data_state"),
    ("status", "month_close"),
}  # fmt: skip

_PEOPLE = """
    select r.rolname
    from pg_roles as r
    inner join pg_auth_members as m on m.member = r.oid
    inner join pg_roles as g on m.roleid = g.oid and g.rolname = 'telmart_people'
    where r.rolcanlogin and m.inherit_option  -- whoever made the group is a member without rights
    order by 1
"""
_STRONG = """
    select rolname from pg_roles
    where rolname = any(%(people)s::text[] || '{telmart_gate,telmart_people,telmart_scope_all,
        telmart_scope_area,telmart_scope_account}'::text[])
        and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
    order by 1
"""
_MEMBERSHIPS = """
    select r.rolname, g.rolname
    from pg_auth_members as m
    inner join pg_roles as r on m.member = r.oid
    inner join pg_roles as g on m.roleid = g.oid
    where r.rolname = any(%(people)s::text[] || '{telmart_people,telmart_scope_all,
        telmart_scope_area,telmart_scope_account}'::text[])
        and (m.set_option or m.admin_option or g.rolname not in (
            'telmart_people', 'telmart_scope_all', 'telmart_scope_area', 'telmart_scope_account'
        ))
    order by 1, 2
"""
_SCHEMAS = """
    select n.nspname, r.rolname
    from pg_namespace as n
    cross join pg_roles as r
    where r.rolname = any(array_append(%(people)s::text[], 'telmart_gate'))
        and n.nspname not in ('pg_catalog', 'information_schema')
        and n.nspname !~ '^pg_(toast|temp)'
        and (
            has_schema_privilege(r.oid, n.oid, 'create')
            or (has_schema_privilege(r.oid, n.oid, 'usage')
                and (r.rolname = 'telmart_gate' or n.nspname <> all(%(open)s)))
        )
    order by 1, 2
"""
#: relations outside the system's that a person can read or write in any way, by privilege
_RELATIONS = """
    select distinct n.nspname, c.relname, privilege
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    cross join unnest('{select,insert,update,delete,truncate,references,trigger,maintain}'::text[])
        as privilege
    cross join pg_roles as r
    where r.rolname = any(array_append(%(people)s::text[], 'telmart_gate'))
        and c.relkind in ('r', 'p', 'v', 'm', 'f')
        and n.nspname not in ('pg_catalog', 'information_schema')
        and n.nspname !~ '^pg_(toast|temp)'
        and has_table_privilege(r.oid, c.oid, privilege)
    order by 1, 2, 3
"""
_FUNCTIONS = """
    select distinct p.oid::regprocedure::text
    from pg_proc as p
    inner join pg_namespace as n on p.pronamespace = n.oid
    cross join pg_roles as r
    where r.rolname = any(array_append(%(people)s::text[], 'telmart_gate'))
        and p.prosecdef
        and has_schema_privilege(r.oid, n.oid, 'usage')
        and has_function_privilege(r.oid, p.oid, 'execute')
        and p.oid::regprocedure::text <> all(
            '{access.request_msisdn(text\\,text),access.reveal_msisdn(bigint),
            access.request_vip_profile(text\\,text),access.reveal_vip_profile(bigint)}'::text[]
        )
    order by 1
"""
_DATABASES = """
    select d.datname, r.rolname
    from pg_database as d
    cross join pg_roles as r
    where r.rolname = any(%(people)s::text[]) and d.datallowconn
        and (
            (d.datname <> current_database() and has_database_privilege(r.oid, d.oid, 'connect'))
            or has_database_privilege(r.oid, d.oid, 'create')
            or has_database_privilege(r.oid, d.oid, 'temporary')
        )
    order by 1, 2
"""


def audit(warehouse: psycopg.Connection[Any]) -> list[str]:
    """Every way found in which a person could see or do more than intended; empty when none.

    ``warehouse`` is the owner's connection; nothing is changed.
    """
    served = warehouse.execute(
        "select schema_name, table_name from access.served_table order by 1, 2"
    ).fetchall()
    people = [row[0] for row in warehouse.execute(_PEOPLE)]
    params = {"people": people, "open": [*_OPEN_SCHEMAS, *sorted({s for s, _ in served})]}

    def rows(query: str) -> list[tuple[Any, ...]]:
        return warehouse.execute(query, params).fetchall()  # type: ignore[call-overload,no-any-return]

    found: list[str] = []
    for schema, table in served:
        found += faults_of(warehouse, schema, table)
    found += [f"role {r} has rights over the server or passes row security"
              for (r,) in rows(_STRONG)]  # fmt: skip
    found += [f"role {r} is a member of {g} in a way that lets it act as {g}"
              for r, g in rows(_MEMBERSHIPS)]  # fmt: skip
    found += [f"schema {n} is open to {r}" for n, r in rows(_SCHEMAS)]
    allowed = {(s, t) for s, t in served} | _READABLE
    found += [
        f"{schema}.{table} gives people {privilege}"
        for schema, table, privilege in rows(_RELATIONS)
        if privilege != "select" or (schema, table) not in allowed
    ]
    found += [f"function {f} runs with its owner's rights" for (f,) in rows(_FUNCTIONS)]
    found += [f"database {d} is open to {r} for more than reading the marts"
              for d, r in rows(_DATABASES)]  # fmt: skip
    return found
