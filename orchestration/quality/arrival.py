"""Arrival checks: what was loaded and is not yet published is tested before dbt touches it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from orchestration.contracts import Feed
from orchestration.quality.contract_rules import AFTER, FIRST, contract_rules
from orchestration.quality.evaluation import Evaluation
from orchestration.quality.profile import aggregates, dates, keep, measured, profile_query
from orchestration.quality.rules import Outcome, Reference, Rule, Suite
from orchestration.quality.validator import Validator

#: measured of every feed, beside what its suite names
DELIVERY = ("quarantined_cnt", "quarantined_key_or_date_cnt", "repeated_cnt")
_CURRENT = """
    select period, period_date::text, load_id, published_at is null
    from ops.load where feed = %s and is_current order by period
"""
_QUARANTINE = """
    select q.period, count(*), count(*) filter (where q.column_name = any (%s))
    from ops.quarantine as q
    where q.load_id = any (%s) and q.state = 'open'
    group by 1
"""
#: other periods whose present load came from the same files, byte for byte
REPEATED = """
    select mine.period, count(other.load_id)
    from ops.load as mine
    left join ops.load as other
        on other.feed = mine.feed and other.is_current and other.period <> mine.period
        and jsonb_array_length(other.files) > 0
        and jsonb_path_query_array(other.files, '$[*].sha256')
            = jsonb_path_query_array(mine.files, '$[*].sha256')
    where mine.load_id = any (%s)
    group by 1
