"""Holds: they stop publication, say why to everybody, and are lifted by the same thing passing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from orchestration.errors import TelmartError
from orchestration.publication import current_state, open_hold, open_holds, publish, resolve_holds
from tests.miniature import Miniature

LOAD = {
    "feed": "boss.subscriber_bill",
    "period": "2026-11",
    "check_name": "load",
    "reason": "2026-11 账单加载失败。",
    "reason_en": "The bill of 2026-11 did not load.",
}


def told(world: Miniature) -> dict[str, Any]:
    """What people are told of retention; the other marts have no tables here."""
    (state,) = (s for s in current_state(world.settings) if s["mart"] == "retention")
    return state


@pytest.fixture(autouse=True)
def clean(world: Miniature) -> Iterator[None]:
    yield
    with world.owner() as owner:
        owner.execute("truncate ops.hold")
    publish(world.settings)


def test_a_hold_stops_publication_and_is_shown_at_once(world: Miniature) -> None:
    before = told(world)
    open_hold(world.settings, **LOAD)
    with pytest.raises(TelmartError, match=r"on hold: The bill of 2026-11 did not load\."):
        publish(world.settings)
    state = told(world)
    assert (state["state"], state["state_name"], state["state_name_en"]) == (
        "held", "暂缓发布", "On hold",
    )  # fmt: skip
    assert state["reason"] == "2026-11 账单加载失败"
    assert state["reason_en"] == "The bill of 2026-11 did not load"
    assert state["held_month"] == date(2026, 11, 1)
    # what people see stays, and so does what the header says of it
    for key in ("stat_month", "cut_off_at", "published_at"):
        assert state[key] == before[key]
    assert (
        world.one("select reason_en from status.data_state where mart = 'retention'", "sun_area")
        == state["reason_en"]
    )


def test_the_same_thing_passing_lifts_it(world: Miniature) -> None:
    open_hold(world.settings, **LOAD)
    assert resolve_holds(world.settings, feed="boss.recharge", period="2026-11") == 0
    assert resolve_holds(world.settings, feed=LOAD["feed"], period="2026-10") == 0
    assert resolve_holds(world.settings, feed=LOAD["feed"], period=LOAD["period"]) == 1
    state = told(world)
    assert (state["state"], state["reason"], state["held_month"]) == ("current", None, None)
    publish(world.settings)
    assert world.one("select count(*) from ops.hold where resolved_at is not null") == 1


def test_the_same_fault_twice_is_one_hold_with_the_latest_reason(world: Miniature) -> None:
    first = open_hold(world.settings, **LOAD)
    again = open_hold(world.settings, **{**LOAD, "reason_en": "Still not."})
    assert first == again
    with world.owner() as owner:
        assert [h.reason_en for h in open_holds(owner)] == ["Still not."]
    resolve_holds(world.settings, check_name="load")
    assert open_hold(world.settings, **LOAD) != first, "a lifted hold is history, not reused"


def test_many_reasons_are_told_shortly(world: Miniature) -> None:
    for n in range(5):
        open_hold(
            world.settings, check_name=f"check {n}", reason=f"原因{n}。", reason_en=f"Reason {n}."
        )
    state = told(world)
    assert state["reason"] == "原因0；原因1；原因2；另有 2 项"
    assert state["reason_en"] == "Reason 0; Reason 1; Reason 2; and 2 more"
    assert state["held_month"] is None
    assert resolve_holds(world.settings, check_name="check 0") == 1
    assert "and 1 more" in str(told(world)["reason_en"])


def test_before_the_first_publication_the_state_is_never(world: Miniature) -> None:
    with world.owner() as owner:
        owner.execute("update status.data_state set published_at = null, stat_month = null")
    open_hold(world.settings, **LOAD)
    state = told(world)
    assert (state["state"], state["state_name_en"]) == ("never", "Not published yet")
    assert state["reason_en"] == "The bill of 2026-11 did not load"


def test_lifting_everything_must_be_meant(world: Miniature) -> None:
    with pytest.raises(ValueError, match="name a feed, a period or a check"):
        resolve_holds(world.settings)
