"""Publishing: the right months, all marts at once, guarded, and never half of anything."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import psycopg
import pytest

from orchestration.access import audit
from orchestration.errors import TelmartError
from orchestration.publication import is_unchanged, publish
from orchestration.publication import publish as publish_package
from orchestration.publication.closing import VERSION
from tests.miniature import MONTHS, TABLES, Miniature, columns_of, fill_months, write_manifest

AUGUST, SEPTEMBER, OCTOBER = MONTHS
SEGMENT = "mart_retention__segment_month"
#: a number of each table that fill_months sets to its `amount`
MEASURE = {
    "mart_retention__cohort_month": "retained_cnt",
    "mart_retention__segment_month": "subscriber_cnt",
    "mart_retention__subscriber_month": "billed_amt",
    "mart_retention__warning": "warning_level",
}


def build(world: Miniature, months: tuple[date, ...], amount: int) -> None:
    with world.owner() as owner:
        for table in TABLES:
            fill_months(owner, table, months, amount)


def served(world: Miniature, table: str, person: str | None = None) -> dict[date, set[int]]:
    """Month to the amounts people find there."""
    with world.person(person) if person else world.owner() as connection:
        rows = connection.execute(
            f"select stat_month, array_agg(distinct {MEASURE[table]}::integer)"
            f" from retention.{table} group by 1"
        ).fetchall()
    return {month: set(amounts) for month, amounts in rows}


def all_months(amount: int) -> dict[date, set[int]]:
    return {month: {amount} for month in MONTHS}


@pytest.fixture(autouse=True)
def clean(world: Miniature) -> Iterator[None]:
    """Each test starts from amount 1 in three months, published."""
    build(world, MONTHS, 1)
    publish(world.settings)
    yield
    with world.owner() as owner:
        owner.execute("truncate ops.hold, ops.fingerprint; truncate ops.load cascade")
    write_manifest(world.settings)


def test_only_the_months_asked_for_change(world: Miniature) -> None:
    build(world, MONTHS, 2)
    result = publish(world.settings, [OCTOBER])
    assert result.months == [OCTOBER]
    assert result.rows == {f"retention.{table}": 80 for table in TABLES}
    for table in TABLES:
        assert served(world, table) == {AUGUST: {1}, SEPTEMBER: {1}, OCTOBER: {2}}
    publish(world.settings)
    for table in TABLES:
        assert served(world, table) == all_months(2)


def test_published_rows_equal_built_rows(world: Miniature) -> None:
    build(world, (SEPTEMBER,), 3)
    publish(world.settings, [SEPTEMBER])
    for table in TABLES:
        columns = ", ".join(columns_of(table))
        for one, other in (("build", "retention"), ("retention", "build")):
            assert world.one(
                f"select count(*) from (select {columns} from {one}.{table} except all"
                f" select {columns} from {other}.{table}) as d"
            ) == 0  # fmt: skip


def test_a_month_that_vanished_from_build_vanishes(world: Miniature) -> None:
    with world.owner() as owner:
        for table in TABLES:
            owner.execute(f"delete from build.{table} where stat_month = %s", [AUGUST])
    publish(world.settings, [OCTOBER])
    assert set(served(world, SEGMENT)) == {SEPTEMBER, OCTOBER}


def test_columns_are_those_of_build_with_their_types(world: Miniature) -> None:
    query = (
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        " where attrelid = '{}'::regclass and attnum > 0 and not attisdropped order by attnum"
    )
    with world.owner() as owner:
        for table in TABLES:
            built = owner.execute(query.format(f"build.{table}")).fetchall()
            found = owner.execute(query.format(f"retention.{table}")).fetchall()
            assert found == [*built, (VERSION, "integer")]


@pytest.mark.parametrize(
    ("change", "back"),
    [
        (f"alter table build.{SEGMENT} add column mou numeric(10, 2)",
         f"alter table build.{SEGMENT} drop column mou"),
        (f"alter table build.{SEGMENT} alter column subscriber_cnt type integer",
         f"alter table build.{SEGMENT} alter column subscriber_cnt type bigint"),
        (f"alter table build.{SEGMENT} rename column vad_class to vad",
         f"alter table build.{SEGMENT} rename column vad to vad_class"),
    ],
    ids=["added", "retyped", "renamed"],
)  # fmt: skip
def test_a_table_whose_columns_changed_is_rebuilt_whole(
    world: Miniature, change: str, back: str
) -> None:
    with world.owner(autocommit=True) as owner:
        build(world, MONTHS, 4)
        owner.execute(change)
        try:
            publish(world.settings, [OCTOBER])
            test_columns_are_those_of_build_with_their_types(world)
            assert served(world, SEGMENT) == all_months(4)
            assert served(world, "mart_retention__warning")[AUGUST] == {1}
            assert served(world, SEGMENT, "qian_noscope") == {}
            assert world.one(f"select count(*) from retention.{SEGMENT}", "sun_area") == 30
            assert audit(owner) == []
        finally:
            owner.execute(back)


def test_a_model_that_is_gone_is_no_longer_read(world: Miniature) -> None:
    write_manifest(world.settings, [t for t in TABLES if t != "mart_retention__warning"])
    publish(world.settings)
    assert world.one("select to_regclass('retention.mart_retention__warning')") is None
    write_manifest(world.settings)
    publish(world.settings)
    assert world.one("select count(*) from retention.mart_retention__warning", "sun_area") == 30


def test_a_model_marked_as_not_served_stays_inside(world: Miniature) -> None:
    write_manifest(world.settings, served=False)
    with pytest.raises(TelmartError, match="no model below models/marts"):
        publish(world.settings)


def test_a_table_not_built_is_named(world: Miniature) -> None:
    write_manifest(world.settings, [*TABLES, "mart_retention__later"])
    with pytest.raises(TelmartError, match=r"build\.mart_retention__later does not exist"):
        publish(world.settings)


def test_without_dbt_the_remedy_is_a_run(world: Miniature) -> None:
    (world.settings.home / "dbt/manifest.json").unlink()
    with pytest.raises(TelmartError, match="cannot be read") as caught:
        publish(world.settings)
    assert "telmart run" in caught.value.remedy


def test_people_read_descriptions_in_two_languages(world: Miniature) -> None:
    assert world.one(
        f"select obj_description('retention.{SEGMENT}'::regclass)", "wu_analyst"
    ) == f"One row per month of {SEGMENT}. 每月一行。"  # fmt: skip
    assert world.one(
        "select col_description(attrelid, attnum) from pg_attribute"
        f" where attrelid = 'retention.{SEGMENT}'::regclass and attname = 'area_id'",
        "wu_analyst",
    ) == "Area code 片区编码: Area."  # fmt: skip


def test_the_state_tells_month_cut_off_and_time(world: Miniature) -> None:
    result = publish(world.settings, [OCTOBER])
    with world.person("qian_noscope") as connection:
        row = connection.execute(
            "select mart, mart_name, mart_name_en, stat_month, published_at, state, reason,"
            " cut_off_at = '2026-10-31 23:59:59+08' from status.data_state where mart = 'retention'"
        ).fetchall()
    assert row == [
        ("retention", "客户保有", "Retention", OCTOBER, result.published_at, "current", None, True)
    ]


def test_fingerprint_is_noted_only_when_all_months_were_made_with_it(world: Miniature) -> None:
    publish(world.settings, [OCTOBER], fingerprint="abc")
    with world.owner() as owner:
        assert not is_unchanged(owner, "retention", "abc")
        publish(world.settings, None, fingerprint="abc")
        owner.rollback()
        assert is_unchanged(owner, "retention", "abc") and not is_unchanged(
            owner, "retention", "abd"
        )


# ---- together or not at all ----------------------------------------------------------------------
def test_a_reader_sees_the_old_state_or_the_new_one(world: Miniature) -> None:
    """Six publications while people read, in single statements and in long transactions."""
    union = " union all ".join(
        f"select {measure}::integer as amount from retention.{table}"
        for table, measure in MEASURE.items()
    )
    one_statement = (
        "select array_agg(distinct amount),"
        " (select published_at from status.data_state where mart = 'retention')"
        f" from ({union}) as u"
    )
    seen: list[tuple[list[int], object]] = []
    faults: list[str] = []
    stop = threading.Event()

    def statements() -> None:
        with world.person("wang_city_b", autocommit=True) as connection:
            while not stop.is_set():
                row = connection.execute(one_statement).fetchone()
                seen.append((row[0], row[1]))

    def transactions() -> None:
        with world.person("chen_province", autocommit=True) as connection:
            while not stop.is_set():
                connection.execute("begin isolation level repeatable read")
                amounts = set()
                for table, measure in MEASURE.items():
                    row = connection.execute(
                        f"select array_agg(distinct {measure}::integer), count(*)"
                        f" from retention.{table}"
                    ).fetchone()
                    amounts |= set(row[0])
                    if row[1] != 240:
                        faults.append(f"{row[1]} rows in {table}")
                if len(amounts) != 1:
                    faults.append(f"one transaction saw {amounts}")
                connection.execute("commit")

    readers = [threading.Thread(target=target) for target in (statements, transactions)]
    for reader in readers:
        reader.start()
    published = {
        world.one("select published_at from status.data_state where mart = 'retention'"): 1
    }
    try:
        for amount in range(2, 8):
            build(world, MONTHS, amount)
            published[publish(world.settings).published_at] = amount
    finally:
        stop.set()
        for reader in readers:
            reader.join(30)
    assert not faults
    assert len({at for _, at in seen}) >= 3, "the reader was too slow to see publications go by"
    for amounts, at in seen:
        assert amounts == [published[at]], f"the state of {at} came with the rows of {amounts}"


@contextmanager
def halted(world: Miniature, **kw: object) -> Iterator[dict[str, object]]:
    """A publication that has copied its rows and waits for the state, held by another session."""
    outcome: dict[str, object] = {}

    def run() -> None:
        try:
            outcome["result"] = publish(world.settings, **kw)
        except Exception as error:
            outcome["error"] = error

    with world.owner() as blocker:
        blocker.execute("select 1 from status.data_state where mart = 'retention' for update")
        thread = threading.Thread(target=run)
        thread.start()
        with world.owner(autocommit=True) as owner:
            for _ in range(300):
                row = owner.execute(
                    "select pid from pg_stat_activity where wait_event_type = 'Lock'"
                    " and pid <> pg_backend_pid() and query like '%%status.data_state%%'"
                ).fetchone()
                if row:
                    break
                threading.Event().wait(0.05)
            assert row, "the publication never reached its last step"
            outcome["pid"] = row[0]
            yield outcome
        blocker.rollback()
    thread.join(30)


def test_nobody_waits_for_a_publication(world: Miniature) -> None:
    build(world, MONTHS, 5)
    with halted(world) as outcome, world.person("li_city_a") as connection:
        connection.execute("set statement_timeout = '2s'")
        for table in TABLES:
            row = connection.execute(
                f"select min({MEASURE[table]})::integer, count(*) from retention.{table}"
            ).fetchone()
            assert row == (1, 120)
        assert connection.execute(
            "select state from status.data_state where mart = 'retention'"
        ).fetchone() == ("current",)
    assert "error" not in outcome
    assert served(world, SEGMENT) == all_months(5)


def test_a_publication_that_is_killed_leaves_everything_as_it_was(world: Miniature) -> None:
    with world.owner() as owner:
        load_id = owner.execute(
            "insert into ops.load (feed, period, period_date, state, is_current, contract_version)"
            " values ('a.b', '2026-10', '2026-10-01', 'loaded', true, '1') returning load_id"
        ).fetchone()[0]
    build(world, MONTHS, 6)
    published_at = f"select published_at from ops.load where load_id = {load_id}"
    state = world.one("select published_at from status.data_state where mart = 'retention'")
    with (
        halted(world, load_ids=[load_id], fingerprint="new") as outcome,
        world.owner(autocommit=True) as owner,
    ):
        owner.execute("select pg_terminate_backend(%s)", [outcome["pid"]])
        assert served(world, SEGMENT) == all_months(1)
    assert isinstance(outcome["error"], psycopg.OperationalError)
    assert world.one("select published_at from status.data_state where mart = 'retention'") == state
    assert world.one(published_at) is None
    assert world.one("select count(*) from ops.fingerprint") == 0

    result = publish(world.settings, load_ids=[load_id])
    assert served(world, SEGMENT) == all_months(6)
    assert world.one(published_at) == result.published_at


def test_a_reader_who_never_lets_go_stops_a_rebuild_with_a_message(
    world: Miniature, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setattr(sys.modules[publish_package.__module__], "LOCK_TIMEOUT", "300ms")
    with world.owner(autocommit=True) as owner, world.person("li_city_a") as reader:
        owner.execute(f"alter table build.{SEGMENT} add column mou numeric")
        try:
            reader.execute("set idle_in_transaction_session_timeout = 0")
            reader.execute(f"select count(*) from retention.{SEGMENT}")
            publish(world.settings, [])  # nothing else waits; only the rebuild has to
        except TelmartError as error:
            assert "is being read without a pause" in error.message
        else:
            pytest.fail("the rebuild did not wait for the reader")
        finally:
            reader.rollback()
            owner.execute(f"alter table build.{SEGMENT} drop column mou")
    assert served(world, SEGMENT) == all_months(1)
