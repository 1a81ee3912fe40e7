"""Expand what people may see over the organisation tree, into the tables the row policies read."""

from __future__ import annotations

from typing import Any

import psycopg

from orchestration.access.people_files import Faults, People, Scope

#: From each scope the areas under it. An area belongs to the parent of the latest month it exists
#: in: a closed area stays visible to the parent it had last; one that moved goes, with its
#: history, to the new parent, and the old one no longer sees what happens in it.
_AREAS = """
    with latest as (
        select distinct on (area_id) area_id, county_id, city_id, province_id
        from core.dim_org_unit
        where area_id is not null
        order by area_id, stat_month desc
    )
    select scope.person, latest.area_id, scope.valid_from, scope.valid_to
    from access.person_scope as scope
    inner join latest on scope.scope_id = case scope.scope_type
        when 'province' then latest.province_id
        when 'city' then latest.city_id
        when 'county' then latest.county_id
    end
    union all
"""
_AREAS_NAMED = """
    select person, scope_id as area_id, valid_from, valid_to
    from access.person_scope where scope_type = 'area'
"""
_ACCOUNTS = """
    select person, scope_id as account_manager_id, valid_from, valid_to
    from access.person_scope where scope_type = 'account_manager'
"""
_ALL = "select person, valid_from, valid_to from access.person_scope where scope_type = 'all'"

#: Make ``table`` hold exactly what the scopes say, touching only rows that differ. Midnight is
#: the warehouse's, whatever a session sets its time zone to.
_SYNC = """
    with said as (
        select {key}, instants.valid_from, max(instants.valid_until) as valid_until
        from ({source}) as scope
        cross join lateral (
            select scope.valid_from::timestamp at time zone %(zone)s as valid_from,
                coalesce((scope.valid_to + 1)::timestamp at time zone %(zone)s, 'infinity')
                    as valid_until
        ) as instants
        group by {key}, instants.valid_from
    ),
    gone as (
        delete from access.{table} as kept
        where not exists (select from said where {same})
        returning 1
    ),
    put as (
        insert into access.{table} ({key}, valid_from, valid_until)
        select {key}, valid_from, valid_until from said
        on conflict ({key}, valid_from) do update set valid_until = excluded.valid_until
        where {table}.valid_until <> excluded.valid_until
        returning 1
    )
    select (select count(*) from gone) + (select count(*) from put)
"""


def organisation_is_known(warehouse: psycopg.Connection[Any]) -> bool:
    """Whether the organisation has been loaded and built: before the first run it has not."""
    if not _exists(warehouse, "core.dim_org_unit"):
        return False
    return warehouse.execute("select from core.dim_org_unit limit 1").fetchone() is not None


def expand_scopes(warehouse: psycopg.Connection[Any], zone: str) -> int:
    """Rewrite person_area, person_account and person_all from person_scope.

    Args:
        warehouse: the owner's connection; the caller commits.
        zone: time zone whose midnight begins and ends a scope's days.

    Returns:
        Rows that changed; 0 when everything was as it should be.
    """
    areas = _AREAS_NAMED
    if _exists(warehouse, "core.dim_org_unit"):
        areas = _AREAS + _AREAS_NAMED
    changed = 0
    for table, key, source in (
        ("person_area", ("person", "area_id"), areas),
        ("person_account", ("person", "account_manager_id"), _ACCOUNTS),
        ("person_all", ("person",), _ALL),
    ):
        query = _SYNC.format(
            table=table,
            key=", ".join(key),
            source=source,
            same=" and ".join(f"said.{c} = kept.{c}" for c in (*key, "valid_from")),
        )
        row = warehouse.execute(query, {"zone": zone}).fetchone()
        changed += row[0] if row else 0
    return changed


def check_against_organisation(warehouse: psycopg.Connection[Any], people: People) -> None:
    """Refuse a scope that names a unit or an account manager the extracts have never had.

    Raises:
        TelmartError: naming file, row, column and value.
    """
    faults = Faults()
    for scope in unknown_scopes(warehouse, people):
        where = "core.dim_staff" if scope.scope_type == "account_manager" else "core.dim_org_unit"
        faults.add(people.scope_file, scope.row, "scope_id", scope.scope_id,
                   f"no month of {where} has this {scope.scope_type}; correct the id.")  # fmt: skip
    faults.raise_any(people.folder)


def unknown_scopes(warehouse: psycopg.Connection[Any], people: People) -> list[Scope]:
    """Scopes whose unit or account manager no month has; none of a kind that has not come yet."""
    known: dict[str, set[str]] = {}
    found = []
    for scope in people.scopes:
        kind = scope.scope_type
        if kind == "all":
            continue
        if kind not in known:
            known[kind] = _known_ids(warehouse, kind)
        if known[kind] and scope.scope_id not in known[kind]:
            found.append(scope)
    return found


def _known_ids(warehouse: psycopg.Connection[Any], kind: str) -> set[str]:
    if kind == "account_manager":
        if not _exists(warehouse, "core.dim_staff"):
            return set()
        return {row[0] for row in warehouse.execute("select distinct staff_id from core.dim_staff")}
    query = f"select distinct {kind}_id from core.dim_org_unit where {kind}_id is not null"
    return {row[0] for row in warehouse.execute(query)}  # type: ignore[call-overload]


def _exists(warehouse: psycopg.Connection[Any], relation: str) -> bool:
    row = warehouse.execute("select to_regclass(%s) is not null", [relation]).fetchone()
    return bool(row and row[0])
