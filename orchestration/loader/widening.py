"""Changing the type of raw columns under the views that read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from orchestration.errors import TelmartError

_READERS = """
    with recursive readers (relation, depth) as (
        select %(table)s::regclass::oid, 0
        union
        select distinct r.ev_class, readers.depth + 1
        from readers
        join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = readers.relation
            and d.classid = 'pg_rewrite'::regclass
        join pg_rewrite r on r.oid = d.objid and r.ev_class <> readers.relation
    )
    select format('%%I.%%I', n.nspname, c.relname), c.relkind::text, pg_get_viewdef(c.oid),
        c.relowner::regrole::text, c.reloptions, obj_description(c.oid, 'pg_class'),
        (select json_agg(json_build_array(
                case when a.grantee = 0 then 'public' else a.grantee::regrole::text end,
                a.privilege_type))
            from aclexplode(c.relacl) a where a.grantee <> c.relowner)
    from (select relation, max(depth) as depth from readers where depth > 0 group by 1) r
    join pg_class c on c.oid = r.relation
    join pg_namespace n on n.oid = c.relnamespace
    order by depth, 1
"""


@dataclass(frozen=True)
class _View:
    """A view as it has to be made again. ``name`` and ``owner`` are quoted already."""

    name: str
    kind: str
    query: str
    owner: str
    options: list[str] | None
    comment: str | None
    grants: list[list[str]] | None


def widen_columns(connection: Connection[Any], table: str, types: dict[str, str]) -> None:
    """Give columns of ``raw.<table>`` wider types, in every partition. Does not commit.

    PostgreSQL refuses that while a view reads the table, so the views (dbt's staging, and what
    reads it) are taken away and made again as they were, in the same transaction: nobody sees the
    warehouse without them.

    Raises:
        TelmartError: something other than a view is made of the table.
    """
    if not types:
        return
    views = [
        _View(*found)
        for found in connection.execute(_READERS, {"table": f'raw."{table}"'}).fetchall()
    ]
    for view in views:
        if view.kind != "v":
            raise TelmartError(
                f"{view.name} is made of raw.{table} and is no view, so that the columns"
                f" {', '.join(types)} cannot be widened under it.",
                "Drop it, load again, and make it again.",
            )
    for view in reversed(views):
        connection.execute(f"drop view {view.name}")  # type: ignore[arg-type]
    changes = sql.SQL(", ").join(
        sql.SQL("alter column {} type {}").format(sql.Identifier(name), sql.SQL(sql_type))
        for name, sql_type in types.items()
    )
    connection.execute(sql.SQL("alter table {} {}").format(sql.Identifier("raw", table), changes))
    for view in views:
        _make(connection, view)


def _make(connection: Connection[Any], view: _View) -> None:
    options = f" with ({', '.join(view.options)})" if view.options else ""
    statements = [
        f"create view {view.name}{options} as {view.query}",
        f"alter view {view.name} owner to {view.owner}",
        *(f"grant {right} on {view.name} to {role}" for role, right in view.grants or []),
    ]
    for statement in statements:
        connection.execute(statement)  # type: ignore[arg-type]
    if view.comment:
        connection.execute(
            sql.SQL("comment on view {} is {}").format(
                sql.SQL(view.name), sql.Literal(view.comment)
            )
        )
