"""``telmart load | feeds | quarantine``: bringing data in, by hand."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from orchestration.cli import out
from orchestration.settings import settings

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
_LOAD_ID = Annotated[int, typer.Argument(metavar="LOAD", help="Number of the load.")]

feeds_app = typer.Typer(help="The feeds, their state and their contracts.")
quarantine_app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Rows that did not keep their contract: look, correct and replay, or drop.\n\n"
        "Examples:\n\n"
        "  telmart quarantine list\n\n"
        "  telmart quarantine export 17 bad.csv     (correct it in any editor)\n\n"
        "  telmart quarantine replay 17 bad.csv"
    ),
)


def register(app: typer.Typer) -> None:
    """Add the commands of this group to ``app``."""
    app.command()(load)
    app.add_typer(feeds_app, name="feeds")
    app.add_typer(quarantine_app, name="quarantine")


def load(
    feed: Annotated[str, typer.Argument(help="Name of the feed, like boss.subscriber_bill.")],
    period: Annotated[str, typer.Argument(help="2026-10, 2026-10-15 or full.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="All files of the period.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, keep nothing.")
    ] = False,
    as_json: _JSON = False,
) -> None:
    """Load the files of one period of one feed: all of it or nothing.

    CSV (UTF-8 or GB18030; comma, tab, pipe or semicolon), plain, gzip or zstd, or Parquet. A
    manifest.json beside the files is used. The period's earlier version is kept.

    Examples:

      telmart load boss.subscriber_bill 2026-10 bill_1.csv.gz bill_2.csv.gz

      telmart load crm.subscriber 2026-10 subscriber.parquet --dry-run
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn  # noqa: PLC0415, I001
    from orchestration.loader import load_period  # noqa: PLC0415

    total = sum(f.stat().st_size for f in files if f.is_file())
    columns = ("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True, disable=as_json) as bar:
        task = bar.add_task(f"{feed} {period}", total=total)
        result = load_period(
            settings(), feed, period, files, dry_run=dry_run,
            progress=lambda name, count: bar.update(task, advance=count, description=name),
        )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(result.as_dict(), ensure_ascii=False))
    elif result.state in {"loaded", "skipped"}:
        _say_loaded(result)
    else:
        for line in result.problems:
            _say(f"  {escape(line)}")
    result.raise_for_state()


def _say_loaded(result: Any) -> None:
    from orchestration.loader.drift import describe  # noqa: PLC0415

    name = f"{result.feed} {result.period}"
    if result.state == "skipped":
        _say(f"{name}: nothing to do, these files are loaded (load {result.same_as_load_id}).")
        return
    verb = "would be loaded" if result.dry_run else f"loaded as load {result.load_id}"
    _say(
        f"{name}: {result.rows_loaded:,} rows {verb} in {result.seconds:.1f} s"
        f" ({result.path} path)."
    )
    for line in describe(result.drift):
        _say(f"[yellow]Drift:[/] {escape(line)}")
    if result.replaced_load_id:
        _say(f"Load {result.replaced_load_id} was replaced and is kept in schema raw_old.")
    if result.rows_quarantined:
        _say(f"[yellow]{result.rows_quarantined:,} bad rows were set aside:[/]")
        for line in result.problems:
            _say(f"  {escape(line)}")
        if result.load_id:
            _say(f"All of them: telmart quarantine show {result.load_id}")


def _say(text: str) -> None:
    out.print(text, highlight=False, soft_wrap=True)


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, overflow="fold")
    return table


