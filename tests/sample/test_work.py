"""The account managers' work: its feeds agree, and what was planted in them can be found."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

pytestmark = pytest.mark.fast

LAST_DAY = date(2026, 10, 31)


def latest(sample, feed: str, *key: str) -> pl.DataFrame:
    """The last thing that the feed said about each of its rows."""
    return sample.feeds[feed].sort("stat_month").unique(key, keep="last", maintain_order=True)


def business_hours(start: pl.Series, end: pl.Series) -> np.ndarray:
    """Hours from nine to six on weekdays between moments that lie within such hours."""
    first, last = start.dt.date().to_numpy(), end.dt.date().to_numpy()
    days = np.busday_count(first.astype("datetime64[D]"), last.astype("datetime64[D]"))
    seconds = ((end - end.dt.truncate("1d")) - (start - start.dt.truncate("1d"))).dt.total_seconds()
    return days * 9.0 + seconds.to_numpy() / 3600


def passages(sample) -> pl.DataFrame:
    """Every finished passage once, with its standard hours and the business hours it took."""
    done = sample.feeds["eoms.node_instance"].filter(pl.col("finished_at").is_not_null())
    nodes = sample.feeds["eoms.flow_node"].select("node_id", pl.col("standard_hours") / 100)
    done = done.unique(["work_order_id", "node_seq"]).join(nodes, on="node_id")
    return done.with_columns(
        pl.Series("wait", business_hours(done["arrived_at"], done["accepted_at"])),
        pl.Series("work", business_hours(done["accepted_at"], done["finished_at"])),
    )


def rank_correlation(table: pl.DataFrame, a: str, b: str) -> float:
    return table.select(pl.corr(pl.col(a).rank(), pl.col(b).rank())).item()


def managers(sample) -> pl.DataFrame:
    """What the truth file says of each account manager."""
    return pl.DataFrame(sample.truth["managers"])


def test_the_catalogue_has_29_flows_406_nodes_and_1035_functions(sample):
    nodes = sample.feeds["eoms.flow_node"]
    assert (nodes["flow_code"].n_unique(), nodes["node_id"].n_unique()) == (29, 406)
    assert nodes["function_cnt"].sum() == 1035
    assert set(nodes["flow_class"]) == {"service_handling", "complaint"}
    numbers = nodes.group_by("flow_code").agg(pl.col("node_no").sort())
    assert all(n == list(range(1, len(n) + 1)) for n in numbers["node_no"].to_list())


def test_diligence_shows_in_visits_kept_and_written_up(sample):
    visits = latest(sample, "crm.visit", "visit_id")
    seen = visits.group_by("staff_id").agg(
        kept=(pl.col("state") == "done").mean(),
        written=pl.col("feedback").is_not_null().mean(),
        count=pl.len(),
    )
    known = managers(sample).filter(~pl.col("games")).join(seen, on="staff_id")
    known = known.filter(pl.col("count") >= 40)
    assert known.height > 30
    assert rank_correlation(known, "kept", "diligence") > 0.7
    assert rank_correlation(known, "written", "diligence") > 0.8


def test_who_games_the_count_stays_for_minutes_and_finds_nothing(sample):
    visits = latest(sample, "crm.visit", "visit_id").filter(pl.col("state") == "done")
    minutes = (pl.col("checked_out_at") - pl.col("checked_in_at")).dt.total_minutes()
    seen = visits.group_by("staff_id").agg(stay=minutes.median(), needs=pl.col("need_type").count())
    gamers = set(managers(sample).filter("games")["staff_id"])
    assert set(seen.filter(pl.col("stay") < 12)["staff_id"]) == gamers
    assert seen.filter(pl.col("staff_id").is_in(gamers))["needs"].sum() == 0
    found = latest(sample, "crm.opportunity", "opportunity_id").filter(
        pl.col("visit_id").is_not_null()
    )
    assert gamers.isdisjoint(found["staff_id"])
    assert found["staff_id"].n_unique() > 40


def test_a_relation_is_lost_because_it_was_not_kept(sample):
    visits = latest(sample, "crm.visit", "visit_id").with_columns(
        pl.col("planned_at").dt.truncate("1mo").dt.date().alias("month")
    )
    drops = [d for d in sample.truth["group_drops"] if d["reason"] == "relation_lost"]
    before = after = 0
    for drop in drops:
        start = date.fromisoformat(f"{drop['from']}-01")
        mine = visits.filter(pl.col("group_id") == drop["group_id"])["month"]
        quiet = start - timedelta(days=62)
        before += mine.filter(mine.is_between(quiet - timedelta(days=95), quiet, "left")).len()
        after += mine.filter(mine.is_between(quiet, quiet + timedelta(days=95), "left")).len()
    assert before >= 8
    assert after < 0.4 * before


def test_nodes_are_worked_in_business_hours(sample):
    for column in ("arrived_at", "accepted_at", "finished_at"):
        moment = sample.feeds["eoms.node_instance"][column].drop_nulls()
        assert moment.dt.weekday().max() <= 5
        hour = moment.dt.hour() + moment.dt.minute() / 60
        assert 9 <= hour.min() <= hour.max() < 18
        october = moment.filter((moment.dt.month() == 10) & (moment.dt.day() <= 7))
        assert october.is_empty()


def test_passages_follow_each_other_without_a_gap(sample):
    done = passages(sample).sort("work_order_id", "node_seq")
    follows = done.with_columns(
        pl.col("node_seq", "arrived_at").shift(-1).over("work_order_id").name.prefix("next_")
    ).filter(pl.col("next_node_seq") == pl.col("node_seq") + 1)
    assert follows.height > 10_000
    late = follows.filter(pl.col("next_arrived_at") != pl.col("finished_at"))
    # six o'clock in the evening is nine the next morning
    assert late.filter(pl.col("next_arrived_at").dt.hour() != 9).is_empty()


def test_what_is_sent_back_passes_its_nodes_again(sample):
    orders = latest(sample, "eoms.work_order", "work_order_id").filter(
        pl.col("state") == "archived"
    )
    done = passages(sample).filter(pl.col("work_order_id").is_in(orders["work_order_id"].implode()))
    seen = done.group_by("work_order_id").agg(
        back=(pl.col("result") == "sent_back").sum(), again=pl.col("is_reopened").sum()
    )
    both = orders.join(seen, on="work_order_id")
    assert both.filter(pl.col("reopened_cnt") > 0).height > 50
    returned = both.filter(pl.col("back") > 0)
    assert (returned["back"] == returned["reopened_cnt"]).all()
    assert (returned["again"] >= 1).all()
    assert (both.filter(pl.col("back") == 0)["again"] == 0).all()


def test_the_bottlenecks_are_where_orders_take_a_multiple_of_the_standard(sample):
    done = passages(sample).filter(pl.col("standard_hours") >= 1.5)
    seen = done.group_by("node_id").agg(
        wait=(pl.col("wait") / pl.col("standard_hours")).median(),
        work=(pl.col("work") / pl.col("standard_hours")).median(),
        count=pl.len(),
    )
    seen = seen.filter(pl.col("count") >= 25)
    planted = {b["node_id"]: b["kind"] for b in sample.truth["bottleneck_nodes"]}
    usual = seen.filter(~pl.col("node_id").is_in(list(planted)))
    found = {
        node: kind
        for kind in ("wait", "work")
        for node in seen.filter(pl.col(kind) > 2 * seen[kind].median())["node_id"]
    }
    assert set(found) >= set(planted)
    assert all(found[node] == kind for node, kind in planted.items())
    # nothing else stands out as much
    worst = seen.with_columns(total=pl.col("wait") + pl.col("work")).sort("total", descending=True)
    assert set(worst["node_id"].head(len(planted))) == set(planted)
    assert usual.height > 50


def test_one_partner_is_slow(sample):
    orders = latest(sample, "si.partner_order", "partner_order_id").filter(
        pl.col("state") == "done"
    )
    hours = orders.with_columns(
        pl.Series("took", business_hours(orders["accepted_at"], orders["done_at"]))
    )
    by = hours.group_by("partner_code").agg(pl.col("took").median()).sort("took")
    assert by["partner_code"].last() == sample.truth["slow_partner"]
    assert by["took"][-1] > 1.25 * by["took"][-2]


def test_opportunities_go_through_six_five_and_five_steps_in_order(sample):
    steps = latest(sample, "crm.opportunity_step", "opportunity_id", "stage", "step")
    counted = steps.group_by("stage").agg(pl.col("step").n_unique(), pl.col("step_no").max())
    assert sorted(counted.rows()) == [
        ("after_sales", 5, 5), ("in_sales", 5, 5), ("pre_sales", 6, 6),
    ]  # fmt: skip
    before = steps.filter(pl.col("stage") != "after_sales").sort(
        "opportunity_id", pl.col("stage") == "in_sales", "step_no"
    )
    starts = before.with_columns(
        pl.col("started_at").shift(1).over("opportunity_id").alias("earlier")
    )
    assert starts.filter(pl.col("started_at") < pl.col("earlier")).is_empty()
    sold = latest(sample, "crm.opportunity", "opportunity_id")
    taken = steps.filter(pl.col("stage") == "pre_sales").group_by("opportunity_id").agg(
        passed=(pl.col("result") == "passed").sum(), dropped=(pl.col("result") == "dropped").sum()
    )  # fmt: skip
    ends = sold.join(taken, on="opportunity_id")
    won, lost = (ends.filter(pl.col("state") == s) for s in ("won", "lost"))
    assert set(won["passed"]) == {6}
    assert set(won["dropped"]) == {0}
    assert set(lost["dropped"]) == {1}
    assert 0.35 < won.height / (won.height + lost.height) < 0.75


def test_every_contract_becomes_an_order_and_the_order_is_opened(sample):
    sold = latest(sample, "crm.opportunity", "opportunity_id").filter(pl.col("state") == "won")
    orders = latest(sample, "crm.sales_order", "order_id")
    new = orders.filter(pl.col("order_type") == "new")
    old = sold.filter(pl.col("closed_at").dt.date() < LAST_DAY - timedelta(days=7))
    assert set(old["opportunity_id"]) <= set(new["opportunity_id"])
    both = new.join(sold, on="opportunity_id", suffix="_won")
    assert both.filter(pl.col("accepted_at") < pl.col("closed_at")).is_empty()
    opened = orders.filter(pl.col("opened_at").is_not_null()).with_columns(
        days=(pl.col("opened_at") - pl.col("accepted_at")).dt.total_hours() / 24
    )
    took = dict(opened.group_by("fulfilment_path").agg(pl.col("days").median()).rows())
    assert took["instant_open"] < 0.1
    assert took["platform_open"] < took["eoms_link"] < 45


@pytest.mark.parametrize(
    ("feed", "key", "closed"),
    [
        ("crm.opportunity", "opportunity_id", "closed_at"),
        ("crm.sales_order", "order_id", "opened_at"),
        ("eoms.work_order", "work_order_id", "archived_at"),
        ("eoms.complaint", "complaint_id", "archived_at"),
        ("crm.visit", "visit_id", "feedback_at"),
    ],
)
def test_what_was_said_in_one_month_is_not_taken_back_in_the_next(sample, feed, key, closed):
    rows = sample.feeds[feed].sort(key, "stat_month")
    said = rows.group_by(key).agg(pl.col(closed).drop_nulls().n_unique())
    assert said[closed].max() == 1
    before = rows.with_columns(pl.col(closed).shift(1).over(key).alias("before"))
    assert before.filter(pl.col("before").is_not_null() & pl.col(closed).is_null()).is_empty()


def test_discounts_beyond_the_authority_are_the_planted_ones(sample):
    orders = sample.feeds["crm.sales_order"].filter(
        pl.col("accepted_at").dt.truncate("1mo").dt.date() == pl.col("stat_month")
    )
    limits = sample.feeds["hr.manager_rating"].select(
        "staff_id", "stat_month", "authority_limit_amt"
    )
    alone = orders.filter(pl.col("approver_staff_id") == pl.col("staff_id"))
    over = alone.join(limits, on=["staff_id", "stat_month"]).filter(
        pl.col("discount_amt") > pl.col("authority_limit_amt")
    )
    assert set(over["order_id"]) == set(sample.truth["over_limit_orders"])
    assert over.height >= 3
    oversteppers = set(managers(sample).filter("oversteps")["staff_id"])
    assert set(over["staff_id"]) <= oversteppers


def test_service_fails_before_a_group_goes_for_it(sample):
    cases = latest(sample, "eoms.complaint", "complaint_id").filter(
        pl.col("complainant_type") == "group"
    )
    drops = [d for d in sample.truth["group_drops"] if d["reason"] == "service_failure"]
    near = 0
    for drop in drops:
        start = date.fromisoformat(f"{drop['from']}-01")
        mine = cases.filter(pl.col("group_id") == drop["group_id"])["received_at"].dt.date()
        near += mine.is_between(start - timedelta(days=93), start + timedelta(days=61)).sum()
    months = sample.feeds["eoms.complaint"]["stat_month"].n_unique()
    usual = cases.height / 300 / months * 5
    assert near / len(drops) > 2.5 * usual


def test_poor_halls_are_complained_about_more(sample):
    cases = latest(sample, "eoms.complaint", "complaint_id")["against_outlet_id"].drop_nulls()
    poor = set(sample.truth["poor_halls"])
    share = cases.is_in(list(poor)).mean()
    assert share > 2 * len(poor) / 60


def test_certificates_that_lapse_and_those_about_to_are_known(sample):
    held = sample.feeds["training.certificate"]
    last = latest(sample, "training.certificate", "certificate_id")
    staff = sample.feeds["hr.staff"].filter(
        (pl.col("stat_month") == date(2026, 10, 1)) & pl.col("is_active")
    )
    lapsed = last.filter(
        pl.col("state") == "expired", pl.col("staff_id").is_in(staff["staff_id"].implode())
    )
    assert set(lapsed["certificate_id"]) == set(sample.truth["lapsed_certificates"])
    now = held.filter(pl.col("stat_month") == date(2026, 10, 1), pl.col("state") == "valid")
    soon = now.filter(pl.col("expires_on") <= LAST_DAY + timedelta(days=90))
    assert set(soon["certificate_id"]) == set(sample.truth["expiring_certificates"])
    lazy = managers(sample).join(lapsed.select("staff_id").unique(), on="staff_id")
    assert lazy["diligence"].mean() < managers(sample)["diligence"].mean()


def test_a_renewed_certificate_was_earned_by_an_exam(sample):
    earned = latest(sample, "training.certificate", "certificate_id").filter(
        pl.col("exam_result_id").is_not_null()
    )
    exams = sample.feeds["training.exam"]
    both = earned.join(exams, on="exam_result_id", suffix="_exam")
    assert both.height == earned.height > 20
    assert set(both["result"]) == {"passed"}
    assert (both["staff_id"] == both["staff_id_exam"]).all()
    assert (both["issued_on"] >= both["taken_at"].dt.date()).all()
    passed = exams.filter(pl.col("result") == "passed")
    assert (passed["score"] >= passed["pass_score"]).all()


def test_targets_of_parts_add_up_except_where_planted(sample):
    rows = sample.feeds["target.kpi_target"].filter("is_additive")
    parts = rows.group_by("kpi_code", "parent_scope_type", "parent_scope_id", "stat_month").agg(
        pl.col("target_value").sum().alias("together")
    )
    whole = rows.join(
        parts,
        left_on=["kpi_code", "scope_type", "scope_id", "stat_month"],
        right_on=["kpi_code", "parent_scope_type", "parent_scope_id", "stat_month"],
    )
    assert set(whole["scope_type"]) == {"hq", "province", "city", "county", "area"}
    off = whole.filter((pl.col("together") - pl.col("target_value")).abs() > 0.005)
    found = {(r["kpi_code"], r["scope_id"], f"{r['stat_month']:%Y-%m}") for r in off.to_dicts()}
    planted = {(g["kpi_code"], g["scope_id"], g["period"]) for g in sample.truth["target_gaps"]}
    assert found == planted != set()


def test_one_county_gives_its_halls_nearly_full_marks(sample):
    scores = sample.feeds["target.manual_score"].filter(pl.col("kpi_code") == "county_score")
    places = sample.feeds["channel.outlet"].select("outlet_id", "stat_month", "area_id")
    units = sample.feeds["hr.org_unit"].select("org_unit_id", "stat_month", "parent_id")
    by = (
        scores.join(
            places, left_on=["scope_id", "stat_month"], right_on=["outlet_id", "stat_month"]
        )
        .join(units, left_on=["area_id", "stat_month"], right_on=["org_unit_id", "stat_month"])
        .group_by("parent_id")
        .agg(pl.col("score").mean() / 100)
    )
    assert by.sort("score")["parent_id"].last() == sample.truth["lenient_county"]
    assert by["score"].max() > 96
    assert by.sort("score")["score"][-2] < 93


def test_goals_are_scored_by_diligence_but_those_who_game_do_well(sample):
    goals = sample.feeds["target.manual_score"].filter(pl.col("kpi_code") == "gs_goal")
    by = goals.group_by("scope_id").agg(pl.col("score").mean() / 100)
    known = managers(sample).join(by, left_on="staff_id", right_on="scope_id")
    assert rank_correlation(known.filter(~pl.col("games")), "score", "diligence") > 0.9
    assert known.filter("games")["score"].min() > known["score"].median()


def test_planning_years_begin_in_october_and_late_initiatives_fall_behind(sample):
    rows = sample.feeds["pmo.initiative"]
    october = rows.filter(pl.col("stat_month") == date(2025, 10, 1))
    assert set(october["planning_year"]) == {2026}
    assert set(rows.filter(pl.col("stat_month") == date(2025, 9, 1))["planning_year"]) == {2025}
    assert set(october["starts_on"].filter(october["level"] == "project")) == {date(2025, 10, 1)}
    end = rows.filter(pl.col("stat_month") == date(2026, 8, 1), pl.col("level") == "sub_project")
    behind = end.filter(pl.col("actual_progress") < 0.9 * pl.col("planned_progress"))
    late = {i for i in sample.truth["late_initiatives"] if i.startswith("PI2026")}
    assert set(behind["initiative_id"]) == late != set()
    top = rows.filter(pl.col("level") == "project")["parent_id"]
    assert top.null_count() == top.len()


def test_skills_and_grades_go_with_what_the_managers_are(sample):
    scores = sample.feeds["hr.capability_score"].filter(pl.col("stat_month") == date(2026, 10, 1))
    by = scores.group_by("staff_id").agg(pl.col("supervisor_score").mean())
    known = managers(sample).join(by, on="staff_id")
    assert rank_correlation(known, "supervisor_score", "skill") > 0.6
    assert scores.group_by("staff_id").len()["len"].unique().to_list() == [7]
    assert set(scores["half_year"]) == {"2026H1"}


def test_every_member_of_a_team_has_a_role_and_a_team_one_leader(sample):
    teams = sample.feeds["hr.team_member"]
    leaders = teams.group_by("team_id", "stat_month").agg(pl.col("is_leader").sum())
    assert set(leaders["is_leader"]) == {1}
    assert teams["belbin_role"].n_unique() >= 6
    assert (teams["belbin_role"] != teams["second_belbin_role"]).all()
