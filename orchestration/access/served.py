"""Row policies, grants and indexes of a served table; the same for every mart, or it is refused.

``access.served_pattern`` (see ``pattern.sql``) carries the policies once. A served table is
compared with it through the database's own reading of both, so a policy someone changed by hand is
found and put back, and nothing is altered (or locked) when all is well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from orchestration.errors import TelmartError

PATTERN = "access.served_pattern"
#: what people are granted on a served table, and nobody else anything
PEOPLE = "telmart_people"

_POLICIES = """
    select p.polname, p.polcmd::text, p.polpermissive,
        array(select case r when 0 then 'public' else pg_get_userbyid(r) end
              from unnest(p.polroles) as r order by 1)::text[] as roles,
        pg_get_expr(p.polqual, p.polrelid) as quals,
        pg_get_expr(p.polwithcheck, p.polrelid) as checks
    from pg_policy as p where p.polrelid = to_regclass(%s)
"""
_COMMANDS = {"*": "all", "r": "select", "a": "insert", "w": "update", "d": "delete"}
_MISSING_KEYS = """
    select k.attname || ' ' || format_type(k.atttypid, k.atttypmod)
    from pg_attribute as k
    where k.attrelid = to_regclass(%s) and k.attnum > 0 and not k.attisdropped
        and not exists (
            select from pg_attribute as a
            where a.attrelid = to_regclass(%s) and a.attname = k.attname
                and a.atttypid = k.atttypid and not a.attisdropped
        )
    order by k.attnum
"""
#: everybody who holds anything on the table or one of its columns, but the owner
_GRANTS = """
    select case acl.grantee when 0 then 'public' else pg_get_userbyid(acl.grantee) end::text,
        acl.privilege_type, acl.is_grantable, source.attname::text
    from (
        select relowner, relacl as acl, null as attname from pg_class where oid = to_regclass(%s)
        union all
        select c.relowner, a.attacl, a.attname
        from pg_attribute as a inner join pg_class as c on a.attrelid = c.oid
        where a.attrelid = to_regclass(%s) and a.attacl is not null
    ) as source
    cross join lateral aclexplode(source.acl) as acl
    where acl.grantee <> source.relowner
"""
_WITH_STATISTICS = """
    select attname from pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
        and attstattarget is distinct from 0