# ---- feeds -------------------------------------------------------------------------------------
@feeds_app.callback(invoke_without_command=True)
def feeds(
    context: typer.Context,
    as_json: _JSON = False,
    everything: Annotated[bool, typer.Option("--all", help="Also the feeds that are off.")] = False,
) -> None:
    """List the feeds: what is loaded, and how the last attempt went.

    Examples:

      telmart feeds

      telmart feeds describe boss.subscriber_bill

      telmart feeds template boss.subscriber_bill > bill.csv
    """
    if context.invoked_subcommand:
        return
    from orchestration.loader import overview  # noqa: PLC0415

    states = overview.feed_states(settings())
    if as_json:
        typer.echo(json.dumps(states, ensure_ascii=False, default=str))
        return
    shown = [s for s in states if everything or s["state"] != "off"]
    table = _table("Feed", "Latest", "Periods", "Rows", "State", "Loaded at", "名称")
    for s in shown:
        color = {"loaded": "green", "off": "dim", "never": "yellow"}.get(s["state"], "red")
        state = f"[{color}]{s['state']}[/]"
        if s["late_since"]:
            state += f" [red]late since {s['late_since']:%Y-%m-%d %H:%M}[/]"
        table.add_row(
            s["feed"], s["period"] or "-", str(s["periods"]),
            "-" if s["rows"] is None else f"{s['rows']:,}", state,
            s["loaded_at"].strftime("%m-%d %H:%M") if s["loaded_at"] else "-", s["name_zh"],
        )  # fmt: skip
    out.print(table)
    if len(shown) < len(states):
        _say(f"{len(states) - len(shown)} more feeds are off: telmart feeds --all lists them.")
    for s in shown:
        if s["error"]:
            _say(f"[red]{s['feed']} {s['error_period']}:[/] {escape(s['error'])}")
        for line in s["drift"]:
            _say(f"[yellow]{s['feed']} {s['period']}:[/] {escape(line)}")
        if s["late_since"]:
            periods = ", ".join(s["late_periods"])
            _say(
                f"[red]{s['feed']}[/] {periods} is missing. Call: {s['owner'] or 'no owner named'}"
            )
    for line in overview.unread_folders(settings()):
        _say(f"[yellow]Not read:[/] {escape(line)}")
    late = overview.not_fetched(settings())
    if late:
        more = f" and {len(late) - 5} more" if len(late) > 5 else ""
        _say(f"[yellow]Not fetched yet:[/] {', '.join(late[:5])}{more}. Next: telmart run")


@feeds_app.command()
def describe(
    feed: Annotated[str, typer.Argument(help="Name of the feed.")], as_json: _JSON = False
) -> None:
    """Show a feed's contract: columns, types, keys, rules, accepted headers.

    Example:  telmart feeds describe crm.subscriber
    """
    from orchestration.contracts import feed_named  # noqa: PLC0415

    found = feed_named(settings(), feed)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False))
        return
    out.print(f"[bold]{found.name}[/] {found.name_zh} (version {found.version})")
    for version in found.earlier:
        _say(f"Until {version.valid_until} version {version.version} holds: {version.path.name}")
    _say(f"{found.description}\n{found.description_zh}")
    due = f", due by day {found.due_day} of the next month" if found.due_day else ""
    _say(f"By {found.period_kind}{due}. Owner: {found.owner or '-'}. Grain: {found.grain}.")
    _say(f"Up to {found.tolerance:.1%} of bad rows are set aside; more refuse the load.")
    table = _table("Column", "Type", "", "Rules", "Other headers")
    for c in found.columns:
        mark = "key" if c.is_key else "" if c.required else "may be empty"
        others = ", ".join([c.name_zh, *c.aliases])
        table.add_row(c.name, c.sql_type, mark, _rules(c), others)
    out.print(table)
    if found.source:
        _say(f"Pulled from {found.source.where} ({found.source.kind}).")
    if found.control_totals:
        out.print(f"Control totals: {', '.join(found.control_totals)}")


def _rules(column: Any) -> str:
    from orchestration.contracts.reading import EARLIEST, LATEST  # noqa: PLC0415

    parts = []
    if column.min not in {None, EARLIEST}:
        parts.append(f"≥ {column.min}")
    if column.max not in {None, LATEST}:
        parts.append(f"≤ {column.max}")
    if column.allowed:
        parts.append(" | ".join(column.allowed))
    if column.timing != "any":
        parts.append(column.timing.replace("_", " "))
    return ", ".join(parts)


@feeds_app.command()
def template(
    feed: Annotated[str, typer.Argument(help="Name of the feed.")],
    *,
    chinese: Annotated[bool, typer.Option("--zh", help="Chinese headers.")] = False,
    example: Annotated[bool, typer.Option("--example", help="Add an example row.")] = False,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder: write the empty file and the example.")
    ] = None,
) -> None:
    """Print the header line of a CSV file of this feed, or write files to send to its owner.

    Examples:

      telmart feeds template crm.subscriber > subscriber.csv

      telmart feeds template crm.subscriber --zh --to for_crm/
    """
    from orchestration.contracts import feed_named  # noqa: PLC0415
    from orchestration.contracts.templates import csv_template, write_templates  # noqa: PLC0415

    found = feed_named(settings(), feed)
    if to is None:
        typer.echo(csv_template(found, chinese=chinese, example=example), nl=False)
        return
    for path in write_templates(found, to, chinese=chinese):
        _say(f"Wrote {path}")


@feeds_app.command()
def off(feed: Annotated[str, typer.Argument(help="Name of the feed.")]) -> None:
    """Say that this operator does not have a feed: what depends on it is built empty.

    Example:  telmart feeds off boss.recharge
    """
    _switch(feed, on=False)


