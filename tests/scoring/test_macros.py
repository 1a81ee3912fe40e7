"""Properties of the scoring macros, over random numbers, computed by a real PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.scoring.macros import SOURCE, Row, clipped_rate, expected_rate, macros, near

Database = psycopg.Connection[Any]

random_inputs = settings(
    max_examples=60,
    deadline=None,
    database=None,
    # the database is the same for every example, and none of them changes it
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
numbers = st.one_of(
    st.sampled_from([Decimal(0), Decimal(1), Decimal(-1), Decimal("0.0001"), Decimal(100)]),
    st.decimals(-100_000, 100_000, places=4),
)
floors, caps = st.decimals(0, 1, places=2), st.decimals(1, 3, places=2)
policies = st.sampled_from(["not_scored", "floor", "full"])
directions = st.sampled_from(["up", "down"])
cases = st.tuples(
    st.none() | numbers, st.none() | numbers, directions, floors, caps, policies
)  # fmt: skip


def rates(database: Database, rows: list[Row], source: str = SOURCE) -> list[Decimal | None]:
    """The rate after floor and cap of each row, in the order of the rows."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    found = database.execute(
        f"select {clipped_rate(macros(source))} from unnest(%s::numeric[], %s::numeric[],"
        " %s::text[], %s::numeric[], %s::numeric[], %s::text[]) with ordinality"
        " as t(actual, base, direction, floor_rate, cap_rate, zero_base, n) order by n",
        columns,
    )
    return [row[0] for row in found]


@random_inputs
@given(rows=st.lists(cases, min_size=1, max_size=40))
def test_a_rate_is_what_the_rule_says(database: Database, rows: list[Row]) -> None:
    for row, found in zip(rows, rates(database, rows), strict=True):
        assert near(found, expected_rate(row)), row


@random_inputs
@given(rows=st.lists(cases, min_size=1, max_size=40))
def test_a_rate_stays_within_floor_and_cap(database: Database, rows: list[Row]) -> None:
    for row, found in zip(rows, rates(database, rows), strict=True):
        assert found is None or row[3] <= found <= row[4], row


@random_inputs
@given(rows=st.lists(st.tuples(cases, numbers), min_size=1, max_size=40))
def test_doing_better_never_scores_less(
    database: Database, rows: list[tuple[Row, Decimal]]
) -> None:
    cases_ = [case for case, _ in rows if case[0] is not None]
    others = [(other, *case[1:]) for case, other in rows if case[0] is not None]
    if not cases_:
        return
    one, two = rates(database, cases_), rates(database, others)
    for case, other, first, second in zip(cases_, others, one, two, strict=True):
        if first is None or second is None:
            assert first is second, "whether there is a score does not depend on how high it is"
            continue
        assert case[0] is not None and other[0] is not None
        ahead = case[0] > other[0] if case[2] == "up" else case[0] < other[0]
        assert first >= second if ahead else first <= second, (case, other)


@random_inputs
@given(rows=st.lists(st.tuples(cases, st.integers(1, 1000)), min_size=1, max_size=40))
def test_the_unit_does_not_matter(database: Database, rows: list[tuple[Row, int]]) -> None:
    """Revenue in yuan or in fen: the same score."""
    plain = [case for case, _ in rows]
    scaled = [
        (None if a is None else a * by, None if b is None else b * by, *rest)
        for (a, b, *rest), by in rows
    ]
    for first, second in zip(rates(database, plain), rates(database, scaled), strict=True):
        assert near(first, None if second is None else Fraction(second))


groups = st.lists(
    st.tuples(st.sampled_from("abc"), st.none() | numbers), min_size=1, max_size=30
)  # fmt: skip


@random_inputs
@given(members=groups, direction=directions, zero=policies, order=st.randoms())
def test_the_best_of_a_group_sets_the_measure(
    database: Database,
    members: list[tuple[str, Decimal | None]],
    direction: str,
    zero: str,
    order: Any,
) -> None:
    module = macros()
    peers = "count(actual) over (partition by grp)"
    rate = module.rate_by_method(
        "'best_in_group'", "actual", "base", "null::numeric", "direction", "0", "1", "zero_base",
        "peers", "2",
    )  # fmt: skip
    query = (
        f"with t as (select * from unnest(%s::int[], %s::text[], %s::numeric[]) as t(n, grp,"
        f" actual)), w as (select t.*, {peers} as peers, %s as direction, %s as zero_base,"
        f" {module.best_of('actual', '%s', 'grp')} as base from t)"
        f" select n, {rate} from w"
    )

    def scored(rows: list[tuple[int, str, Decimal | None]]) -> dict[int, Decimal | None]:
        columns = [list(column) for column in zip(*rows, strict=True)]
        return dict(database.execute(query, [*columns, direction, zero, direction]).fetchall())

    rows = [(n, *member) for n, member in enumerate(members)]
    found = scored(rows)
    shuffled = list(rows)
    order.shuffle(shuffled)
    assert scored(shuffled) == found, "the order of the rows must not matter"

    by_group: dict[str, list[Decimal]] = defaultdict(list)
    for _, group, actual in rows:
        if actual is not None:
            by_group[group].append(actual)
    for n, group, actual in rows:
        values = by_group[group]
        if actual is None or len(values) < 2:
            assert found[n] is None
            continue
        best = max(values) if direction == "up" else min(values)
        wanted = expected_rate((actual, best, direction, Decimal(0), Decimal(1), zero))
        kept = None if found[n] is None else max(found[n], Decimal(0))
        assert near(kept, wanted), (group, actual, best)
        if actual == best and best > 0:
            assert found[n] == 1, "everybody who is best has the full score"


