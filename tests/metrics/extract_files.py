"""Reads the sample's extract files for tests, on its own: not a line of the product's loader.

Numbers with two decimals come back as whole hundredths, so that sums and comparisons are exact.
"""

from __future__ import annotations

import gzip
import io
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml
import zstandard

from orchestration.sample.parts import FEEDS, FULL_FEEDS
from orchestration.settings import ROOT

__all__ = ["FEEDS", "FULL_FEEDS", "contract", "properties", "read_feed", "read_file", "reference"]


@cache
def _document(feed: str) -> dict[str, Any]:
    path = ROOT.joinpath("expectations/contracts", *feed.split(".")).with_suffix(".yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def properties(feed: str) -> dict[str, Any]:
    """What the contract says of the feed as a whole: period, controlTotals and so on."""
    return {p["property"]: p["value"] for p in _document(feed)["customProperties"]}


@cache
def contract(feed: str) -> list[dict[str, Any]]:
    """The columns of a feed as its contract's YAML has them, with nameZh lifted up."""
    columns = _document(feed)["schema"][0]["properties"]
    return [
        {**c, **{p["property"]: p["value"] for p in c.get("customProperties", [])}} for c in columns
    ]


def reference(feed: str, column: dict[str, Any]) -> tuple[str, str] | None:
    """The feed and column that the values of ``column`` come from."""
    for relationship in column.get("relationships", []):
        file, _, place = relationship["to"].partition("#")
        system = file.split("/")[-2] if "/" in file else feed.partition(".")[0]
        _, entity, _, key = place.split("/")
        return f"{system}.{entity}", key
    return None


def decimals(column: dict[str, Any]) -> int:
    """Decimals of a number; 0 for what has none."""
    _, separator, scale = column["physicalType"].rstrip(")").partition(",")
    return int(scale) if separator else 0


def read_file(path: Path) -> pl.DataFrame:
    """One extract file as text columns under the headers it has."""
    data = path.read_bytes()
    name = path.name
    if name.endswith(".parquet"):
        return pl.read_parquet(path).select(
            pl.all().cast(pl.String)  # decimals and booleans as they would stand in a CSV
        )
    if name.endswith(".gz"):
        data = gzip.decompress(data)
    if name.endswith(".zst"):
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    header = text.partition("\n")[0]
    separator = max(",\t|", key=header.count)
    return pl.read_csv(io.StringIO(text), separator=separator, infer_schema=False)


def read_feed(landing: Path, feed: str) -> pl.DataFrame:
    """All months of a feed, typed, with ``stat_month`` (null in a feed that comes whole); months
    in any of their shapes.
    """
    frames = []
    for folder in sorted(landing.joinpath(*feed.split(".")).iterdir()):
        for path in sorted(folder.iterdir()):
            if path.name == "manifest.json":
                continue
            frame = read_file(path)
            chinese = {c["nameZh"]: c["name"] for c in contract(feed)}
            frame = frame.rename({h: chinese[h] for h in frame.columns if h in chinese})
            first = None if folder.name == "full" else f"{folder.name}-01"
            month = pl.lit(first, pl.String).str.to_date().alias("stat_month")
            frames.append(frame.select([*_typed(feed), month]))
    return pl.concat(frames)


def _typed(feed: str) -> list[pl.Expr]:
    """Each column of the contract, cast from text; a missing column is an error by itself."""
    made = []
    for column in contract(feed):
        text, sql_type = pl.col(column["name"]), column["physicalType"]
        if sql_type.startswith("numeric") and decimals(column) > 2:
            made.append(text.cast(pl.Float64))
        elif sql_type.startswith("numeric"):
            whole = text.cast(pl.Decimal(18, 2)) * 100
            made.append(whole.cast(pl.Int64))
        elif sql_type in {"integer", "bigint", "smallint"}:
            made.append(text.cast(pl.Int64))
        elif sql_type == "boolean":
            made.append(text == "true")
        elif sql_type == "date":
            made.append(text.str.to_date("%Y-%m-%d"))
        elif sql_type.startswith("timestamp"):
            made.append(text.str.to_datetime("%Y-%m-%d %H:%M:%S"))
        else:
            made.append(text)
    return made
