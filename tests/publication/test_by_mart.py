"""Two marts: each waits for its own feeds, is held by its own faults and keeps its own closes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from orchestration.errors import TelmartError
from orchestration.publication import (
    close_months,
    current_state,
    open_hold,
    open_holds,
    pending,
    publish,
    refresh_notices,
    resolve_holds,
)
from orchestration.publication.fingerprint import fingerprint
from orchestration.publication.ledger import note_published
from orchestration.refresh.dbt_results import FailedNode, hold_failed
from tests.miniature import KEYS, MONTHS, Miniature, write_manifest
from tests.publication.test_pending import load, months
from tests.publication.test_publish import SEGMENT, build, served

AUGUST, SEPTEMBER, OCTOBER = MONTHS
BILL, VISIT, STAFF, SURVEY = "boss.subscriber_bill", "crm.visit", "hr.staff", "survey.answer"
RETENTION, VISITS = ["retention"], ["visits"]
VISITS_TABLE = "mart_visits__month"


@pytest.fixture(autouse=True)
def two_marts(world: Miniature) -> Iterator[None]:
    """Staff is in both marts, bills are in retention, visits in the other, surveys in none."""
    write_manifest(world.settings, feeds=(BILL, STAFF), others={"visits": (VISIT, STAFF)})
    build(world, MONTHS, 1)
    build_visits(world, 1)
    publish(world.settings, None, fingerprint=fingerprint(world.settings))
    yield
    with world.owner() as owner:
        owner.execute("truncate ops.hold, ops.fingerprint, ops.restatement, status.month_close")
        owner.execute("truncate ops.load cascade")
        owner.execute("drop schema archive cascade; create schema archive")
        owner.execute("delete from status.data_state where mart = 'visits'")
        owner.execute(f"drop table build.{VISITS_TABLE}")
    write_manifest(world.settings)
    publish(world.settings)
    assert world.one("select to_regclass('visits.mart_visits__month')") is None, "it is retired"


def build_visits(world: Miniature, amount: int) -> None:
    """The other mart's only table in the build schema, a row per customer and month."""
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in KEYS.items())
    values = ", ".join(value for _, value in KEYS.values())
    with world.owner() as owner:
        owner.execute(f"drop table if exists build.{VISITS_TABLE}")
        owner.execute(f"create table build.{VISITS_TABLE} ({columns}, visit_cnt integer)")
        owner.execute(
            f"insert into build.{VISITS_TABLE} select {values}, %s"
            " from core.dim_subscriber, unnest(%s::date[]) as m",
            [amount, list(MONTHS)],
        )


def visits(world: Miniature) -> dict[object, set[int]]:
    with world.owner() as owner:
        return {
            month: set(found) for month, found in owner.execute(
                f"select stat_month, array_agg(distinct visit_cnt) from visits.{VISITS_TABLE}"
                " group by 1"
            )
        }  # fmt: skip


def published(world: Miniature, load_id: int) -> bool:
    found = world.one(f"select published_at is not null from ops.load where load_id = {load_id}")
    assert isinstance(found, bool)
    return found


def versions(world: Miniature, table: str) -> list[int | None]:
    found = world.one(f"select array_agg(distinct close_version) from {table}")
    assert isinstance(found, list)
    return found


def state(world: Miniature) -> dict[str, str]:
    states = {row["mart"]: row["state"] for row in current_state(world.settings)}
    return {mart: states[mart] for mart in RETENTION + VISITS}


def test_a_mart_is_published_without_the_other(world: Miniature) -> None:
    build(world, MONTHS, 2)
    build_visits(world, 2)
    assert publish(world.settings, marts=VISITS).rows == {f"visits.{VISITS_TABLE}": 240}
    assert visits(world) == {month: {2} for month in MONTHS}
    assert served(world, SEGMENT) == {month: {1} for month in MONTHS}


def test_people_see_their_rows_of_the_new_mart_only(world: Miniature) -> None:
    rows = f"select count(*) from visits.{VISITS_TABLE}"
    assert world.one(rows, "chen_province") == 240
    assert world.one(rows, "sun_area") == 30
    assert world.one(rows, "qian_noscope") == 0


@pytest.mark.parametrize(
    ("feed", "held"),
    [(BILL, RETENTION), (VISIT, VISITS), (STAFF, RETENTION + VISITS), (SURVEY, [])],
)
def test_a_feed_holds_the_marts_that_are_built_from_it(
    world: Miniature, feed: str, held: list[str]
) -> None:
    open_hold(
        world.settings, feed=feed, period="2026-10", check_name="load", reason="坏。",
        reason_en="Broken.",
    )  # fmt: skip
    assert state(world) == {m: "held" if m in held else "current" for m in ("retention", "visits")}
    for mart in ("retention", "visits"):
        if mart in held:
            with pytest.raises(TelmartError, match=r"Broken\."):
                publish(world.settings, marts=[mart])
        else:
            publish(world.settings, marts=[mart])
    resolve_holds(world.settings, feed=feed)
    assert set(state(world).values()) == {"current"}


