"""What people do with quarantined rows: look, export, correct and replay, or drop."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from orchestration.contracts import Feed, feed_named, parse_period
from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.loader import ledger
from orchestration.loader.load import Correction, PeriodLoad
from orchestration.loader.quarantine import fields_of
from orchestration.loader.result import LoadResult
from orchestration.loader.session import prepare
from orchestration.settings import Settings

_ID = "_quarantine_id"
_NOTES = (_ID, "_file", "_line", "_column", "_reason")
_KINDS = (
    "select q.load_id, q.feed, q.period, l.state as load_state, l.is_current, q.column_name,"
    " case when q.reason like 'repeats the key of%%' then 'repeats the key of another row'"
    " else q.reason end as reason, count(*) as rows, min(q.line_no) as first_line"
    " from ops.quarantine q join ops.load l using (load_id)"
    " where (%(load)s::bigint is null or load_id = %(load)s)"
    " and (%(feed)s::text is null or q.feed = %(feed)s)"
    " and (%(state)s::text is null or q.state = %(state)s)"
    " group by 1, 2, 3, 4, 5, 6, 7 order by 1 desc, rows desc"
)


@dataclass(frozen=True)
class _Quarantined:
    """The load whose rows are in question."""

    load_id: int
    feed: str
    period: str
    state: str
    files: list[dict[str, Any]]


def kinds(
    settings: Settings, *, load_id: int | None = None, feed: str | None = None,
    state: str | None = "open",
) -> list[dict[str, Any]]:  # fmt: skip
    """Quarantined rows counted by load, column and reason, newest load first."""
    with connect(settings, row_factory=dict_row) as connection:
        values = {"load": load_id, "feed": feed, "state": state}
        return connection.execute(_KINDS, values).fetchall()


def rows(settings: Settings, load_id: int, limit: int = 20) -> list[dict[str, Any]]:
    """The first quarantined rows of a load, in the order of its files."""
    with connect(settings, row_factory=dict_row) as connection:
        _quarantined(connection, load_id)
        return connection.execute(
            "select quarantine_id, file_name, line_no, column_name, bad_value, reason, raw_line,"
            " state from ops.quarantine where load_id = %s order by quarantine_id limit %s",
            [load_id, limit],
        ).fetchall()


def export(settings: Settings, load_id: int, path: Path) -> int:
    """Write a load's open rows as CSV to be corrected; returns how many.

    The columns are the contract's, what the files had beyond them, then notes beginning with
    ``_``. Fields that a row has beyond
    the contract's are added to its reason, for a person to sort out.
    """
    with connect(settings, row_factory=dict_row) as connection:
        origin = _quarantined(connection, load_id)
        feed = feed_named(settings, origin.feed).for_period(origin.period)
        found = list(_open_rows(connection, load_id))
    names = [c.name for c in feed.columns]
    layout = {f["name"]: f for f in origin.files}
    spelling = {n.casefold(): n for n in names}  # a new column is one, in whatever case
    for column in (c for f in origin.files for c in f.get("columns", []) if c not in _NOTES):
        spelling.setdefault(column.casefold(), column)
    with path.open("w", encoding="utf-8-sig", newline="") as f:
        out = csv.DictWriter(f, [*spelling.values(), *_NOTES], extrasaction="ignore")
        out.writeheader()
        for row in found:
            file = layout.get(row["file_name"], {})
            columns = [spelling.get(c.casefold(), c) for c in file.get("columns", names)]
            fields = fields_of(row["raw_line"] or "", file.get("delimiter", ","))
            surplus = fields[len(columns) :]
            reason = row["reason"] + (f"; surplus: {surplus}" if surplus else "")
            out.writerow(
                dict(zip(columns, fields, strict=False))
                | dict(
                    zip(
                        _NOTES,
                        (row["quarantine_id"], row["file_name"], row["line_no"],
                         row["column_name"], reason),
                        strict=True,
                    )
                )
            )  # fmt: skip
    return len(found)


def replay(settings: Settings, load_id: int, path: Path | None = None) -> LoadResult:
    """Add corrected rows to the period they were left out of, as a new version of it.

    Args:
        path: an exported file, corrected; rows taken out of it stay in quarantine. Without it
            the rows are tried again as they are, for when the contract was at fault.

    Returns:
        The result for the whole period. Every row must pass now, or nothing is changed.

    Raises:
        TelmartError: nothing of that load is in the warehouse, or the file is not an export.
    """
    with tempfile.TemporaryDirectory(prefix="telmart-") as folder:
        exported = path
        if exported is None:
            exported = Path(folder) / "export.csv"
            export(settings, load_id, exported)
        if not exported.is_file():
            raise TelmartError(f"There is no file {exported}.", "Check the name and the folder.")
        with connect(settings) as connection:
            prepare(connection)
            origin = _quarantined(connection, load_id)
            feed = feed_named(settings, origin.feed).for_period(origin.period)
            period = parse_period(feed, origin.period)
            ledger.lock(connection, feed, period)
            ledger.bury_dead(connection, feed, period)
            current = ledger.current(connection, feed, period)
            if current is None or origin.state != "loaded" or not _same_files(current, origin):
                raise TelmartError(
                    f"Load {load_id} of {origin.feed} {origin.period} is not what the warehouse"
                    " holds, so rows cannot be added to it.",
                    "Load the corrected extract instead: `telmart load`.",
                )
            if current.contract_version != feed.version:
                raise TelmartError(
                    f"{origin.feed} {origin.period} was loaded under version"
                    f" {current.contract_version} of its contract; now it is {feed.version}, so"
                    " its rows and the corrected ones would not be alike.",
                    "Load the period again first: `telmart run`, or `telmart load`.",
                )
            name = f"corrections-of-load-{load_id}.csv"
            ids = _write_corrections(feed, exported, Path(folder) / name)
            correction = Correction(current, _still_open(connection, load_id, ids))
            return PeriodLoad(
                settings, connection, feed, period, [Path(folder) / name], correcting=correction
            ).run()


def drop(settings: Settings, load_id: int, ids: list[int] | None = None) -> int:
    """Give up rows of a load (all open ones, or those with the given ids); returns how many."""
    with connect(settings) as connection:
        _quarantined(connection, load_id)
        return connection.execute(
            "update ops.quarantine set state = 'dropped' where load_id = %s and state = 'open'"
            " and (%s::bigint[] is null or quarantine_id = any(%s::bigint[]))",
            [load_id, ids, ids],
        ).rowcount


def _quarantined(connection: Connection[Any], load_id: int) -> _Quarantined:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "select load_id, feed, period, state, files from ops.load where load_id = %s", [load_id]
        ).fetchone()
    if row is None:
        raise TelmartError(f"There is no load {load_id}.", "`telmart quarantine list` names them.")
    return _Quarantined(**row)


def _open_rows(connection: Connection[Any], load_id: int) -> Iterator[dict[str, Any]]:
    return iter(
        connection.execute(
            "select quarantine_id, file_name, line_no, column_name, reason, raw_line"
            " from ops.quarantine where load_id = %s and state = 'open' order by quarantine_id",
            [load_id],
        ).fetchall()
    )


def _same_files(current: ledger.Entry, origin: _Quarantined) -> bool:
    """Whether the current load is the origin, or the origin with corrections."""
    sent = sorted(f["sha256"] for f in origin.files if not f.get("correction"))
    return sorted(f["sha256"] for f in current.sent) == sent


def _write_corrections(feed: Feed, exported: Path, target: Path) -> list[int]:
    """Write an exported file without its notes; returns the ids of its rows."""
    ids: list[int] = []
    names = [c.name for c in feed.columns]
    with (
        exported.open(encoding="utf-8-sig", newline="") as f,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        reader = csv.DictReader(f)
        missing = [n for n in [*names, _ID] if n not in (reader.fieldnames or [])]
        if missing:
            raise TelmartError(
                f"{exported.name} is no export of quarantined rows: it has no column"
                f" {', '.join(missing)}.",
                "Begin with `telmart quarantine export` and keep its first line.",
            )
        new = [n for n in reader.fieldnames or [] if n not in names and n not in _NOTES]
        writer = csv.DictWriter(out, [*names, *new], extrasaction="ignore")
        writer.writeheader()
        for row in reader:
            writer.writerow(row)
            try:
                ids.append(int(row[_ID]))
            except (TypeError, ValueError):
                raise TelmartError(
                    f"{exported.name}, line {reader.line_num}, column {_ID}, value {row[_ID]!r}:"
                    " is not the number that was exported.",
                    "Leave that column as it was.",
                ) from None
    return ids


def _still_open(connection: Connection[Any], load_id: int, ids: list[int]) -> list[int]:
    """The same ids, if each is an open row of the load. TelmartError otherwise."""
    known = connection.execute(
        "select quarantine_id from ops.quarantine where load_id = %s and state = 'open'"
        " and quarantine_id = any(%s::bigint[])",
        [load_id, ids],
    ).fetchall()
    gone = sorted(set(ids) - {r[0] for r in known})
    if gone or len(ids) != len(set(ids)):
        shown = ", ".join(map(str, gone[:5])) or "a row that is there twice"
        raise TelmartError(
            f"Not open in the quarantine of load {load_id}: {shown}.",
            "They were replayed or dropped before. Export again and correct that file.",
        )
    return ids
