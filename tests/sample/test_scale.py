"""Other sizes than the demo's: what they hold, and that several blocks make one operator."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from orchestration.errors import TelmartError
from orchestration.sample import SCALES, SampleOptions, generate
from orchestration.sample.calendar import months
from orchestration.sample.channel.counters import Counters
from orchestration.sample.channel.outlets import AGENT, EXCLUSIVE, cities_of, draw_outlets
from orchestration.sample.operator import Operator
from orchestration.sample.places import read_places
from orchestration.settings import ROOT
from tests.metrics.extract_files import FEEDS
from tests.sample.checks import (
    REFERENCES,
    manifests_tell_the_truth,
    reference_is_met,
    rows_meet_their_contract,
)
from tests.sample.conftest import Sample

pytestmark = pytest.mark.fast
#: three blocks of a city
CITY = SampleOptions(scale="city", subscribers=6_000, months=3, block=2_000)
LAST = pl.col("stat_month") == date(2026, 10, 1)


def made(home: Path, options: SampleOptions, workers: int) -> Sample:
    sample = Sample(home / "landing", home / "truth.json")
    assert generate(sample.landing, sample.truth_file, options, workers=workers)
    return sample


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return made(tmp_path_factory.mktemp("city"), CITY, workers=1)


@pytest.mark.parametrize("feed", FEEDS)
def test_rows_of_several_blocks_meet_their_contract(city, feed):
    rows_meet_their_contract(city, feed)
    manifests_tell_the_truth(city, feed)


@pytest.mark.parametrize(
    ("child", "column", "parent", "key"),
    [pytest.param(*r, id=f"{r[0]}.{r[1]}") for r in REFERENCES],
)
def test_every_reference_across_blocks_is_met(city, child, column, parent, key):
    reference_is_met(city, child, column, parent, key)


def test_the_city_has_the_sizes_of_the_documents(city):
    def count(feed: str, column: str) -> dict[str, int]:
        return dict(city.feeds[feed].filter(LAST).group_by(column).len().iter_rows())

    levels = count("hr.org_unit", "level")
    assert levels == {"hq": 1, "province": 1, "city": 1, "county": 12, "area": 31}
    outlets = count("channel.outlet", "outlet_type")
    assert sum(n for kind, n in outlets.items() if kind.endswith(("hall", "mall", "store"))) == 330
    assert count("channel.outlet", "has_regional_centre")[True] == 31
    assert 900 <= outlets["exclusive_shop"] <= 1_100
    assert 3_800 <= outlets["agent"] <= 4_200
    dealers = count("channel.dealer", "core_list")
    assert (dealers["core_40"], dealers["core_200"]) == (40, 200)
    control = count("crm.group_customer", "control_level")
    assert control["province"] + control["city"] == 400
    assert SCALES["city"].subscribers == 300_000


def test_every_city_of_the_province_is_that_large():
    size = SCALES["province"]
    places = read_places(1, size.tree)
    names = [u["org_unit_name"] for u in places.units]
    assert len(names) == len(set(names))
    outlets = draw_outlets(Operator(1, months(18), places, size))
    assert size.subscribers == 2_000_000
    assert cities_of(places).max() == 4
    for city in range(5):
        here = outlets.kind[cities_of(places)[outlets.area] == city]
        # the towns differ in size
        assert (here < EXCLUSIVE).sum() >= 250
        assert np.isin(here, (EXCLUSIVE, AGENT)).sum() >= 3_500
    assert outlets.halls >= 5 * 330
    assert (outlets.kind >= EXCLUSIVE).sum() >= 5 * 5_000


def test_every_county_has_somebody_who_answers_for_it(city):
    """People with posts in units of the demo work in a unit that is there."""
    staff = city.feeds["hr.staff"].filter(LAST)
    units = city.feeds["hr.org_unit"].filter(LAST)
    assert set(staff["org_unit_id"]) <= set(units["org_unit_id"])
    counties = set(units.filter(pl.col("level") == "county")["org_unit_id"])
    assert set(staff.filter(post="channel_manager")["org_unit_id"]) == counties
    assert staff["staff_id"].is_unique().all()


def test_no_subscriber_is_in_two_blocks(city):
    people = city.feeds["crm.subscriber"].filter(LAST)
    assert people.height > 5_900
    for column in ("subscriber_id", "msisdn"):
        assert people[column].is_unique().all()
    number = people["subscriber_id"].str.slice(1).cast(pl.Int64)
    in_block = ((number - 1) // 2_000).value_counts(sort=True)
    assert in_block.height == 3
    assert in_block["count"].min() > 1_900


def test_blocks_are_different_people(city):
    people = city.feeds["crm.subscriber"].filter(LAST).sort("subscriber_id")
    first, second = people[:1_500]["birth_year"], people[2_000:3_500]["birth_year"]
    assert (first != second).mean() > 0.8


def test_a_groups_account_knows_of_members_in_all_blocks(city):
    """Only the first block writes accounts of groups; members anywhere make a payment unified."""
    account = city.feeds["boss.account"].filter(account_type="group")
    keys = ["stat_month", "account_id"]
    pays = city.feeds["boss.account_member"].join(account, on=keys, how="inner")
    number = (pays["subscriber_id"].str.slice(1).cast(pl.Int64) - 1) // 2_000
    assert set(number.unique()) == {0, 1, 2}
    unified = account.filter("is_unified_payment").select(keys)
    assert sorted(unified.rows()) == sorted(pays.select(keys).unique().rows())


def test_dealers_are_paid_on_one_day_whichever_block_their_commission_comes_with(city):
    paid = city.feeds["boss.commission"].filter(pl.col("paid_on").is_not_null())
    days = paid.group_by("stat_month", "dealer_id").agg(pl.col("paid_on").n_unique())
    assert paid["commission_id"].str.slice(8, 3).n_unique() == 3
    assert days["paid_on"].max() == 1


def test_what_was_planted_is_that_of_all_blocks(city):
    leavers = pl.Series([c["subscriber_id"] for c in city.truth["churners"]])
    blocks = (leavers.str.slice(1).cast(pl.Int64) - 1) // 2_000
    assert set(blocks.unique()) == {0, 1, 2}
    assert city.truth["complete"] is True
    assert city.truth["made_with"]["scale"] == "city"
    assert not list(city.truth_file.parent.glob(".*"))


def test_the_files_do_not_depend_on_the_number_of_processes(city, tmp_path):
    again = made(tmp_path, CITY, workers=2)
    names = sorted(p.relative_to(city.landing) for p in city.landing.rglob("*") if p.is_file())
    assert names == sorted(
        p.relative_to(again.landing) for p in again.landing.rglob("*") if p.is_file()
    )
    for name in names:
        assert (again.landing / name).read_bytes() == (city.landing / name).read_bytes(), name
    assert again.truth_file.read_bytes() == city.truth_file.read_bytes()


def test_outlets_of_a_large_operator_are_done_some_at_a_time():
    """Each outlet once, and the sums by hall and terminal are those of all of them."""
    size = SCALES["city"].of(600_000)
    operator = Operator(1, months(1), read_places(1, size.tree), size)
    tables: dict[str, list[pl.DataFrame]] = {}
    for feed, table in Counters(operator).of_month(0):
        tables.setdefault(feed, []).append(table)
    pieces = tables["channel.transaction"]
    assert len(pieces) == 3
    outlets = [set(piece["outlet_id"]) for piece in pieces]
    assert not (outlets[0] & outlets[1] or outlets[0] & outlets[2] or outlets[1] & outlets[2])
    every = pl.concat(pieces)
    assert every["outlet_id"].n_unique() > 5_000
    (devices,) = tables["echannel.device_status"]
    by_terminal = every.filter(handling="self_service")["transaction_cnt"].sum()
    assert by_terminal == devices["transaction_cnt"].sum() > 10_000
    (halls,) = tables["channel.hall_month"]
    counted = every.filter(transaction_type="handset_sale")["transaction_cnt"].sum()
    assert halls["handset_sales_cnt"].sum() == counted > 1_000


def test_a_sample_in_blocks_gives_way_to_one_without(tmp_path):
    options = SampleOptions(subscribers=400, months=1, block=200)
    sample = made(tmp_path, options, workers=1)
    whole = SampleOptions(subscribers=400, months=1)
    assert generate(sample.landing, sample.truth_file, whole, force=True)
    files = {p.name for p in (sample.landing / "crm/subscriber/2026-10").iterdir()}
    assert files == {"crm_subscriber_202610.csv.gz", "manifest.json"}


def test_what_stops_in_the_middle_is_not_taken_for_whole(tmp_path):
    """A process that cannot write stops the run; no month is left with a manifest that lies."""
    landing, truth = tmp_path / "landing", tmp_path / "truth.json"
    options = SampleOptions(subscribers=400, months=2, block=200)
    generate(landing, truth, options, workers=1)
    other = SampleOptions(seed=5, subscribers=400, months=2, block=200)
    month = landing / "boss/recharge/2026-10"
    blocked = month / ".boss_recharge_202610_b02.csv.gz.partial"
    blocked.mkdir()
    with pytest.raises(TelmartError, match=r"Cannot write .*boss_recharge_202610_b02"):
        generate(landing, truth, other, force=True, workers=2)
    assert json.loads(truth.read_text())["complete"] is False
    assert not (landing / "boss/recharge/2026-09/manifest.json").exists()
    blocked.rmdir()
    assert generate(landing, truth, other, workers=2)
    assert json.loads(truth.read_text())["complete"] is True


def test_a_scale_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(TelmartError, match="no scale 'planet'"):
        generate(tmp_path / "l", tmp_path / "t.json", SampleOptions(scale="planet"))


PEAK = """
import re, sys
from pathlib import Path
from orchestration.sample import SampleOptions, generate
home = Path(sys.argv[1])
options = SampleOptions(subscribers=int(sys.argv[2]), months=1, block=int(sys.argv[3]))
generate(home / "l", home / "t.json", options, workers=1)
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_memory_follows_the_block_and_not_the_operator(tmp_path):
    def peak_mb(name: str, subscribers: int, block: int) -> float:
        command = [sys.executable, "-c", PEAK, str(tmp_path / name), str(subscribers), str(block)]
        (tmp_path / name).mkdir()
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        return int(done.stdout) / 1024

    small = peak_mb("small", 10_000, 10_000)
    in_blocks = peak_mb("blocks", 80_000, 10_000)
    at_once = peak_mb("whole", 80_000, 80_000)
    assert in_blocks < small + 0.3 * (at_once - small)
