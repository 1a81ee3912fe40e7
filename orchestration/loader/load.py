"""Loading a period: refuse, skip, load or reject, and write down which. See docs/loading.md."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, errors

from orchestration.contracts import Feed, Period, feed_named, parse_period
from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.loader import faults, ledger, partition, quarantine
from orchestration.loader.attempt import KEPT_OF_REFUSED, Attempt
from orchestration.loader.extract import open_extract, plain_entries
from orchestration.loader.landing import arrival_of, data_files
from orchestration.loader.manifest import NAME as MANIFEST
from orchestration.loader.manifest import Manifest, read_manifest
from orchestration.loader.opening import sha256_of
from orchestration.loader.result import LoadResult, RejectedError
from orchestration.loader.session import lost, one_line, prepare
from orchestration.settings import Settings

Progress = Callable[[str, int], None]


def load_period(
    settings: Settings,
    feed: str,
    period: str,
    files: list[Path],
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> LoadResult:
    """Load one period of one feed from its files: all of it or nothing.

    Args:
        files: the period's files. A ``manifest.json`` beside the first one is used.
        dry_run: do everything but keep it; the ledger is not touched.
        progress: called with a file's name and the number of bytes just sent.

    Returns:
        What became of it. A rejected or failed load is a result, not an exception: its reason is
        in ``error`` and ``remedy``, and in the ledger.

    Raises:
        TelmartError: nothing could be tried: no such feed, period or file, no warehouse, or the
            same period is being loaded by another process.
    """
    contract = feed_named(settings, feed)
    when = parse_period(contract, period)
    contract = contract.for_period(when.text)
    if not contract.enabled:
        raise TelmartError(f"{feed} is switched off.", f"`telmart feeds on {feed}` turns it on.")
    paths = data_files(settings, contract, when, files)
    try:
        with connect(settings) as connection:
            prepare(connection)
            ledger.lock(connection, contract, when)
            ledger.bury_dead(connection, contract, when)
            faults.point("after_lock")
            load = PeriodLoad(settings, connection, contract, when, paths, dry_run)
            if progress:
                load.progress = progress
            return load.run()
    except psycopg.OperationalError as error:
        raise lost(error) from error
    except (errors.UndefinedTable, errors.UndefinedColumn) as error:
        raise TelmartError(
            f"The warehouse is not of this version of telmart: {one_line(error)}",
            "Run `telmart up`, then load the same files again.",
        ) from error


@dataclass(frozen=True)
class Correction:
    """Rows from quarantine that are being added to the current load of their period."""

    base: ledger.Entry
    quarantine_ids: list[int]


@dataclass
class PeriodLoad:
    """One call of ``load_period``, with the lock held.

    With ``correcting``, the files hold rows to add to what is loaded, and all of them must pass.
    """

    settings: Settings
    connection: Connection[Any]
    feed: Feed
    period: Period
    paths: list[Path]
    dry_run: bool = False
    progress: Progress = lambda _name, _bytes: None
    correcting: Correction | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    attempt: Attempt | None = None

    def __post_init__(self) -> None:
        self.started = time.monotonic()
        self.current = ledger.current(self.connection, self.feed, self.period)
        self.result = LoadResult(
            None, self.feed.name, self.period.text, "failed", dry_run=self.dry_run
        )

    def run(self) -> LoadResult:
        """Do it, and leave the ledger telling the truth whatever happens short of a kill."""
        beside = self.paths[0].with_name(MANIFEST)
        manifest: Manifest | None = None
        wrong: RejectedError | None = None
        if beside.exists() and not self.correcting:
            try:
                manifest = read_manifest(beside, self.feed)
            except RejectedError as error:
                wrong = error
        content = manifest.content if manifest else None
        if self.correcting:
            content = self.correcting.base.manifest
        if not self.correcting and not wrong and self._is_same(content):
            return self._skip()
        self.connection.rollback()
        widened = partition.ensure_parent(self.connection, self.feed)
        self.result.drift = [drift.as_dict() for drift in widened]
        if not self.dry_run:
            self.result.load_id = ledger.begin(self.connection, self.feed, self.period, content)
        faults.point("after_ledger")
        try:
            if wrong:
                raise wrong
            self._load(manifest)
        except RejectedError as error:
            self._refuse("rejected", error.message, error.remedy)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            self._refuse("rejected", f"The server refused the rows: {one_line(error)}",
                         "Have the extract corrected and load it again.")  # fmt: skip
        except errors.LockNotAvailable:
            self._refuse(
                "failed",
                f"raw.{self.feed.table} was being read for more than {partition.SWAP_TIMEOUT}.",
                "Wait for the query to end (`telmart psql`, pg_stat_activity) and load again.",
            )
        except (psycopg.Error, OSError, TelmartError) as error:
            self._refuse("failed", f"The load broke off: {one_line(error)}",
                         "Mend the cause and load the same files again.")  # fmt: skip
        except BaseException:
            self._refuse("failed", "The load was interrupted.", "Load the same files again.")
            raise
        self.result.seconds = time.monotonic() - self.started
        return self.result

    # ---- the same again ----------------------------------------------------------------------
    def _is_same(self, manifest: dict[str, Any] | None) -> bool:
        """Whether the current load came of these very files, this manifest and this contract."""
        now = self.current
        if now is None or now.contract_version != self.feed.version or now.manifest != manifest:
            return False
        if sorted(f["bytes"] for f in now.sent) != sorted(p.stat().st_size for p in self.paths):
            return False  # cheaper than hashing, and as certain
        return sorted(f["sha256"] for f in now.sent) == sorted(sha256_of(p) for p in self.paths)

    def _skip(self) -> LoadResult:
        assert self.current is not None  # noqa: S101 - only a current load can be the same
        result = self.result
        result.state = "skipped"
        result.same_as_load_id = self.current.load_id
        if not self.dry_run:
            result.load_id = ledger.begin(self.connection, self.feed, self.period, None)
            ledger.finish(self.connection, result, [])
            self.connection.commit()
        result.seconds = time.monotonic() - self.started
        return result

    # ---- loading -----------------------------------------------------------------------------
    def _load(self, manifest: Manifest | None) -> None:
        if manifest:
            manifest.check_files(self.feed, self.period, self.paths)
        stats = {p: p.stat() for p in self.paths}
        zone = self.settings.timezone
        extracts = [open_extract(self.feed, p, zone) for p in self.paths]
        self.result.drift += [drift.as_dict() for x in extracts for drift in x.drift]
        base = partition.partition_name(self.feed, self.period) if self.correcting else None
        self.attempt = attempt = Attempt(
            self.connection, self.feed, self.period, self.result.load_id or 0, extracts,
            manifest, zone, self.progress, base,
            tolerance=0.0 if self.correcting else self.feed.tolerance,
        )  # fmt: skip
        with ThreadPoolExecutor(1) as pool:  # hashing waits for the disk, copying for the server
            sums = {p: pool.submit(sha256_of, p) for p in self.paths}
            table = attempt.run()
        self.files = [x.entry(stats[x.path], sums[x.path].result()) for x in extracts]
        for path, before in stats.items():
            if (path.stat().st_size, path.stat().st_mtime_ns) != (
                before.st_size,
                before.st_mtime_ns,
            ):
                raise TelmartError(f"{path.name} changed while it was being read.")
        for entry, rows in zip(self.files, attempt.counts, strict=True):
            entry["rows"] = rows
        for entry, path in zip(self.files, self.paths, strict=True):
            entry["by_hand"] = arrival_of(self.settings, path) is None
        self._keep_bad_rows(manifest)
        previous = self.current.load_id if self.current else None
        partition.detach_current(self.connection, self.feed, self.period, previous)
        faults.point("after_detach")
        partition.attach(self.connection, self.feed, self.period, table)
        faults.point("after_attach")
        self._take_over("loaded")
        self.result.replaced_load_id = previous
        if self.correcting:
            self._add_to_base(self.correcting)
        if self.dry_run:
            self.connection.rollback()
            return
        ledger.finish(self.connection, self.result, self.files)
        faults.point("before_commit")
        self.connection.commit()
        faults.point("after_commit")

    def _keep_bad_rows(self, manifest: Manifest | None) -> None:
        """Check what the manifest says of the rows, and put the bad ones into quarantine."""
        attempt = self.attempt
        assert attempt is not None  # noqa: S101 - called from the attempt's own load
        extracts = attempt.extracts
        if manifest:
            manifest.check_digests({f["name"]: f["sha256"] for f in self.files})
            manifest.check_rows(attempt.rows_read)
        values = quarantine.ControlValues(dict(attempt.totals) if manifest else {})
        held = values.passing(extracts, quarantine.held_rows(extracts, attempt.problems))
        if self.result.load_id is None:
            for _ in held:
                pass
        elif attempt.problems:
            quarantine.keep(
                self.connection, self.result.load_id, self.feed, self.period.text,
                extracts=extracts, held=held,
            )  # fmt: skip
        if manifest:
            manifest.check_totals(values.totals, values.unread)

    def _add_to_base(self, correcting: Correction) -> None:
        """Make the result that of the base load plus the corrections."""
        base = correcting.base
        self.result.rows_loaded += base.rows_loaded
        self.result.rows_read += base.rows_loaded
        self.files = [*base.files, *({**f, "correction": True} for f in self.files)]
        self.connection.execute(
            "update ops.quarantine set state = 'replayed' where quarantine_id = any(%s::bigint[])",
            [correcting.quarantine_ids],
        )

    # ---- writing it down ---------------------------------------------------------------------
    def _take_over(self, state: Any) -> None:
        result, attempt = self.result, self.attempt
        result.state = state
        if attempt is None:
            return
        result.path = attempt.path
        result.rows_read = attempt.rows_read
        result.rows_loaded = attempt.rows_loaded if state == "loaded" else 0
        result.rows_quarantined = len(attempt.problems)
        result.control_totals = {name: str(total) for name, total in attempt.totals.items()}
        result.problems = [
            p.describe(attempt.extracts[p.file].name)
            for p in sorted(attempt.problems, key=lambda p: (p.file, p.line))[:20]
        ]

    def _refuse(self, state: Any, error: str, remedy: str) -> None:
        """Undo everything, then keep the reason and the bad rows."""
        if self.connection.closed:
            raise lost(error)
        self.connection.rollback()
        self._take_over(state)
        self.result.error, self.result.remedy = error, remedy
        self.result.replaced_load_id = None
        attempt, load_id = self.attempt, self.result.load_id
        if load_id is None:
            return
        # A refused file is tried again at every run; only the latest attempt's rows are kept.
        self.connection.execute(
            "delete from ops.quarantine as q using ops.load as l"
            " where q.load_id = l.load_id and l.state = 'rejected' and q.state = 'open'"
            " and l.feed = %s and l.period = %s",
            [self.feed.name, self.period.text],
        )
        if attempt and attempt.problems and state == "rejected":
            some = sorted(attempt.problems, key=lambda p: (p.file, p.line))[:KEPT_OF_REFUSED]
            quarantine.keep(
                self.connection, load_id, self.feed, self.period.text,
                extracts=attempt.extracts, held=quarantine.held_rows(attempt.extracts, some),
            )  # fmt: skip
        ledger.finish(self.connection, self.result, self.files or plain_entries(self.paths))
        self.connection.commit()
