"""Whether a run costs what changed: one month processed again, with much and with little history.

    uv run python -m benchmarks.history [--subscribers 200000] [--months 3 24] [--rounds 3]

Makes the sample operator, loads all its feeds and builds every model, once for each number of
months. Then dbt builds and tests the latest month again, with the same reach a refresh gives it;
the warehouses take turns. Prints medians and their ratio; exit code 1 if the longest history costs
more than 1.3 times the shortest. At the default size it wants 40 GB of disk and an hour.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from benchmarks.scratch import scratch_server
from orchestration.contracts import all_feeds
from orchestration.loader import discover, ensure_parents
from orchestration.refresh.loading import Loading
from orchestration.sample import SampleOptions, generate
from orchestration.settings import Settings
from tests.models.warehouse import dbt

#: what the longest history may cost, as a multiple of the shortest
TARGET = 1.3
LATEST = date(2026, 10, 1)
BUILD = ("build", "--exclude-resource-type", "unit_test")


def main() -> int:
    """Measure and print; the exit code tells whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--subscribers", type=int, default=200_000)
    parser.add_argument("--months", type=int, nargs="+", default=[3, 24])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        warehouses = {
            months: stack.enter_context(built(given.subscribers, months))
            for months in sorted(given.months)
        }
        seconds: dict[int, list[float]] = {months: [] for months in warehouses}
        for _ in range(given.rounds):
            for months, settings in warehouses.items():
                seconds[months].append(timed(settings))
                print(f"  {months} months: {seconds[months][-1]:.1f} s", flush=True)
    medians = {months: statistics.median(found) for months, found in seconds.items()}
    for months, median in medians.items():
        print(f"{LATEST:%Y-%m} again with {months:2} months loaded: {median:6.1f} s")
    ratio = medians[max(medians)] / medians[min(medians)]
    print(f"ratio {ratio:.2f} (target: at most {TARGET})")
    return 0 if ratio <= TARGET else 1


@contextlib.contextmanager
def built(subscribers: int, months: int) -> Iterator[Settings]:
    """A warehouse with ``months`` months of the sample operator, every model built."""
    began = time.perf_counter()
    with scratch_server(operator=False) as (settings, folder):
        generate(Path(settings.landing), folder / "truth.json", SampleOptions(
            subscribers=subscribers, months=months,
        ))  # fmt: skip
        ensure_parents(settings)
        feeds = {name: feed for name, feed in all_feeds(settings).items() if feed.enabled}
        loading = Loading(settings, list(feeds.values()), discover(settings))
        try:
            refused = [r.error for name in feeds for r in loading.of(name).refused]
        finally:
            loading.close()
        assert not refused, refused[:3]
        failed = dbt(settings, *BUILD)
        assert not failed, failed
        spent = time.perf_counter() - began
        print(
            f"{months} months of {subscribers:,} subscribers are there in {spent:.0f} s", flush=True
        )
        dbt(settings, *BUILD, months=[LATEST])  # caches warm, the project parsed
        yield settings


def timed(settings: Settings) -> float:
    """Seconds to build and test the latest month again."""
    began = time.perf_counter()
    failed = dbt(settings, *BUILD, months=[LATEST])
    assert not failed, failed
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
