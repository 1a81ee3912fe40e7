"""How long dbt takes: 18 months of 20,000 subscribers from scratch, then the latest month again.

    uv run python benchmarks/build_models.py [subscribers] [months]

Starts a server of its own in a temporary folder and removes it afterwards.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from models.warehouse import dbt, empty_warehouse, fill, rows  # noqa: E402

from orchestration.engine.databases import provision  # noqa: E402
from orchestration.engine.server import EmbeddedServer  # noqa: E402
from tests.conftest import scratch_settings  # noqa: E402

BUILD = ("build", "--exclude-resource-type", "unit_test")


def main(subscribers: int = 20_000, months: int = 18) -> None:
    """Print the seconds of each step, dbt's start and parse included."""
    with tempfile.TemporaryDirectory(prefix="telmart-bench-") as home:
        settings = scratch_settings(Path(home))
        server = EmbeddedServer(settings)
        server.start()
        try:
            provision(settings)
            empty_warehouse(settings)
            timed("fill raw", lambda: fill(settings, subscribers=subscribers, months=months))
            timed("import dbt, parse", lambda: dbt(settings, "parse"))
            timed("build, from scratch", lambda: dbt(settings, *BUILD))
            latest = [date(2026, 10, 1)]
            timed("build, latest month", lambda: dbt(settings, *BUILD, months=latest))
            query = "select count(*) from build.mart_retention__subscriber_month"
            print(f"{rows(settings, query)[0][0]:,} rows in the customer list")
        finally:
            server.remove()


def timed(what: str, step: object) -> None:
    """Run ``step`` and print how long it took."""
    began = time.perf_counter()
    failed = step()  # type: ignore[operator]
    assert not failed, failed
    print(f"{what:<22}{time.perf_counter() - began:7.1f} s", flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
