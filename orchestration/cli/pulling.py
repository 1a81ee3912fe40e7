"""``telmart pull``: from a database to the landing area, by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.status import Status

from orchestration.cli import out
from orchestration.errors import TelmartError
from orchestration.settings import settings


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(pull)


def pull(
    feed: Annotated[
        str | None, typer.Argument(help="Name of the feed; without it: everything that is due.")
    ] = None,
    period: Annotated[
        str | None, typer.Argument(help="2026-10, 2026-10-15 or full; without it: what is due.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read a period anew that is there already.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Read a period of a feed from its database (Oracle, MySQL, MariaDB, PostgreSQL).

    For feeds whose contract names a server. The rows become a file in the landing area, with a
    manifest of what the source itself counts; `telmart run` loads it, and pulls what is due by
    itself. The address is in TELMART_SOURCE_<NAME>; docs/sources.md tells the rest.

    Examples:

      telmart pull

      telmart pull boss.recharge 2026-10

      telmart pull boss.recharge 2026-09 --again      (the source was corrected)
    """
    from orchestration.sources import due_periods, pull_period  # noqa: PLC0415

    here = settings()
    wanted: list[tuple[str, str]]
    if feed and period:
        wanted = [(feed, period)]
    elif again:
        raise TelmartError("--again needs a feed and a period.", "Name both.")
    else:
        wanted = [found for found in due_periods(here) if feed in {None, found[0]}]
    done, missed = [], []
    for name, which in wanted:
        try:
            with out.status(f"{name} {which}", spinner="dots") as line:
                result = pull_period(here, name, which, again=again, tell=_counting(line))
        except TelmartError as error:
            if len(wanted) == 1:
                raise
            missed.append(f"{name} {which}: {error}")
            continue
        done.append(result)
        if not as_json:
            _say(result)
    if as_json:
        typer.echo(
            json.dumps([{**vars(r), "folder": str(r.folder)} for r in done], ensure_ascii=False)
        )
    elif not wanted:
        out.print("Nothing is due from a database.")
    elif any(r.state == "pulled" for r in done):
        out.print("Next: [bold]telmart run[/]")
    if missed:
        raise TelmartError(" ".join(missed), "The others are pulled. Mend it, then pull again.")


def _counting(line: Status) -> Callable[[int], None]:
    what = line.status
    return lambda rows: line.update(f"{what}: {rows:,} rows")


def _say(result: Any) -> None:
    what = (
        f"{result.rows:,} rows read into {result.folder}"
        if result.state == "pulled"
        else f"is there already ({result.rows:,} rows); --again reads it anew"
    )
    out.print(f"{result.feed} {result.period}: {what}", highlight=False, soft_wrap=True)
