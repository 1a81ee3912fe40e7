"""One attempt to load one period: everything between opening the transaction and committing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import Connection, sql

from orchestration.contracts import Feed, Period
from orchestration.loader import checking, faults, partition
from orchestration.loader.copying import (
    MAX_BAD,
    Careful,
    careful_copy,
    fast_copy,
    place,
)
from orchestration.loader.drift import EXTRA, Staging
from orchestration.loader.extract import Extract
from orchestration.loader.limits import limits_of
from orchestration.loader.manifest import Manifest
from orchestration.loader.proof import Proof
from orchestration.loader.result import NotCleanError, Problem, RejectedError
from orchestration.loader.rules import Rule, rules_of

#: of a load that is refused, this many bad rows are kept to look at
KEPT_OF_REFUSED = 10_000


@dataclass
class Attempt:
    """What is being loaded and what has been found so far.

    ``base`` is the load whose rows are taken over first (corrections from quarantine add to it).
    """

    connection: Connection[Any]
    feed: Feed
    period: Period
    load_id: int
    extracts: list[Extract]
    manifest: Manifest | None
    zone: str
    progress: Callable[[str, int], None]
    base: sql.Identifier | None = None
    tolerance: float = 0.0
    path: str = "fast"
    counts: list[int] = field(default_factory=list)
    rows_read: int = 0
    rows_loaded: int = 0
    problems: list[Problem] = field(default_factory=list)
    totals: dict[str, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.staging = Staging(name for extract in self.extracts for name in extract.extra)

    def run(self) -> sql.Identifier:
        """Copy and check; returns the new table, not yet attached. The transaction stays open.

        Raises:
            RejectedError: the rows do not keep the contract. ``problems`` says which.
        """
        self._prepare_session()
        limits = limits_of(self.feed, self.period, datetime.now(ZoneInfo(self.zone)).date())
        rules = rules_of(self.feed, limits)
        proof = Proof(self.feed, limits, self._total_columns())
        try:
            with self.connection.transaction():
                table = self._create(careful=False)
                self.counts = fast_copy(
                    self.connection,
                    table,
                    self.extracts,
                    proof,
                    self.progress,
                    staging=self.staging,
                )
                faults.point("after_copy")
                self.rows_read = sum(self.counts)
                self._require_rows()
                self._check_fast(table, rules, proof)
        except (NotCleanError, psycopg.DataError, psycopg.IntegrityError):
            self.path = "careful"
            table = self._load_carefully(rules)
        self.staging.fold(self.connection, table)
        faults.point("after_checks")
        return table

    # ---- the fast path -----------------------------------------------------------------------
    def _check_fast(self, table: sql.Identifier, rules: list[Rule], proof: Proof) -> None:
        proven = proof.holds and proof.rows == self.rows_read
        if not proven:
            checking.require_clean(self.connection, table, rules)
        if not (proven and self.base is None and proof.keys_unique()):
            checking.require_unique(self.connection, table, self.feed)
        if proven and self.base is None:
            self.totals = proof.totals
        else:
            self.totals = checking.sums(self.connection, table, self._total_columns())
        self.rows_loaded = self.rows_read

    # ---- the careful path --------------------------------------------------------------------
    def _load_carefully(self, rules: list[Rule]) -> sql.Identifier:
        table = self._create(careful=True)
        found = careful_copy(
            self.connection,
            table,
            self.extracts,
            self.progress,
            tolerance=self.tolerance,
            staging=self.staging,
        )
        faults.point("after_copy")
        self.counts, self.problems = found.counts, found.problems
        self.rows_read = sum(found.counts) + len(found.problems)
        if found.gave_up:
            raise self._give_up(found)
        self._require_rows()
        enough = max(self._budget(), KEPT_OF_REFUSED) + 1
        structure = len(self.problems)
        broken = checking.broken_rows(self.connection, table, rules, enough)
        self.problems += broken
        if len(self.problems) > self._budget():
            raise self._too_many(structure + checking.count_broken(self.connection, table, rules))
        repeated = checking.repeated_rows(self.connection, table, self.feed, broken, enough)
        self.problems += repeated
        if len(self.problems) > self._budget():
            raise self._too_many(len(self.problems))
        lines = [place(p.file, p.line) for p in broken + repeated]
        checking.delete_lines(self.connection, table, lines)
        partition.settle_careful(self.connection, self.feed, table)
        self.rows_loaded = self.rows_read - len(self.problems)
        self.totals = checking.sums(self.connection, table, self._total_columns())
        return table

    def _budget(self) -> int:
        # a share of 0.29 means 29 rows of 100, though 0.29 * 100 is a little less in binary
        return min(floor(self.tolerance * self.rows_read + 1e-6), MAX_BAD)

    # ---- shared ------------------------------------------------------------------------------
    def _prepare_session(self) -> None:
        self.connection.execute(
            sql.SQL("set local datestyle = {}").format(
                sql.Literal(f"ISO, {self.feed.date_order.upper()}")
            )
        )
        # for finding repeated keys among millions of rows without going to disk
        self.connection.execute("set local work_mem = '128MB'")

    def _create(self, *, careful: bool) -> sql.Identifier:
        table = partition.create_partition(
            self.connection, self.feed, self.period, self.load_id,
            careful=careful, staged=self.staging.columns,
        )  # fmt: skip
        faults.point("after_create")
        if self.base is not None:
            wanted = [c.name for c in self.feed.columns]
            if EXTRA in partition.columns_of(self.connection, self.base):
                wanted.append(EXTRA)
            names = sql.SQL(", ").join(map(sql.Identifier, wanted))
            self.connection.execute(
                sql.SQL("insert into {} ({}) select {} from {}").format(
                    table, names, names, self.base
                )
            )
        return table

    def _total_columns(self) -> list[str]:
        asked = self.manifest.control_totals if self.manifest else {}
        return list(dict.fromkeys([*self.feed.control_totals, *asked]))

    def _require_rows(self) -> None:
        empty_is_meant = self.manifest is not None and self.manifest.row_count == 0
        if self.rows_read == 0 and not empty_is_meant:
            names = ", ".join(x.name for x in self.extracts)
            raise RejectedError(
                f"{names} has a header but no rows.",
                "Have it sent again. If the period really has none, say so in a manifest.json"
                ' with "row_count": 0.',
            )

    def _give_up(self, found: Careful) -> RejectedError:
        return RejectedError(
            f"{self._subject()}: already {len(found.problems):,} of the first {found.seen:,} rows"
            f" are bad. {self._first()}",
            self._see(),
        )

    def _too_many(self, bad: int) -> RejectedError:
        wrong_period = sum("of the period" in p.reason for p in self.problems[:KEPT_OF_REFUSED])
        hint = ""
        if wrong_period * 2 > min(len(self.problems), KEPT_OF_REFUSED) and bad * 2 > self.rows_read:
            hint = f" Is this really the extract of {self.period.text}?"
        share = bad / self.rows_read
        return RejectedError(
            f"{self._subject()}: {bad:,} of {self.rows_read:,} rows are bad ({share:.1%});"
            f" at most {self.tolerance:.1%} may be. {self._first()}{hint}",
            self._see(),
        )

    def _subject(self) -> str:
        return f"{self.feed.name} {self.period.text}"

    def _first(self) -> str:
        first = min(self.problems, key=lambda p: (p.file, p.line))
        return f"The first: {first.describe(self.extracts[first.file].name)}."

    def _see(self) -> str:
        shown = f"`telmart quarantine show {self.load_id}` lists them. " if self.load_id else ""
        return shown + "Have the extract corrected and load it again."
