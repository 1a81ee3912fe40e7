"""``telmart rules check|diff``: the rule tables, for the people who edit them."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from orchestration.cli import out
from orchestration.errors import TelmartError
from orchestration.settings import settings

if TYPE_CHECKING:
    from orchestration.rules import Report
    from orchestration.rules.difference import Difference

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
#: numbers of a mart that the table shows
_SHOWN = 60
_FILES = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FILE|FOLDER…",
        exists=True,
        help="Proposed CSVs; they take the place of those in force that are named alike.",
    ),
]

rules_app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Rules are rows: thresholds, weights, grades, limits in seeds/reference/*.csv.\n\n"
        "Change one, in three steps:\n\n"
        "  1. edit the CSV, or a copy of it\n\n"
        "  2. telmart rules check     (is it sound? what is wrong in which line?)\n\n"
        "  3. telmart rules diff      (what would it do to last month's results?)\n\n"
        "Then `telmart run` accepts it: every month is built anew. docs/rules.md tells all tables."
    ),
)


def register(app: typer.Typer) -> None:
    """Add the commands of this group to ``app``."""
    app.add_typer(rules_app, name="rules")


@rules_app.command()
def check(files: _FILES = None, as_json: _JSON = False) -> None:
    """Say what is wrong with the rule tables: file, line, column, value, and what to do.

    Types, missing columns, dates, unknown codes, overlaps, gaps, sums, order. Only files are read:
    nothing has to run, and nothing is changed. Exit code 0: sound, 1: faults, 2: wrong usage.

    Examples:

      telmart rules check

      telmart rules check ~/proposal/vad_threshold.csv

      telmart rules check --json | jq '.faults[]'
    """
    from orchestration.rules import check as check_rules  # noqa: PLC0415

    _require_tables(files)
    report = check_rules(settings(), files or ())
    if as_json:
        typer.echo(json.dumps(report.as_dict(), ensure_ascii=False, indent=2))
    else:
        _print_report(report)
    if report.faults:
        raise typer.Exit(1)


def _print_report(report: Report) -> None:
    for file, faults in groupby(report.faults, key=lambda fault: fault.file):
        _say(f"[bold red]{escape(file)}[/]")
        for fault in faults:
            place = f"line {fault.line}" if fault.line else "whole table"
            column = f", [cyan]{escape(fault.column)}[/]" if fault.column else ""
            value = f" = [yellow]{escape(fault.value)}[/]" if fault.value else ""
            row = f"  [dim]{escape(fault.rule_id)}[/]" if fault.rule_id else ""
            _say(f"  [bold]{place}[/]{column}{value}{row}")
            _say(f"    {escape(fault.says)}")
            _say(f"    → {escape(fault.remedy)}")
    rows = sum(len(content.rows) for content in report.contents.values())
    if report.left_to_dbt:
        left = _count(len(report.left_to_dbt), "further test")
        _say(f"[dim]{left} run in the warehouse, when the models are built; --json names them.[/]")
    if report.faults:
        tables = len({fault.table for fault in report.faults})
        _say(f"[bold red]{_count(len(report.faults), 'fault')}[/] in {_count(tables, 'table')}.")
    else:
        _say(f"[green]Sound:[/] {rows} rows in {_count(len(report.contents), 'table')}.")


@rules_app.command()
def diff(
    files: _FILES = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|FOLDER|GIT-REF",
            help="The old rules: a CSV, a folder of CSVs, or a commit or branch like HEAD~1."
            " Without it: what the warehouse was last built with.",
        ),
    ] = None,
    month: Annotated[
        str | None, typer.Option(help="2026-10: another month than the last one published.")
    ] = None,
    as_json: _JSON = False,
) -> None:
    """Show what changed rules would do to last month's results, before anybody accepts them.

    Which rows were added, removed or changed; then every measure of the marts that depends on
    them, in total and by segment: old, new, difference. Both are worked out in transactions that
    are rolled back, so nothing that people see is touched. The new rules are checked first.

    Exit code 0: done, whether or not anything differs; 1: faults, or no warehouse; 2: wrong usage.

    Examples:

      telmart rules diff

      telmart rules diff ~/proposal/vad_threshold.csv

      telmart rules diff --against HEAD~1 --month 2026-09
    """
    from orchestration.rules.difference import difference  # noqa: PLC0415

    _require_tables(files)
    with out.status("Checking the rules") as line:
        found = difference(settings(), files or (), against, month, say=line.update)
    if as_json:
        typer.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2, default=str))
    else:
        _print_difference(found)


def _print_difference(found: Difference) -> None:
    _say(f"Old: {escape(found.old)}. New: {escape(found.new)}.")
    if not found.rows:
        _say("No rule differs, so no result does.")
        return
    for name, changes in groupby(found.rows, key=lambda change: change.table):
        _say(f"[bold]{name}[/]")
        for change in changes:
            mark = {"added": "[green]+[/]", "removed": "[red]-[/]", "changed": "[yellow]~[/]"}
            _say(f"  {mark[change.kind]} {escape(change.rule_id)}  {escape(change.text)}")
    if not found.models:
        _say("No model reads these tables yet, so no result differs.")
        return
    _say(f"\nResults of {found.month:%Y-%m} in {_count(len(found.marts), 'mart')} that read them:")
    if not found.results:
        _say("None differs.")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("Mart", "Measure", "Segment"):
        table.add_column(name, overflow="fold")
    for name in ("Old", "New", "Difference"):
        table.add_column(name, justify="right")
    shown = [r for _, of_mart in groupby(found.results, key=lambda r: r.mart)
             for r in list(of_mart)[:_SHOWN]]  # fmt: skip
    for result in shown:
        table.add_row(
            result.mart.removeprefix("mart_"), result.measure, result.segment or "[bold]all[/]",
            _number(result.old), _number(result.new), f"{result.difference:+,}",
        )  # fmt: skip
    out.print(table)
    left_out = len(found.results) - len(shown)
    if left_out:
        _say(f"Not shown: {_count(left_out, 'more number')} that differ; --json has all of them.")


def _require_tables(files: list[Path] | None) -> None:
    """Another name than a rule table's is wrong usage, not a fault of a table."""
    from orchestration.rules.checking import files_in_force, proposed  # noqa: PLC0415

    try:
        proposed(files or (), files_in_force(settings()))
    except TelmartError as error:
        raise typer.BadParameter(str(error), param_hint="FILE|FOLDER") from None


def _number(value: object) -> str:
    return f"{value:,}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _say(text: str) -> None:
    out.print(text, highlight=False, soft_wrap=True)
