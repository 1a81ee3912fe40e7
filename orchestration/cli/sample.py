"""``telmart sample``: the fictional operator whose extracts everything can be tried on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli import out
from orchestration.errors import TelmartError
from orchestration.settings import Settings, settings

if TYPE_CHECKING:
    from orchestration.sample import SampleOptions

SEED, SCALE, MONTHS = 20260217, "demo", 18
ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(sample)


def sample(
    *,
    seed: Annotated[int, typer.Option(help="Another seed gives another operator.")] = SEED,
    scale: Annotated[
        str,
        typer.Option(
            help="demo: 2 cities, 20,000 subscribers, 300 group customers, 60 halls, 600 outlets. "
            "city: one city of 12 counties, 31 regional centres, 330 halls, about 1,000 exclusive "
            "shops and 4,000 agents, 40 + 200 core dealers, 400 controlled group customers, "
            "300,000 subscribers. province: 5 such cities, 2,000,000 subscribers."
        ),
    ] = SCALE,
    subscribers: Annotated[
        int | None, typer.Option(help="Subscribers in all, instead of those of the scale.")
    ] = None,
    months: Annotated[int, typer.Option(help="Months up to and including 2026-10.")] = MONTHS,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder to write to instead of the landing area.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; default one per core. Files are the same.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over what is there, planted faults included.")
    ] = False,
    faults: Annotated[
        str | None,
        typer.Option(
            "--faults",
            help="Spoil one feed-month: half_volume, null_key, future_date or wrong_total; or"
            " all: a fault of every kind.",
        ),
    ] = None,
    month: Annotated[
        str | None, typer.Option(help="The month that --faults spoils; default the latest.")
    ] = None,
) -> None:
    """Write the extracts of a fictional operator, 18 months of it.

    Always the same files for the same options. A second run finds them and does nothing.

    Examples:

      telmart sample

      telmart sample --scale city --to /data/landing

      telmart sample --subscribers 200000 --months 6 --to /data/landing

      telmart sample --faults wrong_total        (then: telmart run; telmart status)

      telmart sample --faults all                (bad rows, late and broken files, new schemas)

      telmart sample --force                     (put everything right again)
    """
    from orchestration.sample import FAULTS, SampleOptions, plant  # noqa: PLC0415

    if faults is not None and faults not in {*FAULTS, ALL}:
        raise typer.BadParameter(
            f"choose one of {', '.join([*FAULTS, ALL])}", param_hint="--faults"
        )
    if month is not None and faults in {None, ALL}:
        raise typer.BadParameter("goes with one of --faults only", param_hint="--month")
    landing, truth = write_sample(
        settings(),
        SampleOptions(seed, subscribers, months, scale),
        to=to,
        force=force,
        workers=workers,
    )
    if faults == ALL:
        _spoil_everything(landing, truth)
    elif faults is not None:
        folder = plant(landing, truth, faults, month)
        out.print(f"Spoiled {folder}: {FAULTS[faults].says}.", soft_wrap=True)
    out.print("Next: [bold]telmart run[/]")


def _spoil_everything(landing: Path, truth: Path) -> None:
    from rich.table import Table  # noqa: PLC0415

    from orchestration.sample import spoil  # noqa: PLC0415

    told = truth.with_name(truth.name.replace("truth", "faults"))
    table = Table(title="Planted", title_justify="left")
    for heading in ("Feed", "Month", "Fault", "What must become of it"):
        table.add_column(heading)
    for one in spoil(landing, told):
        table.add_row(one.feed, one.period, one.fault.replace("_", " "), one.outcome)
    out.print(table)
    out.print(f"The same for programs: {told}", soft_wrap=True)


def write_sample(
    here: Settings,
    options: SampleOptions,
    *,
    to: Path | None = None,
    force: bool = False,
    workers: int | None = None,
) -> tuple[Path, Path]:
    """Write the extracts with a progress bar, or say that they are there.

    Returns:
        The landing area and the truth file.
    """
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from orchestration.sample import generate  # noqa: PLC0415

    landing, truth = _where(here, to)
    with Progress(
        TextColumn("Sample operator"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=out,
    ) as bar:
        task = bar.add_task("", total=None)
        new = generate(
            landing,
            truth,
            options,
            force=force,
            progress=lambda done, steps: bar.update(task, completed=done, total=steps),
            workers=workers,
        )
        bar.update(task, completed=1, total=1)
    what = "Wrote" if new else "Already there:"
    size = options.size
    out.print(
        f"{what} {options.months} months of {size.subscribers:,} subscribers in {landing}",
        soft_wrap=True,
    )
    return landing, truth


def _where(here: Settings, to: Path | None) -> tuple[Path, Path]:
    """Landing area and truth file, which always lies outside it."""
    if to is not None:
        landing = to.resolve()
        return landing, landing.parent / f"{landing.name}_truth.json"
    if "://" in here.landing:
        raise TelmartError(
            f"The landing area {here.landing} is not a local folder.",
            "Name a local folder with --to and copy it there.",
        )
    return Path(here.landing), here.home / "sample_truth.json"