"""


@dataclass(frozen=True)
class Policy:
    """A row policy as the database reads it back."""

    name: str
    command: str
    permissive: bool
    roles: tuple[str, ...]
    quals: str | None
    checks: str | None


def quoted(schema: str, table: str) -> str:
    """The name as ``to_regclass`` understands it."""
    return sql.Identifier(schema, table).as_string(None)


def policies_of(warehouse: psycopg.Connection[Any], name: str) -> set[Policy]:
    """The policies on the relation of this (quoted) name."""
    rows = warehouse.execute(_POLICIES, [name])
    return {Policy(r[0], r[1], r[2], tuple(r[3]), r[4], r[5]) for r in rows}


def require_keys(warehouse: psycopg.Connection[Any], schema: str, table: str) -> None:
    """Refuse a table that row policies cannot guard.

    Raises:
        TelmartError: the table lacks a key column, or has it in another type.
    """
    name = quoted(schema, table)
    missing = [row[0] for row in warehouse.execute(_MISSING_KEYS, [PATTERN, name])]
    if missing:
        raise TelmartError(
            f"{schema}.{table} cannot be served: it has no column {' and no '.join(missing)},"
            " so nothing could decide who may see which of its rows.",
            "Add the placement columns to the model, or keep it out of marts/; see docs/access.md.",
        )


def protect(warehouse: psycopg.Connection[Any], schema: str, table: str) -> None:
    """Put row security, policies, grants and indexes on a served table, where they are missing.

    The caller commits. Column statistics are switched off (``set statistics 0``), because the
    planner's estimates would show people how values are distributed outside their scope.

    Raises:
        TelmartError: the table lacks the key columns.
    """
    require_keys(warehouse, schema, table)
    name = quoted(schema, table)
    target = sql.Identifier(schema, table)
    _switch_on(warehouse, name, target)
    _put_policies(warehouse, name, target)
    _put_grants(warehouse, name, target)
    _open_schema(warehouse, schema)
    _drop_statistics(warehouse, name, target)
    for columns in (("area_id", "stat_month"), ("account_manager_id", "stat_month"),
                    ("stat_month",)):  # fmt: skip
        _put_index(warehouse, name, target, columns)


def faults_of(warehouse: psycopg.Connection[Any], schema: str, table: str) -> list[str]:
    """What is wrong with the protection of one relation; empty when it is exactly right."""
    name = quoted(schema, table)
    row = warehouse.execute(
        "select relkind::text, relrowsecurity, relforcerowsecurity from pg_class"
        " where oid = to_regclass(%s)",
        [name],
    ).fetchone()
    label = f"{schema}.{table}"
    if row is None:
        return [f"{label} does not exist"]
    if row[0] != "r":
        return [f"{label} is not a plain table, and only plain tables carry forced row policies"]
    found = []
    if not (row[1] and row[2]):
        found.append(f"{label} has no forced row security")
    missing = policies_of(warehouse, PATTERN) - policies_of(warehouse, name)
    extra = policies_of(warehouse, name) - policies_of(warehouse, PATTERN)
    found += [f"{label} lacks the policy {p.name}" for p in sorted(missing, key=lambda p: p.name)]
    found += [f"{label} has another policy, {p.name}" for p in sorted(extra, key=lambda p: p.name)]
    for who, privilege, grantable, column in warehouse.execute(_GRANTS, [name, name]):
        if (who, privilege, grantable, column) != (PEOPLE, "SELECT", False, None):
            found.append(f"{label} grants {privilege} to {who}")
    if warehouse.execute(_WITH_STATISTICS, [name]).fetchone():
        found.append(f"{label} keeps column statistics")
    return found


def require_protected(warehouse: psycopg.Connection[Any], schemas: set[str]) -> None:
    """Refuse any relation in ``schemas`` that is not protected exactly by the pattern.

    Raises:
        TelmartError: naming each fault; the caller must not commit.
    """
    found = [] if policies_of(warehouse, PATTERN) else [f"{PATTERN} has no policies"]
    for schema, table in warehouse.execute(
        "select n.nspname, c.relname from pg_class as c"
        " inner join pg_namespace as n on c.relnamespace = n.oid"
        " where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1, 2",
        [sorted(schemas)],
    ).fetchall():
        found += faults_of(warehouse, schema, table)
    if found:
        raise TelmartError(
            "Published tables must be guarded by row policies and these are not: "
            + "; ".join(found) + ".",
            "Drop relations that are not marts from these schemas, and publish again.",
        )  # fmt: skip


def _switch_on(warehouse: psycopg.Connection[Any], name: str, target: sql.Identifier) -> None:
    on = warehouse.execute(
        "select relrowsecurity and relforcerowsecurity from pg_class where oid = to_regclass(%s)",
        [name],
    ).fetchone()
    if not (on and on[0]):
        warehouse.execute(
            sql.SQL(
                "alter table {} enable row level security, force row level security"
            ).format(target)
        )  # fmt: skip


def _put_policies(warehouse: psycopg.Connection[Any], name: str, target: sql.Identifier) -> None:
    wanted, present = policies_of(warehouse, PATTERN), policies_of(warehouse, name)
    for policy in present - wanted:
        warehouse.execute(
            sql.SQL("drop policy {} on {}").format(sql.Identifier(policy.name), target)
        )
    for policy in sorted(wanted - present, key=lambda p: p.name):
        roles = sql.SQL(", ").join(map(sql.Identifier, policy.roles))
        parts = [
            sql.SQL("create policy {} on {} as {} for {} to {}").format(
                sql.Identifier(policy.name), target,
                sql.SQL("permissive" if policy.permissive else "restrictive"),
                sql.SQL(_COMMANDS[policy.command]), roles,
            )
        ]  # fmt: skip
        if policy.quals is not None:
            parts.append(sql.SQL("using ({})").format(sql.SQL(policy.quals)))  # type: ignore[arg-type]
        if policy.checks is not None:
            parts.append(sql.SQL("with check ({})").format(sql.SQL(policy.checks)))  # type: ignore[arg-type]
        warehouse.execute(sql.SQL(" ").join(parts))


def _put_grants(warehouse: psycopg.Connection[Any], name: str, target: sql.Identifier) -> None:
    granted = False
    for who, privilege, grantable, column in warehouse.execute(_GRANTS, [name, name]).fetchall():
        if (who, privilege, grantable, column) == (PEOPLE, "SELECT", False, None):
            granted = True
            continue
        role = sql.SQL("public") if who == "public" else sql.Identifier(who)
        columns = sql.SQL("({})").format(sql.Identifier(column)) if column else sql.SQL("")
        warehouse.execute(
            sql.SQL("revoke {}{} on {} from {}").format(
                sql.SQL(privilege), columns, target, role
            )
        )  # fmt: skip
        if who == PEOPLE and column is None and privilege == "SELECT":
            granted = False
    if not granted:
        warehouse.execute(
            sql.SQL("grant select on {} to {}").format(target, sql.Identifier(PEOPLE))
        )


def _open_schema(warehouse: psycopg.Connection[Any], schema: str) -> None:
    open_already = warehouse.execute(
        "select has_schema_privilege(%s, %s, 'usage')", [PEOPLE, schema]
    ).fetchone()
    if not (open_already and open_already[0]):
        warehouse.execute(
            sql.SQL("grant usage on schema {} to {}").format(
                sql.Identifier(schema), sql.Identifier(PEOPLE)
            )
        )


def _drop_statistics(warehouse: psycopg.Connection[Any], name: str, target: sql.Identifier) -> None:
    for (column,) in warehouse.execute(_WITH_STATISTICS, [name]).fetchall():
        warehouse.execute(
            sql.SQL("alter table {} alter column {} set statistics 0").format(
                target, sql.Identifier(column)
            )
        )


def _put_index(
    warehouse: psycopg.Connection[Any],
    name: str,
    target: sql.Identifier,
    columns: tuple[str, ...],
) -> None:
    known = warehouse.execute(
        "select from pg_index where indrelid = to_regclass(%s) and indisvalid and array("
        " select a.attname from unnest(indkey) with ordinality as k (attnum, position)"
        " inner join pg_attribute as a on a.attrelid = indrelid and a.attnum = k.attnum"
        " order by k.position)::text[] = %s::text[]",
        [name, list(columns)],
    ).fetchone()
    if known is None:
        warehouse.execute(
            sql.SQL("create index on {} ({})").format(
                target, sql.SQL(", ").join(map(sql.Identifier, columns))
            )
        )
