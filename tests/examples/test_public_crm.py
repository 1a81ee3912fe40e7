"""A published sales pipeline through contracts, staging and core, in a home of its own."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import json
import os
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator
from open_data_contract_standard.model import OpenDataContractStandard

from orchestration.contracts import Feed, read_contracts
from orchestration.engine.databases import connect, provision
from orchestration.engine.server import EmbeddedServer
from orchestration.loader import load_period
from orchestration.loader.result import LoadResult
from orchestration.quality.arrival import check_arrival, window
from orchestration.quality.suites import arrival_suites
from orchestration.quality.validator import Validator
from orchestration.settings import ROOT, Settings
from tests.conftest import scratch_settings
from tests.models.warehouse import dbt, rows

SHARED = Path(os.environ.get("TELMART_PUBLIC_DATA") or ROOT.parent / "shared/data/public")
PUBLISHED = SHARED / "crm_b2b"
OPERATOR = ROOT / "examples/public_crm"
OWN = OPERATOR / "landing/b2b"
FILES = {
    "b2b.account": PUBLISHED / "accounts.csv",
    "b2b.product": PUBLISHED / "products.csv",
    "b2b.sales_team": PUBLISHED / "sales_teams.csv",
    "b2b.sales_pipeline": PUBLISHED / "sales_pipeline.csv.gz",
    "b2b.value_alias": OWN / "value_alias/full/value_alias.csv",
    "b2b.sector_industry": OWN / "sector_industry/full/sector_industry.csv",
}
ROWS = {
    "b2b.account": 85,
    "b2b.product": 7,
    "b2b.sales_team": 35,
    "b2b.sales_pipeline": 8800,
    "b2b.value_alias": 3,
    "b2b.sector_industry": 10,
}
#: the part of core that these files fill, with all that it is built from and its tests
CORE = (
    "build", "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious",
    "--select", "+fct_opportunity_current", "+dim_staff", "+dim_org_unit_current", "+dim_product",
    "+dim_group_customer", "+dim_industry", "stg_b2b__value_alias",
)  # fmt: skip

published = pytest.mark.skipif(
    not PUBLISHED.is_dir(),
    reason=f"LEFT OUT: the public data are not in the repository and not at {PUBLISHED}; "
    "TELMART_PUBLIC_DATA names another folder",
)


def table(path: Path) -> list[dict[str, str]]:
    """A CSV file as it is."""
    return list(csv.DictReader(content(path).decode().splitlines()))


def content(path: Path) -> bytes:
    """A file's bytes, unpacked."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A warehouse of this operator's own, loaded and built."""
    home = tmp_path_factory.mktemp("crm")
    settings = dataclasses.replace(scratch_settings(home), operator=OPERATOR)
    server = EmbeddedServer(settings)
    server.start()
    try:
        provision(settings)
        for feed, path in FILES.items():
            loaded = load_period(settings, feed, "full", [path])
            assert (loaded.state, loaded.path) == ("loaded", "fast"), loaded.error
            assert (loaded.rows_loaded, loaded.rows_quarantined) == (ROWS[feed], 0)
            assert loaded.drift == []
        assert dbt(settings, *CORE) == {}
        yield settings
    finally:
        server.remove()


@pytest.fixture(scope="module")
def figures(product: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """What examples/public_crm/figures.sql answers, by the first word(s) of each comment."""
    text = (OPERATOR / "figures.sql").read_text()
    found = {}
    for part in text.split(";")[:-1]:
        [title] = re.findall(r"^-- ([^:,\n]+)[^\n]*\n(?=select)", part, flags=re.MULTILINE)
        found[title] = rows(product, part)
    return found


@pytest.fixture(scope="module")
def pipeline() -> list[dict[str, str]]:
    return table(PUBLISHED / "sales_pipeline.csv.gz")


def tally(
    pipeline: list[dict[str, str]], group: Callable[[dict[str, str]], str]
) -> list[tuple[str, int, int, Decimal]]:
    """(group, won, decided, won value) of the published rows, counted here."""
    won: Counter[str] = Counter()
    decided: Counter[str] = Counter()
    value: Counter[str] = Counter()
    for row in pipeline:
        if row["deal_stage"] in {"Won", "Lost"}:
            decided[group(row)] += 1
            if row["deal_stage"] == "Won":
                won[group(row)] += 1
                value[group(row)] += int(row["close_value"])
    return [(name, won[name], decided[name], Decimal(value[name])) for name in sorted(decided)]


@published
def test_the_figures_the_publisher_s_rows_add_up_to(figures, pipeline):
    won = [r for r in pipeline if r["deal_stage"] == "Won"]
    days = [
        (date.fromisoformat(r["close_date"]) - date.fromisoformat(r["engage_date"])).days
        for r in won
    ]
    assert statistics.median(days) == 57
    assert sum(int(r["close_value"]) for r in won) == 10_005_534
    # 4,238 of 6,711 decided are 63.15 %
    assert figures["all"] == [(4238, 6711, Decimal("63.15"), Decimal(10_005_534), 57.0)]


@published
def test_offices_and_managers(figures, pipeline):
    teams = {row["sales_agent"]: row for row in table(PUBLISHED / "sales_teams.csv")}
    office = {agent: row["regional_office"] for agent, row in teams.items()}
    manager = {agent: row["manager"] for agent, row in teams.items()}

    assert figures["by regional office"] == tally(pipeline, lambda r: office[r["sales_agent"]])
    assert [(row[0], row[3]) for row in figures["by regional office"]] == [
        ("Central", Decimal(3_346_293)),
        ("East", Decimal(3_090_594)),
        ("West", Decimal(3_568_647)),
    ]

    by_manager = tally(pipeline, lambda r: manager[r["sales_agent"]])
    assert sorted(row[1:] for row in figures["by manager"]) == by_manager
    office_of = {row["manager"]: row["regional_office"] for row in teams.values()}
    assert {row[1]: row[0] for row in figures["by manager"]} == office_of
    assert len(by_manager) == 6
    told = (OPERATOR / "README.md").read_text()
    for name, _, _, value in by_manager:
        assert f"{name} {value:,}" in told


@published
def test_products_and_industries(figures, pipeline):
    meant = {"GTXPro": "GTX Pro"}
    assert figures["by product"] == tally(pipeline, lambda r: meant.get(r["product"], r["product"]))
    assert all(row[0] for row in figures["by product"]), "a product the list does not know"
    assert len(figures["by product"]) == 7

    assert all(row[0] for row in figures["by industry of the company"])
    assert sum(row[1] for row in figures["by industry of the company"]) == 85
    assert sum(row[2] for row in figures["by industry of the company"]) == 10_005_534


@published
def test_each_month_has_what_was_open_in_it(product, pipeline):
    """The monthly snapshots against the dates of the file, month by month."""
    expected = []
    for n in range(2016 * 12 + 9, 2018 * 12):
        first, after = date(n // 12, n % 12 + 1, 1), date((n + 1) // 12, (n + 1) % 12 + 1, 1)
        here: Counter[str] = Counter()
        for row in pipeline:
            begun = row["engage_date"] or "2017-12-31"
            closed = row["close_date"] or "9999-12-31"
            if begun < after.isoformat() and closed >= first.isoformat():
                here["all"] += 1
                if closed < after.isoformat():
                    here[row["deal_stage"]] += 1
        expected.append((first, here["all"], here["Won"], here["Lost"]))
    assert expected[-1][1] == 1589 + 500 + 651  # engaging, prospecting, decided in December
    found = rows(
        product,
        "select stat_month, count(*), count(*) filter (where state = 'won'),"
        " count(*) filter (where state = 'lost') from core.fct_opportunity group by 1 order by 1",
    )
    assert found == expected
    [(facts, known)] = rows(
        product,
        "select count(*), count(distinct opportunity_id) from core.fct_opportunity_current",
    )
    assert facts == known == 8800


@published
def test_what_is_missing_stays_and_is_counted(product, figures, pipeline):
    missing = Counter(r["deal_stage"] for r in pipeline if not r["account"])
    assert missing == {"Engaging": 1088, "Prospecting": 337}
    assert figures["without a company"] == [
        ("lost", 2473, 0),
        ("open", 2089, 1088 + 337),
        ("won", 4238, 0),
    ]
    agents = {row["sales_agent"] for row in table(PUBLISHED / "sales_teams.csv")}
    idle = sorted(agents - {r["sales_agent"] for r in pipeline})
    assert len(idle) == 5
    assert figures["agents without a single opportunity"] == [(name,) for name in idle]
    [(undated,)] = rows(
        product, "select count(*) from core.fct_opportunity_current where found_at is null"
    )
    assert undated == 500, "at Prospecting, of which the file says no date"


@published
def test_every_alias_is_counted_and_nothing_else_was_changed(product, figures, pipeline):
    accounts = table(PUBLISHED / "accounts.csv")
    sent = {
        ("b2b.sales_pipeline", "product"): Counter(r["product"] for r in pipeline),
        ("b2b.account", "sector"): Counter(r["sector"] for r in accounts),
        ("b2b.account", "office_location"): Counter(r["office_location"] for r in accounts),
    }
    known = table(FILES["b2b.value_alias"])
    assert [row[:5] for row in figures["spellings that mean another"]] == [
        (k["feed"], k["column_name"], k["value_sent"], k["value_meant"],
         sent[k["feed"], k["column_name"]][k["value_sent"]])
        for k in sorted(known, key=lambda k: (k["feed"] != "b2b.sales_pipeline", k["column_name"]))
    ]  # fmt: skip
    assert [row[4] for row in figures["spellings that mean another"]] == [1480, 1, 12]
    # raw has what was sent
    [(raw,)] = rows(
        product, "select count(*) from raw.b2b__sales_pipeline where product = 'GTXPro'"
    )
    assert raw == 1480
    meant = {(k["column_name"], k["value_sent"]): k["value_meant"] for k in known}
    assert rows(product, "select account, sector, office_location from staging.stg_b2b__account"
                ' order by account collate "C"') == sorted(
        (a["account"], meant.get(("sector", a["sector"]), a["sector"]),
         meant.get(("office_location", a["office_location"]), a["office_location"]))
        for a in accounts
    )  # fmt: skip


def spoilt(product: Settings, folder: Path, feed: str, old: str, new: str) -> LoadResult:
    """Load ``feed`` with the first ``old`` of the published file replaced by ``new``."""
    source = FILES[feed]
    raw = content(source)
    assert old.encode() in raw
    path = folder / source.name.removesuffix(".gz")
    path.write_bytes(raw.replace(old.encode(), new.encode(), 1))
    return load_period(product, feed, "full", [path])


#: feed, what the first such value becomes, and where that is
SPELLINGS = (
    ("b2b.sales_pipeline", "GTXPro", "GTX-Pro", 3, "product"),
    ("b2b.account", "technolgy", "tecnology", 2, "sector"),
    ("b2b.account", "Philipines", "Phillipines", 5, "office_location"),
)


@published
@pytest.mark.parametrize("spelling", SPELLINGS, ids=[s[-1] for s in SPELLINGS])
def test_a_new_spelling_is_refused(product, tmp_path, spelling):
    """File, line, column, value, and what to do; what was loaded before stays."""
    feed, old, value, line, column = spelling
    before = rows(product, f"select count(*), max(_load_id) from raw.{feed.replace('.', '__')}")
    refused = spoilt(product, tmp_path, feed, old, value)
    assert (refused.state, refused.rows_quarantined) == ("rejected", 1)
    name = FILES[feed].name.removesuffix(".gz")
    place = f"{name}, line {line}, column {column}, value '{value}': is not one of "
    assert place in refused.error
    assert "A new spelling: add a row to value_alias.csv that says what it means" in refused.error
    assert f"contracts/b2b/{feed.split('.')[1]}.yaml" in refused.error
    assert "quarantine show" in refused.remedy
    [kept] = rows(
        product,
        "select file_name, line_no, column_name, bad_value, reason like '%value_alias.csv%'"
        f" from ops.quarantine where load_id = {refused.load_id}",
    )
    assert kept == (name, line, column, value, True)
    after = rows(product, f"select count(*), max(_load_id) from raw.{feed.replace('.', '__')}")
    assert after == before


@published
def test_an_alias_taken_away_is_noticed(product, tmp_path):
    path = tmp_path / "value_alias.csv"
    aliases = FILES["b2b.value_alias"].read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in aliases if "GTXPro,GTX Pro" not in line))
    judged = ("test", "--select", "stg_b2b__opportunity")
    try:
        assert load_period(product, "b2b.value_alias", "full", [path]).rows_loaded == 2
        [(name, message)] = dbt(product, *judged).items()
        assert name == "product_of_the_opportunity_exists"
        assert "Got 1480 results" in message
    finally:
        load_period(product, "b2b.value_alias", "full", [FILES["b2b.value_alias"]])
    assert dbt(product, *judged) == {}


@published
def test_an_unknown_agent_or_company_stops_at_the_door(product, tmp_path):
    """Arrival checks hold it before dbt; the files as published pass them all."""
    assert failures(product, ["b2b.account", "b2b.sales_pipeline"]) == set()
    old, new = "Z063OYW0,Darcel Schlecht,GTXPro,Isdom", "Z063OYW0,Darcel Schlect,GTXPro,Isdon"
    try:
        assert spoilt(product, tmp_path, "b2b.sales_pipeline", old, new).state == "loaded"
        assert failures(product, ["b2b.sales_pipeline"]) == {"sales_agent_exists", "account_exists"}
    finally:
        again = load_period(product, "b2b.sales_pipeline", "full", [FILES["b2b.sales_pipeline"]])
    assert again.state == "loaded"


def failures(settings: Settings, names: Iterable[str]) -> set[str]:
    """Rules of the arrival suites of these feeds that what is loaded breaks."""
    feeds = read_contracts(settings.contracts_dir)
    suites = arrival_suites(settings)
    broken = set()
    with connect(settings) as connection:
        validator = Validator(settings, "a-run")
        for suite in (suites[name] for name in names):
            found = window(connection, feeds[suite.subject], suite)
            assert found.periods
            outcomes = check_arrival(connection, validator, feeds, suite, found)
            broken |= {outcome.rule.id for outcome in outcomes if not outcome.success}
    return broken


@pytest.mark.fast
def test_contracts_and_aliases_say_the_same() -> None:
    """What a contract lets in is a value that is meant, or a known spelling of one."""
    feeds = read_contracts(OPERATOR / "contracts")
    aliases = table(FILES["b2b.value_alias"])
    meant: dict[tuple[str, str], set[str]] = {}
    for alias in aliases:
        allowed = feeds[alias["feed"]].column(alias["column_name"]).allowed
        assert {alias["value_sent"], alias["value_meant"]} <= set(allowed)
        meant.setdefault((alias["feed"], alias["column_name"]), set()).add(alias["value_sent"])

    def without_aliases(feed: Feed, column: str) -> set[str]:
        return set(feed.column(column).allowed) - meant[feed.name, column]

    products = without_aliases(feeds["b2b.sales_pipeline"], "product")
    assert products == set(feeds["b2b.product"].column("product").allowed)
    sectors = without_aliases(feeds["b2b.account"], "sector")
    assert sectors == set(feeds["b2b.sector_industry"].column("sector").allowed)
    assert sectors == {row["sector"] for row in table(FILES["b2b.sector_industry"])}
    for feed, column in meant:
        assert "value_alias.csv" in feeds[feed].column(column).when_unknown


@pytest.mark.fast
def test_the_contracts_are_valid_by_the_standard_s_own_schema() -> None:
    validator = Draft201909Validator(json.loads(OpenDataContractStandard.json_schema()))
    paths = sorted((OPERATOR / "contracts/b2b").glob("*.yaml"))
    assert len(paths) == len(FILES)
    for path in paths:
        errors = [e.message for e in validator.iter_errors(yaml.safe_load(path.read_text()))]
        assert errors == [], path
