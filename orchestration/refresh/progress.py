"""What the person at the terminal sees while a refresh runs, and what it adds up to.

Steps of the Dagster job report here. Outside ``telmart run`` (a run started from the Dagster UI)
nobody listens and nothing is shown.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Stage(StrEnum):
    """The parts of a refresh, in the order in which they happen."""

    PREPARE = "Prepare"
    LOAD = "Load"
    ARRIVAL = "Arrival checks"
    MODELS = "Models"
    MARTS = "Mart checks"
    PUBLISH = "Publish"
    DASHBOARDS = "Dashboards"


@dataclass
class Line:
    """How far one stage has come."""

    done: int = 0
    total: int | None = None
    text: str = ""
    seconds: float = 0.0
    state: str = "waiting"  # waiting, running, done, failed, skipped
    since: float | None = None  # set while a step is at work
    at_work: int = 0  # steps and workers inside it now

    @property
    def elapsed(self) -> float:
        """Seconds spent so far, the step at work included."""
        return self.seconds + (time.monotonic() - self.since if self.since else 0.0)


@dataclass
class Progress:
    """The state of all stages. ``show`` and ``say`` do nothing here; see ``TerminalProgress``."""

    lines: dict[Stage, Line] = field(default_factory=lambda: {s: Line() for s in Stage})
    #: what is worth reading at the end: "2026-11 waits for crm.subscriber"
    notes: list[str] = field(default_factory=list)
    #: loads report from several threads
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @contextmanager
    def working(self, stage: Stage, total: int | None = None) -> Iterator[Line]:
        """Count the time of the body towards ``stage``; a stage may be entered many times."""
        line = self.lines[stage]
        with self.lock:
            if total is not None:
                line.total = total
            if line.state in {"waiting", "done", "skipped"}:
                line.state = "running"
            if not line.at_work:
                line.since = time.monotonic()
            line.at_work += 1
        self.show()
        try:
            yield line
        except BaseException:
            line.state = "failed"
            raise
        finally:
            with self.lock:
                line.at_work -= 1
                if not line.at_work:
                    line.seconds, line.since = line.elapsed, None
                all_done = line.total is None or line.done >= line.total
                if line.state == "running" and all_done and not line.at_work:
                    line.state = "done"
            self.show()

    def advance(self, stage: Stage, by: int = 1, text: str | None = None, say: str = "") -> None:
        """``by`` more units are done; ``say`` is worth a line of its own in a log."""
        line = self.lines[stage]
        with self.lock:
            line.done += by
            if text is not None:
                line.text = text
        if say:
            self.say(f"{stage}: {say}")
        self.show()

    def fail(self, stage: Stage, text: str) -> None:
        """``stage`` found something that stops publication."""
        self.lines[stage].state = "failed"
        self.lines[stage].text = text
        self.say(f"{stage}: {text}")
        self.show()

    def show(self) -> None:
        """Draw the present state."""

    def say(self, text: str) -> None:
        """Write one line that stays."""


_MARKS = {
    "waiting": "[dim]·[/]",
    "running": "[cyan]▸[/]",
    "done": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "skipped": "[dim]–[/]",
}


class TerminalProgress(Progress):
    """Drawn with Rich on a terminal; plain lines into a pipe or a log file.

    While it is entered, whatever else is written to the standard streams (dbt, Dagster's own log)
    goes to ``log``: it is for engineers, and would tear the display.
    """

    def __init__(self, log: Path) -> None:
        super().__init__()
        from rich.console import Console  # noqa: PLC0415

        self._log = log
        self._streams = [os.dup(1), os.dup(2)]
        self._screen = os.fdopen(os.dup(1), "w", buffering=1)
        self.console = Console(file=self._screen, force_terminal=sys.stdout.isatty() or None)
        self._live: Any = None
        self._began = time.monotonic()

    def __enter__(self) -> TerminalProgress:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        sink = os.open(self._log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        _redirect(sink, sink)
        os.close(sink)
        if self.console.is_terminal:
            from rich.live import Live  # noqa: PLC0415

            self._live = Live(
                get_renderable=self._table, console=self.console, refresh_per_second=4,
                redirect_stdout=False, redirect_stderr=False,
            )  # fmt: skip
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._screen.flush()
        _redirect(*self._streams)

    def say(self, text: str) -> None:
        if self._live is None:
            seconds = time.monotonic() - self._began
            self.console.print(
                f"{seconds:6.1f} s  {text}", highlight=False, markup=False, soft_wrap=True
            )

    def _table(self) -> Any:
        from rich.table import Table  # noqa: PLC0415

        table = Table.grid(padding=(0, 2))
        for stage, line in self.lines.items():
            count = f"{line.done:,} of {line.total:,}" if line.total else ""
            spent = f"{line.elapsed:.0f} s" if line.elapsed >= 1 else ""
            table.add_row(_MARKS[line.state], stage, count, line.text, spent)
        return table


def _redirect(out: int, err: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(out, 1)
    os.dup2(err, 2)


_current = Progress()


def current() -> Progress:
    """The progress of this process's refresh; one that shows nothing when nobody watches."""
    return _current


@contextmanager
def watching(progress: Progress) -> Iterator[None]:
    """Make ``progress`` the one that the steps report to."""
    global _current  # noqa: PLW0603 - the steps of a job cannot be handed an object
    before, _current = _current, progress
    try:
        yield
    finally:
        _current = before