@feeds_app.command()
def on(feed: Annotated[str, typer.Argument(help="Name of the feed.")]) -> None:
    """Turn a feed on again.

    Example:  telmart feeds on boss.recharge
    """
    _switch(feed, on=True)


def _switch(name: str, *, on: bool) -> None:
    from orchestration.contracts import feed_named, switch, switches_file  # noqa: PLC0415

    here = settings()
    changed = switch(here, feed_named(here, name), on=on)
    _say(f"{name} is {'on' if on else 'off'}{'' if changed else ' already'}: {switches_file(here)}")
    if changed:
        out.print("Next: [bold]telmart run[/]")


# ---- quarantine --------------------------------------------------------------------------------
@quarantine_app.command("list")
def list_(
    feed: Annotated[str | None, typer.Option(help="Only this feed.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also rows that were replayed or dropped.")
    ] = False,
    as_json: _JSON = False,
) -> None:
    """Count the rows in quarantine by load, column and reason.

    Example:  telmart quarantine list --feed boss.recharge
    """
    from orchestration.loader import corrections  # noqa: PLC0415

    found = corrections.kinds(settings(), feed=feed, state=None if everything else "open")
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    if not found:
        out.print("The quarantine is empty.")
        return
    for load_id, rows in groupby(found, key=lambda row: row["load_id"]):
        group = list(rows)
        first = group[0]
        state = "loaded, current" if first["is_current"] else first["load_state"]
        total = sum(row["rows"] for row in group)
        _say(f"[bold]Load {load_id}[/] {first['feed']} {first['period']} ({state}): {total:,} rows")
        for row in group:
            column = f"{row['column_name']} " if row["column_name"] else ""
            line = f"{row['rows']:>9,}  {column}{row['reason']} (first: line {row['first_line']})"
            _say(escape(line))


@quarantine_app.command()
def show(
    load_id: _LOAD_ID,
    limit: Annotated[int, typer.Option(help="How many rows.")] = 20,
    as_json: _JSON = False,
) -> None:
    """Show the quarantined rows of a load.

    Example:  telmart quarantine show 17 --limit 100
    """
    from orchestration.loader import corrections  # noqa: PLC0415
    from orchestration.loader.result import Problem  # noqa: PLC0415

    found = corrections.rows(settings(), load_id, limit)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for row in found:
        problem = Problem(0, row["line_no"], row["column_name"], row["bad_value"], row["reason"])
        state = "" if row["state"] == "open" else f" ({row['state']})"
        _say(f"[bold]{escape(problem.describe(row['file_name']))}[/]{state}")
        _say(f"    {escape(row['raw_line'] or '')}")


@quarantine_app.command()
def export(
    load_id: _LOAD_ID,
    file: Annotated[Path, typer.Argument(help="CSV file to write.")],
) -> None:
    """Write a load's open rows to a CSV file, to be corrected and replayed.

    Example:  telmart quarantine export 17 bad.csv
    """
    from orchestration.loader import corrections  # noqa: PLC0415

    count = corrections.export(settings(), load_id, file)
    out.print(
        f"{count:,} rows written to {file}. Correct them, take out what shall stay behind, then:"
        f" telmart quarantine replay {load_id} {file}",
        highlight=False,
    )


@quarantine_app.command()
def replay(
    load_id: _LOAD_ID,
    file: Annotated[
        Path | None, typer.Argument(help="Exported file, corrected. Without it: as they are.")
    ] = None,
) -> None:
    """Add corrected rows to the period they were left out of. All of them must pass.

    Examples:

      telmart quarantine replay 17 bad.csv

      telmart quarantine replay 17        (after the contract was corrected)
    """
    from orchestration.loader import corrections  # noqa: PLC0415

    result = corrections.replay(settings(), load_id, file).raise_for_state()
    out.print(
        f"{result.feed} {result.period} now has {result.rows_loaded:,} rows"
        f" (load {result.load_id}). `telmart run` brings them to the dashboards.",
        highlight=False,
    )


@quarantine_app.command()
def drop(
    load_id: _LOAD_ID,
    ids: Annotated[
        list[int] | None, typer.Option("--row", help="Only this row (may be repeated).")
    ] = None,
) -> None:
    """Give up the open rows of a load: they stay on record, and are not listed any more.

    Example:  telmart quarantine drop 17
    """
    from orchestration.loader import corrections  # noqa: PLC0415

    out.print(f"{corrections.drop(settings(), load_id, ids):,} rows dropped.")
