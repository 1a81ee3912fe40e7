"""A dirty operator: one fault of every kind that extracts come with, and what must become of it.

Each fault spoils one feed-month of a sample that lies in the landing area. What was planted is
written to a file of its own, which the warehouse never reads; ``telmart sample --force`` sends
every spoiled month again as it should have been: late, corrected or restated.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from orchestration.errors import TelmartError
from orchestration.sample.calendar import LAST_MONTH
from orchestration.sample.files import MANIFEST, ODD_SHAPES, write_files

#: what must become of a fault: loaded without its bad rows, or whole; refused whole; loaded but
#: kept from publication by a check; never there
Outcome = Literal["quarantined", "tolerated", "refused", "held", "missing"]
#: a contract tolerates 2 % of bad rows
FEW, MANY = 0.01, 0.05


@dataclass
class Extract:
    """One feed-month in memory, as text.

    Attributes:
        header, rows: the file's columns and rows.
        manifest: what will be said of it; rows and totals may be made to lie.
        bad: places in ``rows`` of the rows that no warehouse should take.
        encode: text to the file's bytes.
        copies: names of further files with the same bytes.
    """

    header: list[str]
    rows: list[list[str]]
    manifest: dict[str, Any]
    before: Path
    bad: list[int] = field(default_factory=list)
    delimiter: str = ","
    encode: Callable[[str], bytes] = lambda text: gzip.compress(text.encode(), 3, mtime=0)
    copies: list[str] = field(default_factory=list)

    def column(self, name: str) -> int:
        """The place of a column."""
        return self.header.index(name)

    def some(self, share: float) -> list[int]:
        """Places of evenly spread rows, at least one."""
        count = max(1, round(len(self.rows) * share))
        return list(range(0, len(self.rows), max(1, len(self.rows) // count)))[:count]


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        feed: where it is planted.
        back: how many months before the latest.
        outcome: what must become of it.
        word: what the reason must speak of, where there is one.
        spoil: does it; None: the month is not sent at all.
    """

    feed: str
    back: int
    outcome: Outcome
    word: str
    spoil: Callable[[Extract], None] | None


@dataclass(frozen=True)
class Planted:
    """One planted fault, as the file of faults has it. ``lines``: physical lines that are bad."""

    fault: str
    feed: str
    period: str
    outcome: Outcome
    word: str
    rows: int
    lines: list[int]


# ---- rows ----------------------------------------------------------------------------------------
def _words_for_amounts(extract: Extract) -> None:
    at = extract.column("paid_amt")
    extract.bad = extract.some(FEW)
    for place in extract.bad:
        extract.rows[place][at] = "n/a"
    extract.manifest["control_totals"] = {}


def _rows_sent_twice(extract: Extract) -> None:
    twice = [extract.rows[place] for place in extract.some(FEW)]
    extract.bad = list(range(len(extract.rows), len(extract.rows) + len(twice)))
    extract.rows += twice
    extract.manifest["row_count"] = len(extract.rows)
    extract.manifest["control_totals"] = {}


def _broken_text(extract: Extract) -> None:
    """A source system cut Chinese names in the middle of a character."""
    at = extract.column("group_name")
    extract.bad = extract.some(FEW)
    for place in extract.bad:
        extract.rows[place][at] = "\udce5\udcb1"
    extract.encode = lambda text: gzip.compress(text.encode("utf-8", "surrogateescape"), 3, mtime=0)


def _keys_missing(extract: Extract) -> None:
    for place in extract.some(MANY):
        extract.rows[place][extract.column("bill_item_id")] = ""


def _from_the_future(extract: Extract) -> None:
    at = extract.column("event_at")
    for place in extract.some(MANY):
        year, rest = extract.rows[place][at].split("-", 1)
        extract.rows[place][at] = f"{int(year) + 30}-{rest}"


