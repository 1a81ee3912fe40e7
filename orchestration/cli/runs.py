"""``telmart run | publish | close``: from what lies in the landing area to what people see."""

from __future__ import annotations

import getpass
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from orchestration.cli import out
from orchestration.errors import TelmartError
from orchestration.settings import Settings, settings

if TYPE_CHECKING:
    from orchestration.refresh.progress import Progress


def register(app: typer.Typer) -> None:
    """Add the commands of this group to ``app``."""
    app.command()(run)
    app.command()(publish)
    app.command()(close)


def run(
    month: Annotated[
        str | None,
        typer.Option(help="Only this month (and the later ones it reaches), like 2026-10."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Build every month anew, whatever changed.")
    ] = False,
    reason: Annotated[
        str,
        typer.Option(
            help="Why published months are changed; shown to everybody who reads them. Closed"
            " months are changed only with one."
        ),
    ] = "",
) -> None:
    """Load what arrived, check it, build the marts, check them, publish, refresh the dashboards.

    Does only what is needed: nothing new, nothing done. A file or a result that fails its checks
    stops publication; people keep seeing the last good state, and its header says why. Killed at
    any moment, the next run carries on.

    Examples:

      telmart run

      telmart run --month 2026-10

      telmart run --full        (rows come out the same; for after a repair by hand)

      telmart run --reason "Billing sent August again, without the double bookings"
    """
    run_and_report(settings(), month, full, reason)


def run_and_report(
    here: Settings, month: str | None = None, full: bool = False, reason: str = ""
) -> None:
    """Refresh with progress on the terminal, and a summary at the end.

    Raises:
        TelmartError: publication was stopped, with the reason.
    """
    from orchestration.refresh.execute import explain, refresh  # noqa: PLC0415
    from orchestration.refresh.progress import TerminalProgress  # noqa: PLC0415

    began = time.monotonic()
    with TerminalProgress(here.logs / "run.log") as progress:
        outcome = refresh(here, progress, month, full, reason)
    if not outcome.nothing_to_do:
        _summary(progress, time.monotonic() - began)
    for line in progress.notes:
        out.print(f"[yellow]Note[/]  {escape(line)}", highlight=False)
    if outcome.nothing_to_do and not outcome.missed:
        out.print(
            "Nothing to do: every complete month in the landing area is loaded and published,"
            " and neither models nor dashboards changed."
        )
        return
    if not outcome.success:
        raise explain(outcome)
    if outcome.missed:
        raise TelmartError(
            f"Not everything could be brought in: {' '.join(outcome.missed)}",
            "What was there is processed. Mend it, then run again.",
        )
    out.print(f"Done. Run {outcome.run_id[:8]} in the Dagster UI.", highlight=False)


def publish() -> None:
    """Deploy the dashboards, empty their caches and warm them, without loading or building.

    For after a change to dashboards or people. `telmart run` does it by itself.

    Example:  telmart publish
    """
    from orchestration.refresh.dashboards import deploy  # noqa: PLC0415
    from orchestration.refresh.lock import refresh_lock  # noqa: PLC0415
    from orchestration.refresh.manifest import prepare  # noqa: PLC0415
    from orchestration.refresh.progress import TerminalProgress, watching  # noqa: PLC0415

    here = settings()
    with (
        refresh_lock(here),
        TerminalProgress(here.logs / "run.log") as progress,
        watching(progress),
    ):
        prepare(here)
        done = deploy(here)
    out.print(done.text, highlight=False, markup=False)


def close(
    month: Annotated[
        str | None,
        typer.Argument(help="The last month to close, like 2026-09.", show_default=False),
    ] = None,
) -> None:
    """Close the published months up to one: what people read of them changes no more.

    What arrives for a closed month afterwards is loaded and waits. `telmart run --reason "…"`
    restates the month openly: it gets its next version, and the earlier one is kept in the schema
    `archive`. Without a month: lists the closes.

    Examples:

      telmart close 2026-09

      telmart close
    """
    from orchestration.publication import close_months, list_closes  # noqa: PLC0415
    from orchestration.refresh.lock import refresh_lock  # noqa: PLC0415
    from orchestration.refresh.work import parse_month  # noqa: PLC0415

    here = settings()
    if month:
        last = parse_month(month)
        with refresh_lock(here):
            done = close_months(here, last, getpass.getuser())
        named = (
            f"{done[0]:%Y-%m}" + (f"..{done[-1]:%Y-%m}" if len(done) > 1 else "") if done else ""
        )
        out.print(f"Closed {named}." if done else f"{month} was closed before; nothing to do.")
        return
    from rich.table import Table  # noqa: PLC0415

    table = Table("Month", "Mart", "Version", "Closed at", "By", "Reason")
    for mart, stat_month, version, at, by, reason in list_closes(here):
        when = f"{at:%Y-%m-%d %H:%M}"
        table.add_row(f"{stat_month:%Y-%m}", mart, str(version), when, by, reason or "")
    if not table.row_count:
        out.print("No month is closed. Close one: telmart close 2026-09")
        return
    out.print(table)


def _summary(progress: Progress, seconds: float) -> None:
    from rich.table import Table  # noqa: PLC0415

    table = Table("Step", "State", "Done", "Seconds", "Last")
    for stage, line in progress.lines.items():
        count = f"{line.done:,}" if line.done else ""
        line.state = "not reached" if line.state == "waiting" else line.state
        colour = {"failed": "red", "done": "green"}.get(line.state, "dim")
        table.add_row(
            stage, f"[{colour}]{line.state}[/]", count, f"{line.seconds:.1f}", line.text[:60]
        )
    table.add_row("Total", "", "", f"{seconds:.1f}", "")
    out.print(table)
