"""Login roles of people: made, set right, put into groups, taken away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

from orchestration.errors import TelmartError

PEOPLE = "telmart_people"
SCOPE_GROUPS = {
    "all": "telmart_scope_all",
    "province": "telmart_scope_area",
    "city": "telmart_scope_area",
    "county": "telmart_scope_area",
    "area": "telmart_scope_area",
    "account_manager": "telmart_scope_account",
}
#: a dashboard asks for a dozen tiles at once; more than this is a loop somewhere
CONNECTION_LIMIT = 16

#: What a session starts with. A person may change these in a session, so none of them guards
#: data: grants and row security do. They guard the server against mistakes.
_SETTINGS = {
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "default_transaction_read_only": "on",
}
#: These only a superuser can set, and a person cannot undo them.
_SUPERUSER_SETTINGS = {"temp_file_limit": "4GB"}

#: whether a role owns anything, in any database, that `drop owned` would destroy
_OWNS = """
    select 1 from pg_shdepend
    where refclassid = 'pg_authid'::regclass and refobjid = %s::regrole and deptype = 'o'
        and classid <> 'pg_default_acl'::regclass
    limit 1
"""


def our_logins(warehouse: psycopg.Connection[Any]) -> set[str]:
    """Roles this warehouse made for people, known by their comment.

    Not by their group: roles belong to the server, and another warehouse on it has its own people.
    """
    rows = warehouse.execute(
        "select rolname from pg_roles where shobj_description(oid, 'pg_authid') = %s",
        [_mark(warehouse)],
    )
    return {row[0] for row in rows}


def _mark(warehouse: psycopg.Connection[Any]) -> str:
    return f"telmart: a person of {warehouse.info.dbname}"


def ensure_person(
    warehouse: psycopg.Connection[Any],
    person: str,
    password: str,
    scope_types: Iterable[str],
    served_schemas: Iterable[str],
) -> list[str]:
    """Make or mend one person's role. Returns what could not be set right, and why.

    Args:
        person: role name, already checked.
        password: sent as a verifier, so that no log of the server holds it.
        scope_types: kinds of scope that have not ended; they decide the groups.
        served_schemas: where published marts live, for the search path.
    """
    role = sql.Identifier(person)
    row = warehouse.execute(
        "select rolcanlogin and rolinherit, rolsuper or rolcreatedb or rolcreaterole"
        " or rolreplication or rolbypassrls, rolconnlimit from pg_roles where rolname = %s",
        [person],
    ).fetchone()
    if row is None:
        warehouse.execute(sql.SQL("create role {} login").format(role))
        warehouse.execute(
            sql.SQL("comment on role {} is {}").format(role, sql.Literal(_mark(warehouse)))
        )
    elif row[1]:
        # Only spelled out when needed: a CREATEROLE owner may not even say NOSUPERUSER.
        warehouse.execute(
            sql.SQL(
                "alter role {} nosuperuser nocreatedb nocreaterole noreplication nobypassrls"
            ).format(role)
        )
    verifier = warehouse.pgconn.encrypt_password(
        password.encode(), person.encode(), b"scram-sha-256"
    )
    warehouse.execute(
        sql.SQL("alter role {} login inherit connection limit {} password {}").format(
            role, sql.Literal(CONNECTION_LIMIT), sql.Literal(verifier.decode())
        )
    )
    kinds = set(scope_types)
    _ensure_settings(warehouse, person, kinds, served_schemas)
    return _ensure_groups(warehouse, person, {PEOPLE} | {SCOPE_GROUPS[k] for k in kinds})


def remove_person(warehouse: psycopg.Connection[Any], person: str) -> str | None:
    """Drop a person's role; where something still hangs on it, close it instead.

    Returns:
        None when it is gone, or why it could only be closed.
    """
    role = sql.Identifier(person)
    warehouse.execute(sql.SQL("alter role {} nologin").format(role))
    _ensure_groups(warehouse, person, set())
    try:
        try:
            with warehouse.transaction():
                warehouse.execute(sql.SQL("drop role {}").format(role))
        except psycopg.errors.DependentObjectsStillExist:
            if warehouse.execute(_OWNS, [person]).fetchone() is not None:
                raise
            with warehouse.transaction():
                # grants by hand, and default privileges a person may set for himself
                warehouse.execute(sql.SQL("drop owned by {}").format(role))
                warehouse.execute(sql.SQL("drop role {}").format(role))
    except (
        psycopg.errors.DependentObjectsStillExist,
        psycopg.errors.InsufficientPrivilege,
    ) as error:
        why = (error.diag.message_detail or error.diag.message_primary or "").replace("\n", "; ")
        return f"{person} was closed, but the role could not be dropped: {why}."
    return None


def end_sessions(warehouse: psycopg.Connection[Any], people: set[str]) -> None:
    """End what removed people still have open (a no-op where the owner may not)."""
    for (pid,) in warehouse.execute(
        "select pid from pg_stat_activity where usename = any(%s) or usesysid is not null"
        " and usename is null",
        [sorted(people)],
    ).fetchall():
        try:
            with warehouse.transaction():
                warehouse.execute("select pg_terminate_backend(%s)", [pid])
        except psycopg.errors.InsufficientPrivilege:
            continue


def refuse_foreign_roles(
    warehouse: psycopg.Connection[Any], wanted: Iterable[str], ours: set[str]
) -> None:
    """Refuse a person whose name is a role somebody else made on this server.

    Raises:
        TelmartError: naming them.
    """
    everyone = {r[0] for r in warehouse.execute("select rolname from pg_roles")}
    taken = sorted((set(wanted) & everyone) - ours)
    if taken:
        raise TelmartError(
            f"The server already has roles this warehouse did not make: {', '.join(taken)}.",
            "Give these people another name in people.csv, or have the roles dropped.",
        )


def _ensure_settings(
    warehouse: psycopg.Connection[Any],
    person: str,
    scope_types: set[str],
    served_schemas: Iterable[str],
) -> None:
    wanted = dict(_SETTINGS)
    if "account_manager" in scope_types:
        # access.request_msisdn writes its log; nothing else can be written anyway
        del wanted["default_transaction_read_only"]
    wanted["search_path"] = ", ".join([*sorted(served_schemas), "status"])
    row = warehouse.execute(
        "select rolsuper from pg_roles where rolname = current_user"
    ).fetchone()  # fmt: skip
    if row and row[0]:
        wanted |= _SUPERUSER_SETTINGS
    rows = warehouse.execute(
        "select s.setdatabase, unnest(s.setconfig) from pg_db_role_setting as s"
        " inner join pg_roles as r on s.setrole = r.oid where r.rolname = %s",
        [person],
    ).fetchall()
    if sorted((0, f"{k}={v}") for k, v in wanted.items()) == sorted(rows):
        return
    role = sql.Identifier(person)
    # A person may alter his own role's defaults: start from none, in this database and in all.
    database = sql.Identifier(warehouse.info.dbname)
    warehouse.execute(sql.SQL("alter role {} reset all").format(role))
    warehouse.execute(sql.SQL("alter role {} in database {} reset all").format(role, database))
    for name, value in wanted.items():
        shown = sql.SQL(value) if name == "search_path" else sql.Literal(value)  # type: ignore[arg-type]
        warehouse.execute(
            sql.SQL("alter role {} set {} to {}").format(role, sql.Identifier(name), shown)
        )


def _ensure_groups(
    warehouse: psycopg.Connection[Any], person: str, wanted: set[str]
) -> list[str]:  # fmt: skip
    """Membership in exactly ``wanted``, inherited, without ``set role`` or the right to pass on."""
    role = sql.Identifier(person)
    present = warehouse.execute(
        "select g.rolname, bool_or(m.admin_option), bool_or(m.set_option),"
        " bool_and(m.inherit_option)"
        " from pg_auth_members as m"
        " inner join pg_roles as r on m.member = r.oid"
        " inner join pg_roles as g on m.roleid = g.oid"
        " where r.rolname = %s group by g.rolname",
        [person],
    ).fetchall()
    right = {g for g, admin, may_set, inherit in present if not admin and not may_set and inherit}
    problems = []
    for group, *_ in present:
        if group in wanted and group in right:
            continue
        try:
            with warehouse.transaction():
                warehouse.execute(
                    sql.SQL("revoke {} from {} cascade").format(sql.Identifier(group), role)
                )
        except psycopg.errors.InsufficientPrivilege:
            problems.append(f"{person} stays a member of {group}: only its owner can revoke that")
    for group in sorted(wanted - right):
        warehouse.execute(
            sql.SQL("grant {} to {} with inherit true, set false, admin false").format(
                sql.Identifier(group), role
            )
        )
    return problems
