"""Policies fail closed, are put back when touched, and cost what they should."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from orchestration.access import audit, protect, require_protected
from orchestration.access.hardening import openings
from orchestration.access.served import faults_of
from orchestration.errors import TelmartError
from orchestration.publication import publish
from tests.miniature import SEES, TABLES, Miniature, write_manifest

WARNING = "mart_retention__warning"


@pytest.fixture
def stray(world: Miniature) -> Iterator[str]:
    """A table somebody made by hand in a served schema, with everybody's rows in it."""
    with world.owner(autocommit=True) as owner:
        owner.execute(f"create table retention.stray as table retention.{WARNING}")
        yield "retention.stray"
        owner.execute("drop table if exists retention.stray")


def test_a_new_table_in_a_served_schema_is_closed(world: Miniature, stray: str) -> None:
    for person in SEES:
        with (
            world.person(person) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(f"table {stray}")


def test_publication_refuses_an_unguarded_table(world: Miniature, stray: str) -> None:
    before = world.one("select published_at from status.data_state where mart = 'retention'")
    with pytest.raises(TelmartError, match=r"retention\.stray has no forced row security"):
        publish(world.settings)
    assert (
        world.one("select published_at from status.data_state where mart = 'retention'") == before
    )


@pytest.mark.parametrize("kind", ["view", "materialized view"])
def test_publication_refuses_a_view(world: Miniature, kind: str) -> None:
    """A view runs with its owner's rights and would pass the policies by."""
    with world.owner(autocommit=True) as owner:
        owner.execute(f"create {kind} retention.mine as table retention.{WARNING}")
        try:
            with pytest.raises(TelmartError, match=r"retention\.mine is not a plain table"):
                publish(world.settings)
        finally:
            owner.execute(f"drop {kind} retention.mine")


@pytest.mark.parametrize("missing", ["area_id", "account_manager_id"])
def test_a_mart_without_a_key_column_is_refused(world: Miniature, missing: str) -> None:
    with world.owner(autocommit=True) as owner:
        owner.execute(f"create table build.mart_retention__odd as table build.{WARNING}")
        owner.execute(f"alter table build.mart_retention__odd drop column {missing}")
        write_manifest(world.settings, [*TABLES, "mart_retention__odd"])
        try:
            with pytest.raises(TelmartError, match=f"has no column {missing} text"):
                publish(world.settings)
            assert world.one("select to_regclass('retention.mart_retention__odd')") is None
        finally:
            owner.execute("drop table build.mart_retention__odd")
            write_manifest(world.settings)


TAMPERING = {
    "another policy": f"create policy open on retention.{WARNING} using (true)",
    "lacks the policy scope_area": f"drop policy scope_area on retention.{WARNING}",
    "another policy, scope_all": f"alter policy scope_all on retention.{WARNING} using (true)",
    "no forced row security": f"alter table retention.{WARNING} disable row level security",
    "no forced": f"alter table retention.{WARNING} no force row level security",
    "grants SELECT to public": f"grant select on retention.{WARNING} to public",
    "grants SELECT to li_city_a": f"grant select (area_id) on retention.{WARNING} to li_city_a",
    "grants INSERT to telmart_people": f"grant insert on retention.{WARNING} to telmart_people",
    "keeps column statistics": f"alter table retention.{WARNING}"
    " alter column area_id set statistics 100",
}


@pytest.mark.parametrize(("fault", "statement"), TAMPERING.items(), ids=TAMPERING)
def test_what_somebody_changes_is_noticed_and_put_back(
    world: Miniature, fault: str, statement: str
) -> None:
    with world.owner() as owner:
        assert faults_of(owner, "retention", WARNING) == []
        owner.execute(statement)
        assert any(fault in found for found in faults_of(owner, "retention", WARNING))
        with pytest.raises(TelmartError, match="must be guarded"):
            require_protected(owner, {"retention"})
        assert audit(owner)
        protect(owner, "retention", WARNING)
        assert faults_of(owner, "retention", WARNING) == []
        require_protected(owner, {"retention"})
        owner.rollback()


LEAKS = {
    "a schema": "grant usage on schema core to public",
    "a table": "grant select on access.person_scope to telmart_people",
    "the right to write": "grant update on status.data_state to telmart_people",
    "the right to create": "grant create on schema status to li_city_a",
    "temporary tables": "grant temporary on database telmart to public",
    "another database": "grant connect on database telmart_superset to wang_city_b",
    "a strong role": "alter role li_city_a bypassrls",
    "a foreign group": "grant pg_read_all_data to li_city_a",
    "set role": "grant telmart_scope_all to li_city_a with set true",
    "a definer's function": "create function status.f() returns int language sql security definer"
    " as 'select 1'",
    "the gate": "grant usage on schema retention to telmart_gate",
}


@pytest.mark.parametrize("statement", LEAKS.values(), ids=LEAKS)
def test_the_audit_finds_what_is_open(world: Miniature, statement: str) -> None:
    with world.owner() as owner:
        assert audit(owner) == []
        owner.execute(statement)
        assert audit(owner)
        owner.rollback()


def test_nothing_is_left_open_on_the_embedded_server(world: Miniature) -> None:
    with world.owner() as owner:
        assert openings(owner) == []


def test_what_a_client_needs_still_works(world: Miniature) -> None:
    """The hardening must not break how psql and Superset look at a database."""
    for query in (
        "select version(), current_schema(), pg_backend_pid(), pg_is_in_recovery()",
        "select c.relname, pg_get_userbyid(c.relowner), obj_description(c.oid) from pg_class as c"
        " where pg_table_is_visible(c.oid) and c.relkind = 'r'",
        "select a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid),"
        " col_description(a.attrelid, a.attnum) from pg_attribute as a left join pg_attrdef as d"
        " on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)"
        f" where a.attrelid = 'retention.{WARNING}'::regclass",
        "select pg_get_indexdef(indexrelid) from pg_index",
        "select table_schema, table_name from information_schema.tables",
        "select column_name, data_type from information_schema.columns",
        "select random(), now(), clock_timestamp(), gen_random_uuid()",
        "select date_trunc('month', stat_month), count(distinct area_id),"
        " percentile_cont(0.5) within group (order by warning_level)"
        f" from {WARNING} group by 1",  # by the search path
    ):
        assert world.one(query, "li_city_a") is not None


@pytest.fixture(scope="module")
def large(world: Miniature) -> Iterator[str]:
    """A served table of 400 areas in 10 cities and 18 months, as large as plans need."""
    with world.owner(autocommit=True) as owner:
        owner.execute(
            "create table retention.large as select"
            " (date '2025-05-01' + m * interval '1 month')::date as stat_month,"
            " 'L' || lpad((n % 400)::text, 3, '0') as area_id, 'X' || n % 4000"
            " as account_manager_id, 'L' || lpad((n % 400)::text, 3, '0') as city_id,"
            " (n % 7)::numeric as billed_amt"
            " from generate_series(0, 17) as m, generate_series(1, 12000) as n order by 1, 2"
        )
        protect(owner, "retention", "large")
        owner.execute("vacuum analyze retention.large")
        owner.execute(
            "insert into access.person_area select 'sun_area', 'L' || lpad(n::text, 3, '0'),"
            " '-infinity' from generate_series(0, 39) as n"
        )
        owner.execute("insert into access.person_account values ('zhou_account', 'X7', now())")
        yield "retention.large"
        owner.execute("drop table retention.large")
        owner.execute("delete from access.person_area where area_id like 'L%'")
        owner.execute("delete from access.person_account where account_manager_id = 'X7'")


def plan(world: Miniature, person: str, query: str) -> str:
    with world.person(person) as connection:
        return "\n".join(row[0] for row in connection.execute(f"explain (costs off) {query}"))


def test_a_scoped_person_reads_by_index(world: Miniature, large: str) -> None:
    shown = plan(world, "sun_area", f"select sum(billed_amt) from {large}")
    assert "large_area_id_stat_month_idx" in shown
    assert "Index Cond: (area_id = ANY ((InitPlan 1).col1))" in shown
    assert "SubPlan" not in shown, "the scope must be looked up once, not once per row"
    assert "person_all" not in shown and "person_account" not in shown


def test_a_month_is_found_by_the_index_too(world: Miniature, large: str) -> None:
    shown = plan(
        world, "sun_area", f"select sum(billed_amt) from {large} where stat_month = '2026-10-01'"
    )
    assert "(area_id = ANY ((InitPlan 1).col1)) AND (stat_month = '2026-10-01'::date)" in shown


def test_an_account_manager_reads_by_index(world: Miniature, large: str) -> None:
    shown = plan(world, "zhou_account", f"select sum(billed_amt) from {large}")
    assert "large_account_manager_id_stat_month_idx" in shown
    assert "SubPlan" not in shown


def test_the_province_pays_for_one_look_up(world: Miniature, large: str) -> None:
    shown = plan(world, "chen_province", f"select sum(billed_amt) from {large}")
    assert "person_area" not in shown and "SubPlan" not in shown
    assert "Filter: (InitPlan" in shown
    month = plan(
        world, "chen_province",
        f"select sum(billed_amt) from {large} where stat_month = '2026-10-01'",
    )  # fmt: skip
    assert "large_stat_month_idx" in month


def test_nobody_reads_nothing(world: Miniature, large: str) -> None:
    assert "One-Time Filter: false" in plan(world, "qian_noscope", f"table {large}")


def test_a_persons_own_filter_comes_after_the_policy(world: Miniature, large: str) -> None:
    """Otherwise EXPLAIN ANALYZE would count rows out of scope; see hardening.py."""
    shown = plan(world, "sun_area", f"select * from {large} where account_manager_id = 'X1'")
    assert "large_account_manager_id_stat_month_idx" not in shown
    assert "Index Cond: (area_id" in shown


def test_a_pattern_changed_by_hand_is_written_again(world: Miniature) -> None:
    from orchestration.access.groups import ensure_groups
    from orchestration.access.served import PATTERN, policies_of

    with world.owner() as owner:
        right = policies_of(owner, PATTERN)
        owner.execute(f"alter policy scope_area on {PATTERN} using (true)")
        owner.execute(f"create policy mine on {PATTERN} using (true)")
        ensure_groups(owner)
        assert policies_of(owner, PATTERN) == right and len(right) == 4
        owner.rollback()
        owner.execute("set local lock_timeout = '200ms'")
        with world.owner() as other:  # when all is well, nothing is locked
            other.execute(f"lock table {PATTERN} in access share mode")
            ensure_groups(owner)
        owner.rollback()
