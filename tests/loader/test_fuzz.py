"""A thousand spoilt extracts: each loads or is refused in words, and nothing is ever half done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from orchestration.engine.databases import connect
from orchestration.loader import LoadResult, load_period
from orchestration.loader.manifest import NAME as MANIFEST
from tests.loader.mutations import MUTATIONS, Good, Mutated
from tests.loader.support import HEADER, PERIOD, Warehouse, rows

SEED = 20261031
#: of each kind; eight kinds
EACH = 130
#: of a good file; one bad row is tolerated, two are not
ROWS = 60

_FAMILY = "张王李赵钱孙周吴"
GOOD = [
    Good("boss.recharge", HEADER.split(","), [line.split(",") for line in rows(ROWS)]),
    Good(
        "hr.staff",
        ["staff_id", "姓名", "staff_name_en", "post", "org_unit_id", "hired_on", "is_active"],
        [
            [f"E{n}", f"{_FAMILY[n % 8]}三{n}", "" if n % 4 else f"Li, {n}", "analyst", f"P{n % 5}",
             f"20{n % 20 + 4:02d}-0{n % 9 + 1}-15", "true" if n % 3 else "f"]
            for n in range(ROWS)
        ],
    ),
    Good(
        "boss.subscriber_usage",
        ["subscriber_id", "voice_out_min", "voice_in_min", "voice_offnet_min",
         "voice_long_distance_min", "voice_roaming_min", "sms_cnt", "data_mb", "call_forward_cnt",
         "active_days"],
        [
            [f"S{n}", f"{n}.25", f"{n}", "0.00", "0", ".5", str(n), f"{n * 1000}.1", "0",
             str(n % 32)]
            for n in range(ROWS)
        ],
    ),
]  # fmt: skip


@dataclass
class Look:
    """What one connection, open all the while, sees of the warehouse."""

    connection: psycopg.Connection[Any]

    def one(self, query: str, *values: Any) -> tuple[Any, ...]:
        row = self.connection.execute(query, values).fetchone()
        assert row is not None
        return row

    def table(self, feed: str) -> str:
        return f"raw.{feed.replace('.', '__')}"

    def held(self, feed: str) -> tuple[int, list[int]]:
        """Rows of the period, and the loads they are of."""
        if self.one("select to_regclass(%s)", self.table(feed))[0] is None:
            return 0, []
        found = self.one(
            f"select count(*), coalesce(array_agg(distinct _load_id), '{{}}')"
            f" from {self.table(feed)}"
        )
        return found[0], found[1]

    def values(self, good: Good) -> str:
        """A digest of what was loaded of the feed's columns."""
        columns = [c for c in self.names(good.feed) if not c.startswith("_")]
        found = self.connection.execute(
            f"select md5(string_agg(r::text, chr(10) order by r::text)) from"  # type: ignore[arg-type]
            f" (select {', '.join(columns)} from {self.table(good.feed)}) r"
        ).fetchone()
        assert found is not None
        return str(found[0])

    def names(self, feed: str) -> list[str]:
        return [
            name
            for (name,) in self.connection.execute(
                "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
                " and not attisdropped order by attname", [self.table(feed)],
            )
        ]  # fmt: skip


@pytest.fixture
def look(warehouse: Warehouse) -> Iterator[Look]:
    with connect(warehouse.settings, autocommit=True) as connection:
        yield Look(connection)


def write(folder: Path, mutated: Mutated) -> list[Path]:
    folder.mkdir()
    for name, data in mutated.files.items():
        (folder / name).write_bytes(data)
    if mutated.manifest is not None:
        (folder / MANIFEST).write_bytes(mutated.manifest)
    return [folder / name for name in mutated.files]


def require_sound(
    look: Look, good: Good, result: LoadResult, before: tuple[int, list[int]]
) -> None:
    """Warehouse and ledger say the same, and the same as the result."""
    state, is_current, read, loaded, bad, error, remedy = look.one(
        "select state, is_current, rows_read, rows_loaded, rows_quarantined, error, remedy"
        " from ops.load where load_id = (select max(load_id) from ops.load)"
    )
    held = look.held(good.feed)
    assert state == result.state
    if state == "loaded":
        assert is_current
        assert read == loaded + bad
        assert held == (loaded, [result.load_id] if loaded else [])
        kept = look.one("select count(*) from ops.quarantine where load_id = %s", result.load_id)
        assert kept == (bad,)
    else:
        assert not is_current
        assert held == before
    if state == "rejected":
        assert error and remedy, (error, remedy)
        assert (error, remedy) == (result.error, result.remedy)
    assert look.one("select count(*) from ops.load where state = 'running'") == (0,)
    current = look.one(
        "select count(*), coalesce(sum(rows_loaded), 0) from ops.load where is_current"
        " and feed = %s",
        good.feed,
    )
    assert current == (1 if held[0] or before[0] or state == "loaded" else 0, held[0])
    orphans = look.one(
        "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'raw' and c.relkind = 'r' and not c.relispartition"
    )
    assert orphans == (0,)
    busy = look.one(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid() and state <> 'idle' and backend_type = 'client backend'"
    )
    assert busy == (0,), "a transaction is left open"


@pytest.mark.parametrize("kind", MUTATIONS)
def test_spoilt_extracts_load_or_are_refused(warehouse: Warehouse, look: Look, kind: str) -> None:
    right: dict[str, str] = {}
    for good in GOOD:
        path = warehouse.file(f"{good.feed}/good.csv", good.bytes())
        result = warehouse.load(path, feed=good.feed)
        assert (result.state, result.rows_quarantined) == ("loaded", 0), result.error
        right[good.feed] = look.values(good)
    states: Counter[str] = Counter()
    for number in range(EACH):
        chance = Random(f"{SEED} {kind} {number}")  # noqa: S311 - it is to be the same again
        good = GOOD[number % len(GOOD)]
        mutated = MUTATIONS[kind](good, chance)
        case = f"{kind} {number} of {good.feed}"
        files = write(warehouse.folder / f"{kind}{number}", mutated)
        before = look.held(good.feed)
        result = load_period(warehouse.settings, good.feed, PERIOD, files)
        states[result.state] += 1
        told = f"{case}: {result.state}: {result.error}"
        assert result.state in {"loaded", "rejected", "skipped"}, told
        if result.state == "rejected":
            named = [*(f.name for f in files), MANIFEST]
            assert any(name in result.error for name in named), told
        try:
            require_sound(look, good, result, before)
        except AssertionError as error:
            error.add_note(told)
            raise
        if mutated.same:
            assert result.state in {"loaded", "skipped"}, told
            assert result.rows_quarantined == 0, told
        if mutated.same and result.state == "loaded":
            assert look.values(good) == right[good.feed], told
    assert states["loaded"] >= EACH // 20, states
    assert states["rejected"] >= EACH // 20, states