"""


@dataclass(frozen=True)
class Window:
    """The periods of one feed that have to be tested, as date literal to name.

    Attributes:
        pending: loaded and not yet published.
        touched: published, but a feed they refer to was loaded anew.
        loads: date literal to load id, of both.
    """

    pending: Mapping[str, str]
    touched: Mapping[str, str]
    loads: Mapping[str, int]

    @property
    def periods(self) -> dict[str, str]:
        """All of them."""
        return {**self.touched, **self.pending}


def window(connection: psycopg.Connection[Any], feed: Feed, suite: Suite) -> Window:
    """Which periods of ``feed`` need testing now, by the ledger."""
    changed = {
        date
        for reference in suite.references
        for _, date, _, new in connection.execute(_CURRENT, [reference.feed])
        if new
    }
    pending, touched, loads = {}, {}, {}
    for period, date, load_id, new in connection.execute(_CURRENT, [feed.name]):
        if new:
            pending[date] = period
        elif date in changed:
            touched[date] = period
        if new or date in changed:
            loads[date] = load_id
    return Window(pending, touched, loads)


def check_arrival(
    connection: psycopg.Connection[Any],
    validator: Validator,
    feeds: Mapping[str, Feed],
    suite: Suite,
    found: Window,
) -> list[Outcome]:
    """Test the periods of ``found`` with the suite of one of ``feeds``.

    Args:
        connection: to the warehouse; the numbers measured are committed on it.
        feeds: all enabled feeds; references look into the others.

    Returns:
        One outcome per rule (and period, where it failed).
    """
    feed = feeds[suite.subject]
    _measure(connection, feeds, suite, found)
    connection.commit()
    measures = measured(suite, DELIVERY)

    def batch(name: str, periods: list[str]) -> str:
        if name == "profile":
            return profile_query(connection, suite.subject, measures, periods)
        return _rows_query(connection, feed, periods)

    linking = {r.measure for r in suite.references}
    links = [rule for rule in suite.rules if rule.kwargs.get("column") in linking]
    others = [rule for rule in suite.rules if rule not in links]
    # Published periods are tested again only against the feed that changed under them.
    evaluation = Evaluation(connection, validator, suite, batch)
    outcomes: list[Outcome] = []
    for version, periods in _by_version(feed, found.pending):
        outcomes += evaluation.run(_rules_of(version, feed, others), periods)
    return outcomes + evaluation.run(links, found.periods)


def _by_version(feed: Feed, periods: Mapping[str, str]) -> list[tuple[Feed, dict[str, str]]]:
    """The periods by the version of the contract they are under, the present one last."""
    versions = [*feed.earlier, feed]
    groups: dict[str, dict[str, str]] = {v.version: {} for v in versions}
    for literal, name in periods.items():
        groups[feed.for_period(name).version][literal] = name
    return [(v, groups[v.version]) for v in versions if groups[v.version]]


def _rules_of(version: Feed, feed: Feed, rules: Sequence[Rule]) -> Sequence[Rule]:
    """``rules`` with those of the contract as ``version`` states them."""
    if version is feed:
        return rules
    present = contract_rules(feed)
    return [*contract_rules(version), *(rule for rule in rules if rule not in present)]


def _measure(
    connection: psycopg.Connection[Any],
    feeds: Mapping[str, Feed],
    suite: Suite,
    found: Window,
) -> None:
    feed, periods = feeds[suite.subject], list(found.periods)
    numbers = aggregates(connection, _table(feed), "_period", suite.measures, periods)
    for reference in suite.references:
        orphans = _orphans(connection, feed, feeds[reference.feed], reference, periods)
        for period in periods:
            numbers[period][reference.measure] = orphans.get(period)
    by_label = {label: literal for literal, label in found.periods.items()}
    for period in periods:
        numbers[period] |= dict.fromkeys(DELIVERY, Decimal(0))
    serious = [c.name for c in feed.columns if c.is_key or c.is_temporal]
    for label, total, bad in connection.execute(_QUARANTINE, [serious, list(found.loads.values())]):
        numbers[by_label[label]] |= {"quarantined_cnt": total, "quarantined_key_or_date_cnt": bad}
    for label, others in connection.execute(REPEATED, [list(found.loads.values())]):
        numbers[by_label[label]]["repeated_cnt"] = others
    keep(connection, suite.subject, numbers, found.loads)


def _orphans(
    connection: psycopg.Connection[Any],
    feed: Feed,
    target: Feed,
    reference: Reference,
    periods: list[str],
) -> dict[str, Any]:
    """Rows per period without a counterpart; a period the other feed does not have yet is left
    out: it cannot be judged, and it is not processed before it is complete."""
    there = {row[1] for row in connection.execute(_CURRENT, [target.name])}
    comparable = [p for p in periods if p in there]
    if not comparable:
        return {}
    query = orphans_query(feed, target, reference, comparable)
    counted = dict(connection.execute(query).fetchall())
    return {period: counted.get(period, 0) for period in comparable}


def orphans_query(
    feed: Feed, target: Feed, reference: Reference, periods: Sequence[str]
) -> sql.Composed:
    """How many rows of each period refer to nothing; periods without such rows are left out.

    A condition of the rows, not of the count: PostgreSQL joins the two tables once, and does not
    look each row up in the other.
    """
    return sql.SQL("""
        select f._period::text, count(*)
        from {feed} as f
        where f._period in ({periods}) and f.{column} is not null and not exists (
            select from {target} as t
            where t._period = f._period and t.{to_column} = f.{column} and t._period in ({periods})
        )
        group by 1
    """).format(
        column=sql.Identifier(reference.column),
        to_column=sql.Identifier(reference.to_column),
        target=_table(target),
        feed=_table(feed),
        periods=dates(list(periods)),
    )


def _rows_query(connection: psycopg.Connection[Any], feed: Feed, periods: list[str]) -> str:
    first: sql.Composable = sql.SQL("t._period")
    after: sql.Composable
    if feed.period_kind == "full":
        low, high = feed.covers or ("-infinity", "infinity")
        first = sql.SQL("date {}").format(sql.Literal(low if feed.covers is None else f"{low}-01"))
        after = (
            sql.SQL("date {}").format(sql.Literal(high))
            if feed.covers is None
            else sql.SQL("(date {} + interval '1 month')").format(sql.Literal(f"{high}-01"))
        )
    else:
        step = "1 month" if feed.period_kind == "month" else "1 day"
        after = sql.SQL("(t._period + interval {})").format(sql.Literal(step))
    return (
        sql.SQL("select t.*, {} as {}, {} as {} from {} as t where t._period in ({})")
        .format(first, sql.Identifier(FIRST), after, sql.Identifier(AFTER), _table(feed),
                dates(periods))
        .as_string(connection)
    )  # fmt: skip


def _table(feed: Feed) -> sql.Identifier:
    return sql.Identifier("raw", feed.table)
