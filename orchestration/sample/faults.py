"""Faults planted on purpose in one feed-month, to see that the product stops and says why."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import TelmartError
from orchestration.sample.calendar import LAST_MONTH
from orchestration.sample.files import MANIFEST, write_files
from orchestration.sample.truth import note_fault

Table = list[list[str]]
#: share of rows spoiled: clearly beyond the 2 % that contracts tolerate
SHARE = 0.05


@dataclass(frozen=True)
class Fault:
    """A fault: the feed it spoils, what people should see, and how it is done."""

    feed: str
    says: str
    spoil: Callable[[Table, dict[str, str], float], None]


def _half_volume(rows: Table, totals: dict[str, str], share: float) -> None:
    """Half of the rows are missing, and the manifest agrees: only the volume can tell."""
    header = rows[0]
    del rows[1 + (len(rows) - 1) // 2 :]
    for column in totals:
        at = header.index(column)
        cents = sum(int(row[at].replace(".", "")) for row in rows[1:])
        sign = "-" if cents < 0 else ""
        totals[column] = f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _null_key(rows: Table, totals: dict[str, str], share: float) -> None:
    """The key is empty in a share of the rows."""
    at = rows[0].index("subscriber_id")
    for row in _some(rows, share):
        row[at] = ""


def _future_date(rows: Table, totals: dict[str, str], share: float) -> None:
    """Subscribers opened ten years after the month they are reported in."""
    at = rows[0].index("opened_on")
    for row in _some(rows, share):
        row[at] = f"{LAST_MONTH.year + 10}-05-17"


def _wrong_total(rows: Table, totals: dict[str, str], share: float) -> None:
    """The manifest promises 1,000.00 more than the file holds."""
    whole, dot, decimals = totals["billed_amt"].partition(".")
    totals["billed_amt"] = f"{int(whole) + 1000}{dot}{decimals}"


FAULTS = {
    "half_volume": Fault(
        "boss.subscriber_usage", "half of the usage rows are missing", _half_volume
    ),
    "null_key": Fault("boss.subscriber_bill", "bills without a subscriber_id", _null_key),
    "future_date": Fault("crm.subscriber", "subscribers opened in the future", _future_date),
    "wrong_total": Fault(
        "boss.subscriber_bill", "the manifest's billed_amt is wrong", _wrong_total
    ),
}


def plant(
    landing: Path,
    truth_file: Path | None,
    name: str,
    period: str | None = None,
    share: float = SHARE,
) -> Path:
    """Rewrite one feed-month of a sample with the fault ``name``.

    Args:
        landing: root of the landing area, with a sample in it.
        truth_file: its truth file, which notes the fault; None to leave no note.
        name: one of ``FAULTS``.
        period: ``2026-10``; the latest there is when None.
        share: share of rows spoiled, for faults in rows.

    Returns:
        The folder of the feed-month.

    Raises:
        TelmartError: for an unknown fault, or when there is no such feed-month, or it has a shape
            that faults are not planted in.
    """
    if name not in FAULTS:
        raise TelmartError(f"There is no fault {name!r}.", f"Choose one of {', '.join(FAULTS)}.")
    fault = FAULTS[name]
    root = landing.joinpath(*fault.feed.split("."))
    periods = sorted(p.name for p in root.iterdir()) if root.is_dir() else []
    chosen = period or (periods[-1] if periods else "")
    if chosen not in periods:
        raise TelmartError(
            f"{root} holds no month {chosen or '(none at all)'}.", "Run telmart sample first."
        )
    folder = root / chosen
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    names = [f["name"] for f in manifest["files"]]
    if len(names) != 1 or not names[0].endswith(".csv.gz"):
        raise TelmartError(
            f"{folder} is one of the months in another shape; faults go into plain .csv.gz months.",
            "Choose another --month.",
        )
    raw = gzip.decompress((folder / names[0]).read_bytes())
    try:
        rows = list(csv.reader(io.StringIO(raw.decode("utf-8"))))
        fault.spoil(rows, manifest["control_totals"], share)
    except (UnicodeDecodeError, ValueError) as error:
        raise TelmartError(
            f"{folder / names[0]} is one of the months in another shape ({error}).",
            "Choose another --month.",
        ) from error
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    data = gzip.compress(text.getvalue().encode(), compresslevel=3, mtime=0)
    totals = manifest["control_totals"]
    write_files(
        folder, fault.feed, chosen, {names[0]: data}, row_count=len(rows) - 1, totals=totals
    )
    if truth_file is not None and truth_file.is_file():
        note_fault(truth_file, {"fault": name, "feed": fault.feed, "period": chosen})
    return folder


def _some(rows: Table, share: float) -> Table:
    """Evenly spread rows, at least one, never the header."""
    count = max(1, round((len(rows) - 1) * share))
    step = max(1, (len(rows) - 1) // count)
    return rows[1::step][:count]