def _half_the_rows(extract: Extract) -> None:
    """The manifest agrees, so only the usual volume can tell."""
    del extract.rows[len(extract.rows) // 2 :]
    extract.manifest["row_count"] = len(extract.rows)
    extract.manifest["control_totals"] = {}


def _restated(extract: Extract) -> None:
    """What a source system reports before it corrects itself: well formed, and wrong."""
    at = extract.column("recharge_amt")
    for place in extract.some(MANY):
        extract.rows[place][at] = "88.00"
    extract.manifest["control_totals"] = {}


# ---- manifests and files -------------------------------------------------------------------------
def _wrong_total(extract: Extract) -> None:
    totals = extract.manifest["control_totals"]
    name = next(iter(totals))
    whole, dot, decimals = totals[name].partition(".")
    totals[name] = f"{int(whole) + 1000}{dot}{decimals}"


def _wrong_count(extract: Extract) -> None:
    extract.manifest["row_count"] += 7


def _broken_transfer(extract: Extract) -> None:
    whole = extract.encode
    extract.manifest.pop("files")
    extract.encode = lambda text: whole(text)[: len(whole(text)) // 2]


def _part_missing(extract: Extract) -> None:
    extract.manifest["files"].append({"name": "receivable_2.csv.gz"})


def _file_sent_twice(extract: Extract) -> None:
    extract.copies.append("copy_of_it.csv.gz")


def _only_a_header(extract: Extract) -> None:
    extract.rows.clear()
    del extract.manifest["row_count"]
    extract.manifest["control_totals"] = {}


def _another_months(extract: Extract) -> None:
    """The month before once more, in this month's folder."""
    if not extract.before.is_dir():
        raise TelmartError(f"{extract.before} is not there.", "Make a sample of more months.")
    source = _read(extract.before)
    extract.header, extract.rows = source.header, source.rows
    extract.manifest["row_count"] = len(source.rows)
    extract.manifest["control_totals"] = {}


def _another_months_snapshot(extract: Extract) -> None:
    """The same with a list whose dates do not tell which month it is of."""
    _another_months(extract)
    said = json.loads((extract.before / MANIFEST).read_text(encoding="utf-8"))
    file = extract.before / said["files"][0]["name"]
    extract.encode = lambda _: file.read_bytes()


# ---- schemas -------------------------------------------------------------------------------------
def _column_missing(extract: Extract) -> None:
    at = extract.column("received_at")
    for row in [extract.header, *extract.rows]:
        del row[at]


def _column_renamed(extract: Extract) -> None:
    extract.header[extract.column("created_at")] = "create_at"


def _column_new(extract: Extract) -> None:
    extract.header.append("remark")
    for number, row in enumerate(extract.rows):
        row.append(f"note {number}")


def _columns_in_another_order(extract: Extract) -> None:
    for row in [extract.header, *extract.rows]:
        row.reverse()


def _another_encoding(extract: Extract) -> None:
    extract.delimiter = "|"
    extract.encode = lambda text: text.replace("\n", "\r\n").encode("gb18030")


KINDS = {
    "words_for_amounts": Kind("boss.payment", 0, "quarantined", "paid_amt", _words_for_amounts),
    "rows_sent_twice": Kind("points.movement", 0, "quarantined", "movement_id", _rows_sent_twice),
    "broken_text": Kind("crm.group_customer", 0, "quarantined", "not valid text", _broken_text),
    "keys_missing": Kind("boss.bill_item", 0, "refused", "bill_item_id", _keys_missing),
    "from_the_future": Kind("boss.status_event", 0, "refused", "event_at", _from_the_future),
    "half_the_rows": Kind("boss.subscriber_usage", 1, "held", "number of rows", _half_the_rows),
    "restated": Kind("boss.recharge", 1, "tolerated", "", _restated),
    "wrong_total": Kind("boss.subscriber_bill", 0, "refused", "billed_amt", _wrong_total),
    "wrong_count": Kind("crm.product_instance", 0, "refused", "manifest", _wrong_count),
    "broken_transfer": Kind("mediation.usage_area", 0, "refused", "truncated", _broken_transfer),
    "part_missing": Kind("boss.receivable", 0, "refused", "receivable_2", _part_missing),
    "file_sent_twice": Kind("channel.transaction", 0, "refused", "copy_of_it", _file_sent_twice),
    "only_a_header": Kind("survey.answer", 0, "refused", "no rows", _only_a_header),
    "another_months": Kind("boss.opening", 0, "refused", "opened_at", _another_months),
    "another_months_snapshot": Kind(
        "crm.group_contract", 0, "held", "same files", _another_months_snapshot
    ),
    "never_sent": Kind("crm.contract", 0, "missing", "", None),
    "column_missing": Kind("eoms.complaint", 0, "refused", "received_at", _column_missing),
    "column_renamed": Kind("eoms.work_order", 0, "refused", "create_at", _column_renamed),
    "column_new": Kind("channel.agreement", 0, "tolerated", "remark", _column_new),
    "columns_in_another_order": Kind(
        "crm.opportunity", 0, "tolerated", "", _columns_in_another_order
    ),
    "another_encoding": Kind("channel.dealer", 0, "tolerated", "", _another_encoding),
}


def spoil(landing: Path, faults_file: Path) -> list[Planted]:
    """Plant one fault of every kind in the sample that lies in ``landing``.

    Args:
        landing: root of the landing area.
        faults_file: JSON to write what was planted to.

    Raises:
        TelmartError: a feed-month is not there as the sample writes it.
    """
    planted = []
    for name, kind in KINDS.items():
        period = _months_before(f"{LAST_MONTH:%Y-%m}", kind.back)
        root = landing.joinpath(*kind.feed.split("."))
        folder = root / period
        if not folder.is_dir() or (kind.feed, period) in ODD_SHAPES:
            raise TelmartError(
                f"{folder} is not there as a sample has it.",
                "Make it anew: telmart sample --force --faults all, with at least 2 months.",
            )
        if kind.spoil is None:
            shutil.rmtree(folder)
            planted.append(Planted(name, kind.feed, period, kind.outcome, kind.word, 0, []))
            continue
        extract = _read(folder)
        kind.spoil(extract)
        _write(folder, kind.feed, period, extract)
        lines = [place + 2 for place in extract.bad]
        planted.append(
            Planted(name, kind.feed, period, kind.outcome, kind.word, len(extract.rows), lines)
        )
    text = json.dumps([asdict(p) for p in planted], ensure_ascii=False, indent=1)
    faults_file.write_text(text + "\n", encoding="utf-8")
    return planted


def _months_before(latest: str, count: int) -> str:
    number = int(latest[:4]) * 12 + int(latest[5:]) - 1 - count
    return f"{number // 12}-{number % 12 + 1:02d}"


def _read(folder: Path) -> Extract:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    packed = (folder / manifest["files"][0]["name"]).read_bytes()
    header, *rows = csv.reader(io.StringIO(gzip.decompress(packed).decode()))
    before = folder.with_name(_months_before(folder.name, 1))
    return Extract(header, rows, manifest, before)


def _write(folder: Path, feed: str, period: str, extract: Extract) -> None:
    """The spoiled files, and a manifest that knows them by name unless the fault is in it."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=extract.delimiter, lineterminator="\n")
    writer.writerows([extract.header, *extract.rows])
    data = extract.encode(text.getvalue())
    said = extract.manifest
    name = f"{feed.replace('.', '_')}_{period.replace('-', '')}.csv.gz"
    write_files(folder, feed, period, {name: data}, row_count=0, totals={})
    written = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if "files" in said:
        said["files"] = [*written["files"], *said["files"][1:]]
    for copy in extract.copies:
        (folder / copy).write_bytes(data)
    (folder / MANIFEST).write_text(json.dumps(said, ensure_ascii=False) + "\n", encoding="utf-8")
