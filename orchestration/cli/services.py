"""``telmart up | down | status | doctor | psql | backup``: the installation as a whole."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from orchestration.cli import out
from orchestration.settings import settings


def register(app: typer.Typer) -> None:
    """Add the commands of this group to ``app``."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    app.command()(doctor)
    app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(psql)
    app.command()(backup)
    app.command(hidden=True)(remove)


def up() -> None:
    """Start everything: the database, Superset, the Dagster UI, and the daemon that loads what
    arrives (TELMART_WATCH=off: not that one).

    Safe at any time: what runs is left alone, what was killed comes back, and nothing that was
    committed is lost.

    Example:  telmart up
    """
    from orchestration.installation import lifecycle  # noqa: PLC0415

    with out.status("Starting") as line:
        notes = lifecycle.up(settings(), say=line.update)
    for note in notes:
        out.print(f"[yellow]Note[/]  {note}", highlight=False)
    _addresses()


def down() -> None:
    """Stop everything. Data stay; `telmart up` brings it back.

    Example:  telmart down
    """
    from orchestration.installation import lifecycle  # noqa: PLC0415

    stopped = lifecycle.down(settings())
    out.print(f"Stopped {', '.join(stopped)}." if stopped else "Nothing was running.")


def status(
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object.")] = False,
) -> None:
    """Show what runs, what is loaded, and what people see on their dashboards.

    Examples:

      telmart status

      telmart status --json | jq '.marts[] | select(.state != "current")'
    """
    from orchestration.installation.state import read_state  # noqa: PLC0415

    state = read_state(settings())
    if as_json:
        typer.echo(json.dumps(state, ensure_ascii=False, default=str, indent=2))
        return
    services = Table("Service", "State", "Address", title="Services", title_justify="left")
    services.add_row(
        "postgres", _light(state["engine"]["healthy"]), str(state["engine"]["address"])
    )
    for service in state["services"]:
        services.add_row(service["name"], _light(service["healthy"]),
                         service["url"] or "looks at the landing area")  # fmt: skip
    out.print(services)
    if not state["engine"]["healthy"]:
        out.print("The database does not run. Start it: [bold]telmart up[/]")
        return
    _print_feeds(state["feeds"])
    for late in state["late"]:
        since = late["since"][:16].replace("T", " ")
        out.print(
            f"[red]late since {since}[/]  {late['feed']} {', '.join(late['periods'])}"
            f"  → {late['owner'] or 'no owner is named'}",
            highlight=False,
        )
    _print_marts(state["marts"])
    for again in state["restated"]:
        out.print(f"{again['restated_at']:%Y-%m-%d %H:%M}  {again['reason']}", highlight=False)


def doctor() -> None:
    """Check the machine and the installation, and say what to do about each fault.

    Example:  telmart doctor
    """
    from orchestration.installation.doctor import examine  # noqa: PLC0415

    findings = examine(settings())
    for finding in findings:
        mark = {"ok": "[green]ok  [/]", "warn": "[yellow]look[/]", "bad": "[red]bad [/]"}
        out.print(f"{mark[finding.level]} {finding.text}", highlight=False)
        if finding.remedy:
            out.print(f"     → {finding.remedy}", style="dim", highlight=False)
    if any(finding.level == "bad" for finding in findings):
        raise typer.Exit(1)
    out.print("Nothing stands in the way.")


def psql(
    context: typer.Context,
    person: Annotated[
        str | None,
        typer.Option("--as", help="Connect as this person: you see exactly the rows they see."),
    ] = None,
) -> None:
    """Open psql on the warehouse, as its owner or as a person. More arguments go to psql.

    Examples:

      telmart psql

      telmart psql --as li_city_a -c 'select count(*) from retention.mart_retention__warning'
    """
    from orchestration.engine.server import EmbeddedServer  # noqa: PLC0415

    s = settings()
    program = "psql" if s.external_url else str(EmbeddedServer(s).binaries / "psql")
    # The password travels in the environment: an argument list is visible to every user.
    env = os.environ | s.libpq_env(person) | {"PSQL_HISTORY": str(s.home / "psql_history")}
    os.execvpe(program, ["psql", *context.args], env)  # noqa: S606


def backup(
    folder: Annotated[Path, typer.Argument(help="Where to; made when missing, readable by you.")],
) -> None:
    """Copy what cannot be made again: the three databases, the key, settings and people files.

    It runs beside everything else. How to restore: docs/operations.md.

    Example:  telmart backup /backup/$(date +%F)
    """
    from orchestration.installation.backup import backup as write  # noqa: PLC0415

    for path in write(settings(), folder):
        size = path.stat().st_size / 1e6
        out.print(f"{path}  {size:.1f} MB", highlight=False, soft_wrap=True)


def remove(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stop everything and delete the embedded database with all that was loaded."""
    from orchestration.installation import lifecycle  # noqa: PLC0415

    if not yes:
        typer.confirm(f"Delete {settings().home} and everything in it?", abort=True)
    lifecycle.remove(settings())


def _light(healthy: bool) -> str:
    return "[green]runs[/]" if healthy else "[red]does not answer[/]"


def _print_feeds(feeds: list[dict[str, object]]) -> None:
    table = Table("Feed", "Periods", "Latest", "Rows", "State", "Loaded", title="Feeds",
                  title_justify="left")  # fmt: skip
    by_feed: dict[str, list[dict[str, object]]] = {}
    for row in feeds:
        by_feed.setdefault(str(row["feed"]), []).append(row)
    for feed, rows in by_feed.items():
        latest = max(rows, key=lambda r: str(r["period"]))
        faulty = [r for r in rows if r["state"] != "loaded"]
        shown = faulty[-1] if faulty else latest
        colour = "red" if faulty else "green"
        table.add_row(
            feed, str(len(rows)), str(shown["period"]), f"{shown['rows'] or 0:,}",
            f"[{colour}]{shown['state']}[/]", f"{shown['loaded_at']:%Y-%m-%d %H:%M}",
        )  # fmt: skip
        for row in faulty:
            table.add_row("", "", "", "", f"[red]{row['error']}[/]", "")
        if latest["drift_cnt"]:
            note = f"{latest['drift_cnt']} noted differences from the contract: telmart feeds"
            table.add_row("", "", "", "", f"[yellow]{note}[/]", "")
    out.print(table)


def _print_marts(marts: list[dict[str, object]]) -> None:
    table = Table("Mart", "Month", "State", "Cut-off", "Reason", title="Published marts",
                  title_justify="left")  # fmt: skip
    for row in marts:
        good = row["state"] == "current"
        table.add_row(
            str(row["mart"]), f"{row['stat_month']:%Y-%m}" if row["stat_month"] else "never",
            f"[{'green' if good else 'red'}]{row['state']}[/]",
            f"{row['cut_off_at']:%Y-%m-%d %H:%M}" if row["cut_off_at"] else "",
            "\n".join(str(said) for said in (row["reason"], row["notice"]) if said),
        )  # fmt: skip
    out.print(table)


def _addresses() -> None:
    s = settings()
    out.print(f"Dashboards    http://127.0.0.1:{s.superset_port}", highlight=False)
    out.print(f"Jobs          http://127.0.0.1:{s.dagster_port}", highlight=False)
    out.print(f"Passwords     {s.credentials_file}", highlight=False)
