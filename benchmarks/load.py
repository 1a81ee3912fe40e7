"""How fast the loader is, beside one server-side COPY of the same file on the same server.

    uv run python -m benchmarks.load [--rows 2000000] [--rounds 5]

COPY, a clean load and a load with 1 % bad rows take turns, so that whatever else the machine does
meets all three. Prints the medians; exit code 1 if a ratio is above its target.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.scratch import scratch_server
from benchmarks.subscriber_month import (
    COLUMNS,
    FEED,
    PERIOD,
    write_clean,
    write_contract,
    write_with_bad_rows,
)
from orchestration.engine.databases import connect
from orchestration.loader import load_period
from orchestration.settings import Settings

CLEAN_TARGET, BAD_TARGET = 1.25, 3.0


def server_side_copy(settings: Settings, path: Path) -> float:
    """Seconds of COPY FREEZE into a table made in the same transaction, with its commit."""
    columns = ", ".join(f"{name} {sql_type}" for name, sql_type, _ in COLUMNS)
    with connect(settings) as connection:
        began = time.perf_counter()
        connection.execute(f"create table public.baseline ({columns})")
        connection.execute(f"copy public.baseline from '{path}' (format csv, header, freeze)")
        connection.commit()
        seconds = time.perf_counter() - began
        connection.execute("drop table public.baseline")
    return seconds


def our_load(settings: Settings, path: Path, expected: str) -> float:
    """Seconds of a load into an empty feed."""
    began = time.perf_counter()
    result = load_period(settings, FEED, PERIOD, [path]).raise_for_state()
    seconds = time.perf_counter() - began
    assert (result.state, result.path) == ("loaded", expected), result
    with connect(settings) as connection:
        connection.execute("truncate ops.load, ops.quarantine cascade")
        connection.execute("drop table raw.bench__subscriber_month")
    return seconds


def main() -> None:
    """Measure and report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=2_000_000)
    arguments.add_argument("--rounds", type=int, default=5)
    asked = arguments.parse_args()
    with scratch_server() as (settings, folder):
        assert settings.operator is not None
        write_contract(settings.operator)
        clean, spoilt = folder / "clean.csv", folder / "spoilt.csv"
        write_clean(clean, asked.rows)
        bad = write_with_bad_rows(clean, spoilt)
        print(f"{asked.rows:,} rows, {len(COLUMNS)} columns, {clean.stat().st_size / 1e6:,.0f} MB;"
              f" {bad:,} bad rows in the second file")  # fmt: skip
        runs: dict[str, Callable[[], float]] = {
            "COPY FREEZE": lambda: server_side_copy(settings, clean),
            "clean file": lambda: our_load(settings, clean, "fast"),
            "1 % bad": lambda: our_load(settings, spoilt, "careful"),
        }
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        for number in range(asked.rounds):
            for name, run in runs.items():
                seconds[name].append(run())
            shown = "  ".join(f"{name} {times[-1]:6.2f} s" for name, times in seconds.items())
            print(f"round {number + 1}: {shown}  (load {os.getloadavg()[0]:.1f})", flush=True)
    median = {name: statistics.median(times) for name, times in seconds.items()}
    missed = False
    for name, target in (("clean file", CLEAN_TARGET), ("1 % bad", BAD_TARGET)):
        ratio = median[name] / median["COPY FREEZE"]
        missed |= ratio > target
        print(f"{name}: median {median[name]:.2f} s = {ratio:.2f} x COPY"
              f" ({median['COPY FREEZE']:.2f} s), target {target} x")  # fmt: skip
    sys.exit(int(missed))


if __name__ == "__main__":
    main()
