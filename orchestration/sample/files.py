"""Tables to files in the landing area: compression, encodings, manifests; always the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import zstandard

from orchestration.errors import TelmartError
from orchestration.sample.contract_words import asked_totals

HUNDREDTHS = ("_amt", "_min", "_mb")
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Shape:
    """How one feed-month is written; the default is what most source systems send."""

    suffix: str = "csv.gz"
    delimiter: str = ","
    encoding: str = "utf-8"
    bom: bool = False
    chinese_headers: bool = False
    parts: int = 1


#: a few feed-months come in other shapes, so that every run proves the loader on them
ODD_SHAPES = {
    ("boss.product", "*"): Shape(suffix="parquet"),
    ("hr.org_unit", "2025-06"): Shape(bom=True),
    ("crm.subscriber", "2025-09"): Shape(delimiter="\t", encoding="gb18030"),
    ("boss.recharge", "2025-11"): Shape(suffix="csv.zst"),
    ("boss.subscriber_bill", "2026-01"): Shape(chinese_headers=True),
    ("boss.subscriber_usage", "2026-02"): Shape(parts=2),
    ("boss.status_event", "2026-03"): Shape(suffix="csv", delimiter="|"),
}


def shape_of(feed: str, period: str) -> Shape:
    """The shape in which ``feed`` of ``period`` is written."""
    return ODD_SHAPES.get((feed, period)) or ODD_SHAPES.get((feed, "*")) or Shape()


@dataclass(frozen=True)
class Piece:
    """What was written of a feed-month at one go: its files as the manifest has them, and sums."""

    feed: str
    period: str
    files: list[dict[str, Any]]
    row_count: int
    totals: dict[str, str]


def write_piece(
    landing: Path,
    feed: str,
    period: str,
    table: pl.DataFrame,
    headers: dict[str, str],
    *,
    label: str = "",
) -> Piece:
    """Write a feed-month or a piece of it; ``seal`` makes it whole.

    Args:
        landing: root of the landing area.
        feed: ``system.feed``.
        period: ``2026-10``.
        table: hundredths columns as whole numbers.
        headers: Chinese header by column, for the feed-month that is sent with such.
        label: keeps the files apart when the feed-month is written in several pieces.
    """
    folder = landing.joinpath(*feed.split("."), period)
    shape = shape_of(feed, period)
    cut = -(-table.height // shape.parts)
    name = f"{feed.replace('.', '_')}_{period.replace('-', '')}"
    name += label and f"_{label}"
    files = []
    for number in range(1, shape.parts + 1):
        part = f"_{number}" if shape.parts > 1 else ""
        data = _encode(table.slice((number - 1) * cut, cut), shape, headers)
        files.append(_put(folder, f"{name}{part}.{shape.suffix}", data))
    return Piece(feed, period, files, table.height, control_totals(feed, table))


def seal(landing: Path, pieces: list[Piece]) -> None:
    """Make ``pieces`` of one feed-month whole: what else lies there goes, the manifest comes."""
    one = pieces[0]
    totals = {
        column: str(sum((Decimal(p.totals[column]) for p in pieces), Decimal(0)))
        for column in one.totals
    }
    _seal(
        landing.joinpath(*one.feed.split("."), one.period),
        one.feed,
        one.period,
        [f for p in pieces for f in p.files],
        row_count=sum(p.row_count for p in pieces),
        totals=totals,
    )


def control_totals(feed: str, table: pl.DataFrame) -> dict[str, str]:
    """Exact totals of the columns the contract names, as text; with two decimals unless whole."""
    totals = {}
    for column in asked_totals(feed):
        values = table[column]
        if values.dtype.is_integer() and not column.endswith(HUNDREDTHS):
            totals[column] = str(int(values.sum()))
            continue
        if values.dtype.is_float():
            # as the file has them: rounded to two decimals
            values = (values * (1 if column.endswith(HUNDREDTHS) else 100)).round().cast(pl.Int64)
        total = int(values.sum())
        sign = "-" if total < 0 else ""
        totals[column] = f"{sign}{abs(total) // 100}.{abs(total) % 100:02d}"
    return totals


def write_files(
    folder: Path,
    feed: str,
    period: str,
    files: dict[str, bytes],
    *,
    row_count: int,
    totals: dict[str, str],
) -> None:
    """Put ``files`` and the manifest that describes them into ``folder``, manifest last."""
    there = [_put(folder, name, data) for name, data in files.items()]
    _seal(folder, feed, period, there, row_count=row_count, totals=totals)


def _put(folder: Path, name: str, data: bytes) -> dict[str, Any]:
    """Write a file and say what the manifest has to say of it.

    A file that holds these bytes stays untouched. Before any other changes the manifest goes, so
    that nobody takes the old one for that of the new files.
    """
    target = folder / name
    if not (target.exists() and target.read_bytes() == data):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if name != MANIFEST:
                (folder / MANIFEST).unlink(missing_ok=True)
            partial = folder / f".{name}.partial"
            partial.write_bytes(data)
            partial.replace(target)
        except OSError as error:
            raise TelmartError(
                f"Cannot write {target}: {error.strerror}.",
                "Free some space or choose another folder with --to, then run the same again.",
            ) from error
    return {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _seal(
    folder: Path,
    feed: str,
    period: str,
    files: list[dict[str, Any]],
    *,
    row_count: int,
    totals: dict[str, str],
) -> None:
    names = {MANIFEST, *(f["name"] for f in files)}
    for extra in sorted(folder.iterdir()):
        if extra.name not in names:
            extra.unlink()
    manifest = {
        "feed": feed,
        "period": period,
        "files": files,
        "row_count": row_count,
        "control_totals": totals,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    _put(folder, MANIFEST, text.encode())


def _encode(table: pl.DataFrame, shape: Shape, headers: dict[str, str]) -> bytes:
    """The bytes of one file."""
    decimals = [c for c in table.columns if c.endswith(HUNDREDTHS)]
    if shape.suffix == "parquet":
        exact = [
            (pl.col(c).cast(pl.Decimal(18, 2)) / 100).cast(pl.Decimal(18, 2)) for c in decimals
        ]
        buffer = io.BytesIO()
        table.with_columns(exact).write_parquet(buffer, compression="zstd", statistics=False)
        return buffer.getvalue()
    # two decimals of a double are exact far beyond any amount here
    frame = table.with_columns([(pl.col(c) / 100).alias(c) for c in decimals])
    if shape.chinese_headers:
        frame = frame.rename({c: headers[c] for c in frame.columns if c in headers})
    text = frame.write_csv(
        separator=shape.delimiter,
        float_precision=2,
        datetime_format="%Y-%m-%d %H:%M:%S",
        include_bom=shape.bom,
    )
    data = text.encode(shape.encoding)
    if shape.suffix.endswith(".gz"):
        return gzip.compress(data, compresslevel=3, mtime=0)
    if shape.suffix.endswith(".zst"):
        return zstandard.ZstdCompressor(level=3).compress(data)
    return data
