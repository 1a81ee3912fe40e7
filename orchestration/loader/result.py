"""What the loader takes and gives: arrivals, problems, results, and its two ways of refusing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from orchestration.errors import TelmartError

State = Literal["loaded", "rejected", "failed", "skipped"]


class RejectedError(TelmartError):
    """The input is at fault: it does not keep the contract, or disagrees with its manifest."""


class NotCleanError(Exception):
    """Inside the loader: the fast path cannot load this input; take the careful one."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One row that does not keep the contract.

    ``line`` is the physical line of a text file (its first line is 1, the header), or the row
    number of a Parquet file. ``column`` is None where the row as a whole is at fault.
    """

    file: int
    line: int
    column: str | None
    value: str | None
    reason: str

    def describe(self, file_name: str) -> str:
        """The problem in one sentence."""
        where = f"{file_name}, line {self.line}"
        if self.column is None:
            return f"{where}: {self.reason}"
        shown = "(empty)" if self.value is None else repr(self.value)
        return f"{where}, column {self.column}, value {shown}: {self.reason}"


@dataclass(frozen=True)
class Arrival:
    """What lies in the landing area for one period of one feed."""

    feed: str
    period: str
    files: tuple[Path, ...]
    manifest: Path | None = None


@dataclass
class LoadResult:
    """What became of one attempt. ``load_id`` is None for a dry run.

    ``drift`` is how files and raw table differed from the contract without being refused for it.
    """

    load_id: int | None
    feed: str
    period: str
    state: State
    path: str | None = None
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    error: str = ""
    remedy: str = ""
    seconds: float = 0.0
    dry_run: bool = False
    replaced_load_id: int | None = None
    same_as_load_id: int | None = None
    control_totals: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    drift: list[dict[str, str]] = field(default_factory=list)

    def raise_for_state(self) -> LoadResult:
        """Itself if the period is loaded now (or was already), else its error raised."""
        if self.state in {"rejected", "failed"}:
            raise TelmartError(self.error, self.remedy)
        return self

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and Dagster metadata."""
        return dict(vars(self))
