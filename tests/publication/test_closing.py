"""Closed months stand: they change only openly, and the version before is kept."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from orchestration.errors import TelmartError
from orchestration.publication import close_months, list_closes, open_hold, publish
from tests.miniature import MONTHS, TABLES, Miniature, write_manifest
from tests.publication.test_publish import SEGMENT, build, served

AUGUST, SEPTEMBER, OCTOBER = MONTHS


@pytest.fixture(autouse=True)
def closed(world: Miniature) -> Iterator[None]:
    """Three months with amount 1 are published, August and September closed."""
    with world.owner() as owner:
        owner.execute("truncate ops.hold, ops.fingerprint, ops.restatement, status.month_close")
        owner.execute("drop schema archive cascade; create schema archive")
    build(world, MONTHS, 1)
    publish(world.settings)
    assert close_months(world.settings, SEPTEMBER, "ma_finance") == [AUGUST, SEPTEMBER]
    yield
    with world.owner() as owner:
        owner.execute("truncate ops.hold, ops.fingerprint, ops.restatement, status.month_close")
        for table in TABLES:
            owner.execute(f"update retention.{table} set close_version = null")
    write_manifest(world.settings)


def versions(world: Miniature, table: str = SEGMENT) -> dict[object, set[int | None]]:
    with world.owner() as owner:
        rows = owner.execute(
            "select stat_month, array_agg(distinct close_version)"
            f" from retention.{table} group by 1"
        ).fetchall()
    return {month: set(found) for month, found in rows}


def test_every_row_knows_its_version(world: Miniature) -> None:
    for table in TABLES:
        assert versions(world, table) == {AUGUST: {1}, SEPTEMBER: {1}, OCTOBER: {None}}


def test_without_a_reason_closed_months_stand(world: Miniature) -> None:
    build(world, MONTHS, 2)
    assert publish(world.settings).months == [OCTOBER]
    for table in TABLES:
        assert served(world, table) == {AUGUST: {1}, SEPTEMBER: {1}, OCTOBER: {2}}
    assert versions(world)[SEPTEMBER] == {1}


def test_a_closed_month_does_not_go_when_the_models_no_longer_have_it(world: Miniature) -> None:
    with world.owner() as owner:
        owner.execute(f"delete from build.{SEGMENT} where stat_month = '{AUGUST}'")
    publish(world.settings)
    assert served(world, SEGMENT)[AUGUST] == {1}


def test_with_a_reason_the_month_is_restated_and_the_version_before_is_kept(
    world: Miniature,
) -> None:
    build(world, MONTHS, 2)
    publish(world.settings, [SEPTEMBER, OCTOBER], reason="September was billed twice")
    assert served(world, SEGMENT) == {AUGUST: {1}, SEPTEMBER: {2}, OCTOBER: {2}}
    assert versions(world) == {AUGUST: {1}, SEPTEMBER: {2}, OCTOBER: {None}}
    kept = f"archive.{SEGMENT}__202609_v1"
    assert world.one(f"select array_agg(distinct subscriber_cnt::integer) from {kept}") == [1]
    rows = f"select count(*) from retention.{SEGMENT} where stat_month = '{SEPTEMBER}'"
    assert world.one(f"select count(*) from {kept}") == world.one(rows)
    told = [
        (month, version, by, why) for _, month, version, _, by, why in list_closes(world.settings)
    ]
    assert told[0][:2] == (SEPTEMBER, 2)
    assert told[0][3] == "September was billed twice"
    assert told[1:] == [(SEPTEMBER, 1, "ma_finance", None), (AUGUST, 1, "ma_finance", None)]
    build(world, MONTHS, 3)
    publish(world.settings, [SEPTEMBER], reason="once more")
    assert versions(world)[SEPTEMBER] == {3}
    kept = f"archive.{SEGMENT}__202609_v2"
    assert world.one(f"select array_agg(distinct subscriber_cnt::integer) from {kept}") == [2]


def test_a_restatement_that_fails_leaves_no_trace(world: Miniature) -> None:
    open_hold(world.settings, check_name="x", reason="坏。", reason_en="Broken.")
    build(world, MONTHS, 2)
    with pytest.raises(TelmartError, match="Broken"):
        publish(world.settings, reason="September was billed twice")
    assert versions(world)[SEPTEMBER] == {1}
    assert len(list_closes(world.settings)) == 2
    assert world.one("select to_regnamespace('archive')::text") == "archive"
    left = "select count(*) from pg_tables where schemaname = 'archive'"
    assert world.one(left) == 0


def test_closed_months_move_along_when_a_table_gets_a_new_column(world: Miniature) -> None:
    build(world, MONTHS, 2)
    with world.owner() as owner:
        owner.execute(f"alter table build.{SEGMENT} add column churn_cnt bigint default 7")
    try:
        publish(world.settings)
        assert served(world, SEGMENT) == {AUGUST: {1}, SEPTEMBER: {1}, OCTOBER: {2}}
        assert versions(world) == {AUGUST: {1}, SEPTEMBER: {1}, OCTOBER: {None}}
        new = f"select array_agg(distinct churn_cnt) from retention.{SEGMENT} where stat_month "
        assert world.one(new + f"= '{OCTOBER}'") == [7]
        assert world.one(new + f"= '{SEPTEMBER}'") == [None], "nobody counted it then"
    finally:
        with world.owner() as owner:
            owner.execute(f"alter table build.{SEGMENT} drop column churn_cnt")
        publish(world.settings, reason="put back")


def test_what_cannot_be_closed_is_said(world: Miniature) -> None:
    with pytest.raises(TelmartError, match="2026-11 is not published") as refused:
        close_months(world.settings, OCTOBER.replace(month=11), "ma_finance")
    assert "2026-10" in refused.value.remedy
    open_hold(
        world.settings, check_name="x", reason="坏。", reason_en="Broken.",
        feed="boss.subscriber_bill", period="2026-10",
    )  # fmt: skip
    with pytest.raises(TelmartError, match="2026-10 cannot be closed: Broken"):
        close_months(world.settings, OCTOBER, "ma_finance")
    assert close_months(world.settings, SEPTEMBER, "ma_finance") == [], "closed before"


def test_people_read_the_closes_and_not_the_archive(world: Miniature) -> None:
    publish(world.settings, reason="once more")
    closes = "select count(*) from status.month_close where is_current"
    assert world.one(closes, "zhou_account") == 2
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.one(f"select count(*) from archive.{SEGMENT}__202609_v1", "chen_province")
