"""What every sample must keep, whatever its size: contracts and references."""

from __future__ import annotations

import hashlib
import json

import polars as pl

from tests.metrics.extract_files import FEEDS, FULL_FEEDS, contract, decimals, properties, reference
from tests.sample.conftest import Sample

#: feeds of which everything that was ever there stays there
MASTER_DATA = {
    "boss.account",
    "boss.product",
    "campaign.campaign",
    "channel.dealer",
    "channel.outlet",
    "crm.group_customer",
    "crm.subscriber",
    "hr.org_unit",
    "hr.staff",
}
#: child feed, column, parent feed, key
REFERENCES = [
    (feed, column["name"], *found)
    for feed in FEEDS
    for column in contract(feed)
    if (found := reference(feed, column))
]


def rows_meet_their_contract(sample: Sample, feed: str) -> None:
    table = sample.feeds[feed]
    keys = [c["name"] for c in contract(feed) if c.get("primaryKey")]
    assert table.height > 0
    assert table.select([*keys, "stat_month"]).is_duplicated().sum() == 0
    for column in contract(feed):
        values = table[column["name"]]
        if column.get("required"):
            assert values.null_count() == 0, column["name"]
        if "allowed" in column:
            assert set(values.drop_nulls().unique()) <= set(column["allowed"]), column["name"]
        scale = 100 if 0 < decimals(column) <= 2 else 1
        for bound, fails in (("min", pl.Series.__lt__), ("max", pl.Series.__gt__)):
            if bound in column and values.dtype.is_numeric():
                assert not fails(values, column[bound] * scale).any(), column["name"]
        if column["physicalType"] in {"date", "timestamp"} and values.null_count() < len(values):
            assert values.dt.year().is_between(1980, 2099).all(), column["name"]
            month = values.dt.month_start().cast(pl.Date)
            if column.get("timing") == "in_period":
                assert (month == table["stat_month"]).all(), column["name"]
            if column.get("timing") == "until_period_end":
                assert (month <= table["stat_month"]).all(), column["name"]


def reference_is_met(sample: Sample, child: str, column: str, parent: str, key: str) -> None:
    """In the same month, where the parent is master data; else in that month or an earlier one;
    at any time, where parent or child comes whole.
    """
    named = sample.feeds[child].filter(pl.col(column).is_not_null())
    known = sample.feeds[parent].select("stat_month", pl.col(key).alias(column))
    if child in FULL_FEEDS or parent in FULL_FEEDS:
        orphans = named.join(known, on=column, how="anti")
    elif parent in MASTER_DATA:
        orphans = named.join(known, on=["stat_month", column], how="anti")
    else:
        first = known.group_by(column).agg(pl.col("stat_month").min().alias("known_in"))
        late = (pl.col("known_in") > pl.col("stat_month")).fill_null(True)
        orphans = named.join(first, on=column, how="left").filter(late)
    assert orphans.height == 0, orphans.head(3)


def manifests_tell_the_truth(sample: Sample, feed: str) -> None:
    """Rows, control totals and checksums are those of the files there are."""
    totals = properties(feed).get("controlTotals", [])
    table = sample.feeds[feed]
    for month in sample.landing.joinpath(*feed.split(".")).iterdir():
        manifest = json.loads((month / "manifest.json").read_text())
        period = pl.col("stat_month").dt.strftime("%Y-%m").fill_null("full")
        rows = table.filter(period == month.name)
        assert (manifest["feed"], manifest["period"]) == (feed, month.name)
        assert manifest["row_count"] == rows.height
        expected = {c: rows[c].sum() for c in totals}
        got = {k: int(v.replace(".", "")) for k, v in manifest["control_totals"].items()}
        assert got == expected, (feed, month.name)
        on_disk = {p.name for p in month.iterdir()} - {"manifest.json"}
        assert {f["name"] for f in manifest["files"]} == on_disk
        for file in manifest["files"]:
            data = (month / file["name"]).read_bytes()
            assert file["bytes"] == len(data)
            assert file["sha256"] == hashlib.sha256(data).hexdigest()