def test_a_fault_nobody_can_place_holds_all(world: Miniature) -> None:
    open_hold(world.settings, check_name="dbt", reason="坏。", reason_en="Broken.")
    assert set(state(world).values()) == {"held"}
    open_hold(world.settings, check_name="dbt", reason="坏。", reason_en="Broken.", marts=VISITS)
    assert state(world) == {"retention": "current", "visits": "held"}, "renewed, not added"


def test_what_dbt_could_not_build_holds_the_marts_it_is_part_of(world: Miniature) -> None:
    def holds() -> list[tuple[str, list[str] | None]]:
        with world.owner() as owner:
            return [(hold.check_name, hold.marts) for hold in open_holds(owner)]

    visit = FailedNode("model", VISITS_TABLE, None, f"model.telmart.{VISITS_TABLE}")
    segment = FailedNode("model", SEGMENT, None, f"model.telmart.{SEGMENT}")
    other = FailedNode("model", "fct_survey", None, "model.telmart.fct_survey")
    assert not hold_failed(world.settings, [visit, other])
    assert holds() == [("dbt", ["visits"]), ("dbt_beside", [])]
    assert not hold_failed(world.settings, [other])
    assert holds() == [("dbt_beside", [])]
    assert hold_failed(world.settings, [visit, segment])
    assert holds() == [("dbt", ["retention", "visits"])]
    assert hold_failed(world.settings, [])
    assert holds() == [("dbt", None)], "dbt ended before it could say"


def test_a_load_waits_for_every_mart_that_needs_it(world: Miniature) -> None:
    staff, visit = load(world, "2026-10", STAFF), load(world, "2026-10", VISIT)
    assert months(world) == [OCTOBER] and months(world, "visits") == [OCTOBER]
    publish(world.settings, [OCTOBER], [staff, visit], marts=RETENTION)
    assert not published(world, staff) and not published(world, visit)
    assert months(world) == [] and months(world, "visits") == [OCTOBER]
    assert pending(world.settings).marts["visits"].load_ids == [staff, visit]
    publish(world.settings, [OCTOBER], [staff, visit], marts=VISITS)
    assert published(world, staff) and published(world, visit)
    assert pending(world.settings).is_empty


def test_what_no_mart_is_built_from_is_done_when_it_is_built(world: Miniature) -> None:
    survey, visit = load(world, "2026-10", SURVEY), load(world, "2026-10", VISIT)
    assert pending(world.settings).beside == {survey: OCTOBER}
    with world.owner() as owner:
        note_published(owner, world.settings, [survey, visit], (), datetime.now(UTC))
    assert published(world, survey) and not published(world, visit)


def test_models_that_changed_are_noted_for_who_was_published_with_them(world: Miniature) -> None:
    assert months(world) == [] and months(world, "visits") == []
    with world.owner() as owner:
        owner.execute("update ops.fingerprint set value = 'of other models'")
    publish(world.settings, None, fingerprint=fingerprint(world.settings), marts=VISITS)
    assert months(world) is None and months(world, "visits") == []


def test_each_mart_keeps_its_own_closes(world: Miniature) -> None:
    assert close_months(world.settings, AUGUST, "ma_finance") == [AUGUST]
    build(world, MONTHS, 2)
    build_visits(world, 2)
    publish(world.settings, reason="August was billed twice", marts=RETENTION)
    publish(world.settings, marts=VISITS)
    assert served(world, SEGMENT)[AUGUST] == {2} and visits(world)[AUGUST] == {1}
    august = f" where stat_month = '{AUGUST}'"
    assert versions(world, f"retention.{SEGMENT}{august}") == [2]
    assert versions(world, f"visits.{VISITS_TABLE}{august}") == [1]


def test_a_month_that_a_mart_lacks_stays_open_for_it(world: Miniature) -> None:
    with world.owner() as owner:
        owner.execute(f"delete from build.{VISITS_TABLE} where stat_month = '{OCTOBER}'")
    publish(world.settings, marts=VISITS)
    assert close_months(world.settings, OCTOBER, "ma_finance") == [*MONTHS]
    build_visits(world, 2)
    publish(world.settings, marts=VISITS)
    assert visits(world) == {AUGUST: {1}, SEPTEMBER: {1}, OCTOBER: {2}}


def test_a_month_nobody_asked_for_stays_out_of_a_table_made_anew(world: Miniature) -> None:
    """It may have been built for another mart, while this one waits for a feed."""
    with world.owner() as owner:
        owner.execute(f"delete from build.{VISITS_TABLE} where stat_month = '{OCTOBER}'")
    publish(world.settings, marts=VISITS)
    build_visits(world, 2)
    with world.owner() as owner:
        owner.execute(f"alter table build.{VISITS_TABLE} add column order_cnt integer")
    publish(world.settings, [SEPTEMBER], marts=VISITS)
    assert visits(world) == {AUGUST: {2}, SEPTEMBER: {2}}


def test_who_was_restated_is_told_who_was_not_is_not(world: Miniature) -> None:
    publish(world.settings, [OCTOBER], reason="visits counted twice", marts=VISITS)
    refresh_notices(world.settings)
    said = {row["mart"]: row["notice_en"] or "" for row in current_state(world.settings)}
    assert "visits counted twice" in said["visits"]
    assert "Restated" not in said["retention"]
