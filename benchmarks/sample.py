"""How fast the sample is made, and that its memory does not grow with the operator.

    uv run python -m benchmarks.sample [--scale city] [--months 6] [--subscribers 100000 400000]

Makes a sample of each size with one process. Prints rows of the feeds of subscribers and
subscriber-months per minute of one core, and the peak resident memory of the process; exit code 1
if fewer than 1,000,000 rows a minute were made, or if the largest size took over a quarter more
memory than the smallest.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from orchestration.sample.parts import SUBSCRIBER_FEEDS
from orchestration.settings import ROOT

TARGET_ROWS = 1_000_000
MORE_MEMORY = 1.25
_MAKE = """
import json, re, sys, time
from pathlib import Path
from orchestration.sample import SampleOptions, generate
scale, subscribers, months, home = sys.argv[1:]
options = SampleOptions(subscribers=int(subscribers), months=int(months), scale=scale)
started = time.perf_counter()
generate(Path(home, "landing"), Path(home, "truth.json"), options, workers=1)
seconds = time.perf_counter() - started
# not ru_maxrss: that begins with what the process that started this one held
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps([seconds, time.process_time(), peak / 1024]))
"""


@dataclass(frozen=True)
class Made:
    """One sample: rows of subscriber feeds, subscriber-months, seconds, of the core, peak MB."""

    subscribers: int
    rows: int
    subscriber_months: int
    seconds: float
    core_seconds: float
    peak_mb: float

    @property
    def rows_a_minute(self) -> float:
        """Rows per minute of one core."""
        return 60 * self.rows / self.core_seconds


def main() -> None:
    """Measure and report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scale", default="city")
    arguments.add_argument("--months", type=int, default=6)
    arguments.add_argument("--subscribers", type=int, nargs="+", default=[100_000, 400_000])
    asked = arguments.parse_args()
    made = [_make(asked.scale, count, asked.months) for count in asked.subscribers]
    for one in made:
        print(
            f"{one.subscribers:>9,} subscribers, {asked.months} months: "
            f"{one.rows:,} rows, {one.subscriber_months:,} subscriber-months "
            f"in {one.seconds:.0f} s ({one.core_seconds:.0f} s of a core); "
            f"{one.rows_a_minute:,.0f} rows and "
            f"{60 * one.subscriber_months / one.core_seconds:,.0f} subscriber-months "
            f"a minute of one core; peak {one.peak_mb:.0f} MB"
        )
    slowest = min(one.rows_a_minute for one in made)
    growth = made[-1].peak_mb / made[0].peak_mb
    print(f"target {TARGET_ROWS:,} rows a minute; memory of the last to the first {growth:.2f}")
    sys.exit(slowest < TARGET_ROWS or growth > MORE_MEMORY)


def _make(scale: str, subscribers: int, months: int) -> Made:
    with tempfile.TemporaryDirectory(prefix="telmart-bench-") as home:
        done = subprocess.run(
            [sys.executable, "-c", _MAKE, scale, str(subscribers), str(months), home],
            cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        landing = Path(home, "landing")
        rows = {
            feed: sum(
                json.loads(manifest.read_text(encoding="utf-8"))["row_count"]
                for manifest in landing.joinpath(*feed.split(".")).glob("*/manifest.json")
            )
            for feed in SUBSCRIBER_FEEDS
        }
    seconds, core_seconds, peak = json.loads(done.stdout)
    months_served = rows["boss.subscriber_usage"]
    return Made(subscribers, sum(rows.values()), months_served, seconds, core_seconds, peak)


if __name__ == "__main__":
    main()
