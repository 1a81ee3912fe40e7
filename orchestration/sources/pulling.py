"""Pulling one period: its rows become a file in the landing area, its count and totals a manifest.

The source is asked for count and totals before and after the rows are read; only when all three
agree does the folder appear, in one rename.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from orchestration.contracts import Feed, Period, feed_named, parse_period
from orchestration.errors import TelmartError
from orchestration.loader.folders import put_in_place, staging_for
from orchestration.loader.landing import landing_folder
from orchestration.loader.manifest import NAME as MANIFEST
from orchestration.loader.opening import sha256_of
from orchestration.settings import Settings
from orchestration.sources.connecting import engine_for, source_of
from orchestration.sources.reading import Counted, SourceTable
from orchestration.sources.values import UnfitValueError, converter, unfit

#: what the source said when a folder was pulled; files of a folder without it are somebody's own
MARK = ".pulled.json"
_ATTEMPTS = 3


@dataclass(frozen=True)
class Pulled:
    """What one pull did. ``state``: pulled, or unchanged (it is there already)."""

    feed: str
    period: str
    state: str
    rows: int
    folder: Path


def pull_period(
    settings: Settings,
    feed: str,
    period: str,
    *,
    again: bool = False,
    tell: Callable[[int], None] = lambda _rows: None,
) -> Pulled:
    """Read one period of one feed from its source into the landing area.

    A period that is there is not read again, unless ``again``; one without periods (``full``) is
    when the source counts otherwise than last time.

    Args:
        tell: called with the number of rows read so far.

    Raises:
        TelmartError: whatever keeps it from being pulled; the landing area is as it was.
    """
    contract = feed_named(settings, feed)
    when = parse_period(contract, period)
    if not contract.enabled:
        raise TelmartError(f"{feed} is switched off.", f"`telmart feeds on {feed}` turns it on.")
    source = source_of(contract)
    place = landing_folder(settings) / contract.system / contract.entity / when.text
    mark = _mark(place)
    if mark and not again and when.kind != "full":
        return Pulled(feed, period, "unchanged", int(mark["rows"]), place)
    if mark is None and place.exists() and any(not p.name.startswith(".") for p in place.iterdir()):
        raise TelmartError(
            f"{place} holds files that were not pulled.",
            "Move them away, or take `servers` out of the contract if the feed comes as files.",
        )
    with engine_for(settings, source) as engine:
        table = SourceTable.open(contract, source, engine, settings.timezone)
        said = table.count(when)
        if mark and not again and mark == _said(said):
            return Pulled(feed, period, "unchanged", said.rows, place)
        staging = staging_for(place, "pulling")
        try:
            for _ in range(_ATTEMPTS):
                before = said
                rows = _write(table, when, staging / f"{contract.entity}.csv.zst", tell)
                said = table.count(when)
                if before == said and rows == said.rows:
                    _describe(contract, when, staging, said)
                    put_in_place(staging, place)
                    return Pulled(feed, period, "pulled", rows, place)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    raise TelmartError(
        f"{source.where} changes while {feed} {period} is being read: {before.rows:,} rows before,"
        f" {rows:,} read, {said.rows:,} after.",
        "Pull it when the source is done with the period (`dueDay`, `dueTime` in the contract).",
    )


def _write(table: SourceTable, period: Period, path: Path, tell: Callable[[int], None]) -> int:
    """Write the rows as CSV under the contract's names; their number."""
    count = 0
    with path.open("wb") as raw:
        packer = zstandard.ZstdCompressor(level=3)
        with (
            packer.stream_writer(raw, closefd=False) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="", write_through=False) as text,
        ):
            lines = csv.writer(text, lineterminator="\n")
            lines.writerow(table.columns)
            for batch in _lines(table, period):
                lines.writerows(batch)
                count += len(batch)
                tell(count)
        raw.flush()
        os.fsync(raw.fileno())
    return count


def _lines(table: SourceTable, period: Period) -> Iterator[list[list[str | None]]]:
    feed = table.feed
    plan = [
        (column, table.columns[column.name],
         converter(column, table.zone, in_utc=table.in_utc(column.name)))
        for column in feed.columns
    ]  # fmt: skip
    with contextlib.closing(table.batches(period)) as batches:
        for batch in batches:
            lines = []
            for row in batch:
                line: list[str | None] = []
                lines.append(line)
                for column, name, convert in plan:
                    try:
                        line.append(convert(row[name]))
                    except UnfitValueError as error:
                        named = {c.name: row[n] for c, n, _ in plan}
                        raise unfit(feed, table.source.where, named, column, str(error)) from None
            yield lines


def _describe(feed: Feed, period: Period, folder: Path, said: Counted) -> None:
    """Write manifest and mark: the last files, of what the source itself counted."""
    (file,) = folder.iterdir()
    manifest = {
        "feed": feed.name,
        "period": period.text,
        "files": [{"name": file.name, "bytes": file.stat().st_size, "sha256": sha256_of(file)}],
        "row_count": said.rows,
        "control_totals": {name: str(total) for name, total in said.totals.items()},
    }
    for name, content in ((MANIFEST, manifest), (MARK, _said(said))):
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _said(said: Counted) -> dict[str, Any]:
    return {"rows": said.rows, "totals": {n: str(t) for n, t in said.totals.items()}}


def _mark(place: Path) -> dict[str, Any] | None:
    try:
        mark: dict[str, Any] = json.loads((place / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return mark
