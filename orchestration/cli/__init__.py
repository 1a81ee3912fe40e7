"""The ``telmart`` command line: daily work with the warehouse.

Each command group is a module of this package with a ``register(app)``. Anything heavy is
imported inside a command, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from orchestration.errors import TelmartError

#: what people read goes to standard output, what went wrong to standard error
out = Console()
err = Console(stderr=True)

app = typer.Typer(
    name="telmart",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help=(
        "An open data warehouse with BI for telecom operators.\n\n"
        "[bold]First time:[/] make demo\n\n"
        "[bold]Every day:[/]  telmart status · telmart run · telmart quarantine list\n\n"
        "Each command explains itself: telmart load --help"
    ),
)


def main() -> None:
    """Entry point: exit code 0 done, 1 failed with a message, 2 wrong usage."""
    from orchestration.cli import (  # noqa: PLC0415
        demo,
        feeds,
        pulling,
        rules,
        runs,
        sample,
        services,
    )

    for group in (services, runs, feeds, pulling, rules, sample, demo):
        group.register(app)
    try:
        app()
    except TelmartError as error:
        err.print(f"[bold red]Error:[/] {error.message}", highlight=False, soft_wrap=True)
        if error.remedy:
            err.print(f"[bold]What to do:[/] {error.remedy}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("Interrupted. Nothing half-done is left; run the same command to carry on.")
        sys.exit(130)