items = st.lists(
    st.tuples(st.sampled_from("pqr"), st.integers(1, 20), st.booleans()), min_size=1, max_size=12
)  # fmt: skip


@random_inputs
@given(items=items)
def test_weights_that_count_are_the_whole_and_parts_keep_their_share(
    database: Database, items: list[tuple[str, int, bool]]
) -> None:
    total = sum(weight for _, weight, _ in items)
    columns = [
        list(range(len(items))),
        [part for part, _, _ in items],
        [Decimal(weight) / total for _, weight, _ in items],
        [counted for _, _, counted in items],
    ]
    weight = macros().counted_weight(
        "counted", "weight", "part_weight", "part_counted", "all_counted"
    )
    found = database.execute(
        "with t as (select * from unnest(%s::int[], %s::text[], %s::numeric[], %s::boolean[])"
        " as t(n, part, weight, counted)), p as (select t.*, sum(weight) over (partition by part)"
        " as part_weight, sum(case when counted then weight else 0 end) over (partition by part)"
        " as part_counted from t), w as (select p.*, sum(case when part_counted > 0 then weight"
        f" else 0 end) over () as all_counted from p) select part, counted, {weight} from w",
        columns,
    ).fetchall()
    assert all(value == 0 for _, counted, value in found if not counted)
    if not any(counted for _, _, counted in items):
        return
    close = Decimal("1e-9")
    assert abs(sum(value for _, _, value in found) - 1) < close
    share: dict[str, Decimal] = defaultdict(Decimal)
    nominal: dict[str, int] = defaultdict(int)
    for part, _, value in found:
        share[part] += value
    for part, amount, _ in items:
        nominal[part] += amount
    present = {part for part, _, counted in items if counted}
    for part, other in product(present, repeat=2):
        off = share[part] * nominal[other] - share[other] * nominal[part]
        assert abs(off) < close * total, "city and county keep their proportion"


#: what a careless hand might do to the macros, each once
MUTANTS = {
    "no cap": ("least({{ cap }}, greatest", "greatest(0, greatest"),
    "no floor": ("greatest({{ floor }}, {{ rate }})", "{{ rate }}"),
    "a score out of none": ("when {{ rate }} is not null then least", "when true then least"),
    "more is always better": ("then {{ base }} / {{ actual }}", "then {{ actual }} / {{ base }}"),
    "nothing incurred scores the floor": ("<= 0 then {{ cap }}", "<= 0 then {{ floor }}"),
    "zero always scores": ("= 'not_scored' then null", "= 'never' then null"),
    "the floor policy forgotten": ("= 'floor' then {{ floor }}", "= 'never' then {{ floor }}"),
    "worse than zero is fine (up)": ("{{ actual }} < 0 then", "{{ actual }} < -1e9 then"),
    "worse than zero is fine (down)": ("{{ actual }} > 0 then", "{{ actual }} > 1e9 then"),
    "a negative base as if it were positive": (
        "1 + ({{ actual }} - {{ base }}) / abs({{ base }})",
        "{{ actual }} / {{ base }}",
    ),
    "a negative base the wrong way round": (
        "1 - ({{ actual }} - {{ base }}) / abs({{ base }})",
        "1 + ({{ actual }} - {{ base }}) / abs({{ base }})",
    ),
    "half of it": ("then {{ actual }} / {{ base }}", "then {{ actual }} / {{ base }} / 2"),
}
GRID = [
    (None if a is None else Decimal(a), None if b is None else Decimal(b), d,
     Decimal("0.2"), Decimal("1.2"), z)
    for a, b, d, z in product(
        [None, "-20", "-5", "0", "0.5", "4", "10", "95"], [None, "-10", "0", "2", "100"],
        ["up", "down"], ["not_scored", "floor", "full"])
]  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_spoilt_macro_is_noticed(database: Database, name: str) -> None:
    old, new = MUTANTS[name]
    assert SOURCE.count(old) == 1, "the mutant must change one place"
    found = rates(database, GRID, SOURCE.replace(old, new))
    assert not all(near(f, expected_rate(row)) for row, f in zip(GRID, found, strict=True))
    whole = rates(database, GRID)
    assert all(near(f, expected_rate(row)) for row, f in zip(GRID, whole, strict=True))


@pytest.mark.parametrize(
    ("case", "passed"),
    [
        (("0.6", "0.6", "up", "fail"), True),
        (("0.59", "0.6", "up", "pass"), False),
        (("3", "3", "down", "fail"), True),
        (("4", "3", "down", "pass"), False),
        (("null", "0.6", "up", "pass"), True),
        (("null", "0.6", "up", "fail"), False),
        (("0.1", "null", "up", "fail"), False),
    ],
)
def test_a_gate(database: Database, case: tuple[str, ...], passed: bool) -> None:
    actual, threshold, direction, missing = case
    gate = macros().gate_passed(
        f"{actual}::numeric", f"{threshold}::numeric", f"'{direction}'", f"'{missing}'"
    )
    assert database.execute(f"select {gate}").fetchone() == (passed,)
