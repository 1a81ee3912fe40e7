"""``telmart demo``: the whole product on generated data, from nothing to open dashboards."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli import out
from orchestration.errors import TelmartError
from orchestration.settings import Settings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(demo)


def demo(
    subscribers: Annotated[int, typer.Option(help="Subscribers of the sample operator.")] = 20_000,
) -> None:
    """Bring up everything on the sample operator's data and say where to look.

    The first time takes some minutes; after that only what is missing is done. Interrupted at any
    moment, the same command carries on.

    Example:  telmart demo
    """
    from orchestration.engine.services import all_services  # noqa: PLC0415
    from orchestration.installation import lifecycle  # noqa: PLC0415

    s = settings()
    began = time.monotonic()
    _refuse_real_data(s)
    with _step("1 of 4", "The database"):
        lifecycle.start_engine(s, say=lambda text: None)
    # Superset's own tables take a minute the first time; that goes on beside the refresh.
    preparation = lifecycle.prepare_superset(s)
    try:
        with _step("2 of 4", "The sample operator's extracts"):
            _extracts(s, subscribers)
        with _step("3 of 4", "Load, check, build, check, publish (telmart run)"):
            _refresh(s)
    finally:
        lifecycle.wait_for_superset(s, preparation)
    with _step("4 of 4", "Superset and Dagster"):
        for service in all_services(s):
            lifecycle.start_service(service, say=lambda text: None)
            where = f"answers at {service.url}" if service.url else "looks at the landing area"
            out.print(f"        {service.name} {where}", highlight=False)
    _where_to_look(s, time.monotonic() - began)


@contextmanager
def _step(number: str, what: str) -> Iterator[None]:
    out.print(f"[bold cyan]{number}[/]  {what}", highlight=False)
    began = time.monotonic()
    yield
    out.print(f"        done in {time.monotonic() - began:.0f} s", style="dim", highlight=False)


def _refuse_real_data(s: Settings) -> None:
    own = {
        "TELMART_OPERATOR": s.operator is not None,
        "TELMART_DATABASE_URL": s.external_url is not None,
        "TELMART_LANDING": s.landing != str(s.home / "landing"),
    }
    for name in [name for name, is_set in own.items() if is_set]:
        raise TelmartError(
            f"{name} is set: the demo would mix the sample operator's rows with yours.",
            f"Unset {name} to see the demo, or use `telmart up` and `telmart run`.",
        )


def _extracts(s: Settings, subscribers: int) -> None:
    from orchestration.cli.sample import write_sample  # noqa: PLC0415
    from orchestration.sample import SampleOptions  # noqa: PLC0415

    write_sample(s, SampleOptions(subscribers=subscribers))


def _refresh(s: Settings) -> None:
    from orchestration.cli.runs import run_and_report  # noqa: PLC0415

    run_and_report(s)


def _where_to_look(s: Settings, seconds: float) -> None:
    out.print()
    out.print(f"[bold green]telmart is up[/] ({seconds:.0f} s)", highlight=False)
    out.print(f"  Dashboards   http://127.0.0.1:{s.superset_port}", highlight=False)
    out.print(f"  Jobs         http://127.0.0.1:{s.dagster_port}", highlight=False)
    out.print(f"  Passwords    {s.credentials_file}", highlight=False, soft_wrap=True)
    out.print()
    out.print("[bold]Three things to try[/]  (first: [bold]source .venv/bin/activate[/])")
    out.print(
        "  1. Log in as chen_province, then as li_city_a: the same dashboard, other rows.",
        highlight=False,
    )
    out.print(
        "  2. Plant a fault: [bold]telmart sample --faults half_volume && telmart run[/]\n"
        "     Nothing bad is published, and the dashboard's header says why.\n"
        "     Put it right: [bold]telmart sample --force && telmart run[/]",
        highlight=False,
    )
    out.print(
        "  3. Ask as somebody else: [bold]telmart psql --as sun_area[/]\n"
        "     select count(*) from retention.mart_retention__subscriber_month;",
        highlight=False,
    )
    out.print()
    out.print("Stop: [bold]make stop[/]   Remove everything: [bold]make clean[/]")
