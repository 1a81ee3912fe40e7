"""How fast all feeds of one month are loaded, beside plain COPY of the same files.

    uv run python -m benchmarks.month [--subscribers 20000 80000] [--rounds 3]

Makes the sample operator's last month at each scale and loads it as a refresh does, two feeds at a
time, in a process of its own. COPY FREEZE gets the same rows as plain UTF-8 files, unpacked before
the clock starts, one feed after the other on one connection. They take turns, with a load of one
feed at a time as the third, which shows what the second core brings. Prints medians of rows per
second, the ratios, and the loading process's peak memory at each scale; exit code 1 if memory grows
with the scale.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.scratch import scratch_server
from orchestration.contracts import all_feeds
from orchestration.engine.databases import connect
from orchestration.loader import Arrival, discover
from orchestration.loader.extract import open_extract
from orchestration.refresh.loading import WORKERS
from orchestration.sample import SampleOptions, generate
from orchestration.settings import ROOT, Settings

#: growth of peak memory from the smallest to the largest scale that still counts as none
GROWTH_TARGET = 1.25
_LOAD = """
import json, re, sys, time
from pathlib import Path
from orchestration.contracts import all_feeds
from orchestration.loader import pending
from orchestration.refresh.loading import Loading
from orchestration.settings import settings
here = settings()
feeds = [f for f in all_feeds(here).values() if f.enabled]
arrivals = pending(here)
began = time.perf_counter()
loading = Loading(here, feeds, arrivals, workers=int(sys.argv[1]))
done = [loading.of(feed.name) for feed in feeds]
loading.close()
seconds = time.perf_counter() - began
refused = [r.error for d in done for r in d.refused]
assert not refused, refused
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps([sum(d.rows for d in done), seconds, peak * 1024]))
"""


@dataclass
class Measured:
    """What was found at one scale."""

    subscribers: int
    rows: int = 0
    load_s: list[float] = field(default_factory=list)
    copy_s: list[float] = field(default_factory=list)
    alone_s: list[float] = field(default_factory=list)
    peak: list[int] = field(default_factory=list)


def plain_files(settings: Settings, arrivals: list[Arrival], folder: Path) -> dict[str, list[Path]]:
    """The same rows as plain CSV without a header, by feed; readable by the server."""
    feeds = all_feeds(settings)
    folder.mkdir(exist_ok=True)
    found: dict[str, list[Path]] = {}
    for arrival in arrivals:
        for path in arrival.files:
            extract = open_extract(feeds[arrival.feed], path, settings.timezone)
            plain = folder / f"{arrival.feed}.{path.name}.csv"
            with plain.open("wb") as f:
                f.writelines(extract.pieces())
            head = folder / f"{plain.name}.columns"
            head.write_text(json.dumps([extract.columns, extract.delimiter]))
            found.setdefault(arrival.feed, []).append(plain)
    return found


def plain_copy(settings: Settings, files: dict[str, list[Path]]) -> float:
    """Seconds of COPY FREEZE of every feed into a table made in the same transaction."""
    feeds = all_feeds(settings)
    with connect(settings) as connection:
        began = time.perf_counter()
        for name, paths in files.items():
            columns = ", ".join(f"{c.name} {c.sql_type}" for c in feeds[name].columns)
            table = f"public.plain_{feeds[name].table}"
            connection.execute(f"create table {table} ({columns})")
            for path in paths:
                names, delimiter = json.loads(Path(f"{path}.columns").read_text())
                connection.execute(
                    f"copy {table} ({', '.join(names)}) from '{path}'"
                    f" (format csv, delimiter E'{delimiter}', freeze)"
                )
            connection.commit()
        seconds = time.perf_counter() - began
        for name in files:
            connection.execute(f"drop table public.plain_{feeds[name].table}")
    return seconds


def our_load(settings: Settings, workers: int) -> tuple[int, float, int]:
    """Load everything that lies in the landing area, then forget it again.

    Returns:
        Rows, seconds, and the peak memory in bytes.
    """
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(workers)], cwd=ROOT, env=settings.process_env(),
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    rows, seconds, peak = json.loads(done.stdout.splitlines()[-1])
    with connect(settings) as connection:
        tables = [f.table for f in all_feeds(settings).values()]
        connection.execute("truncate ops.load, ops.quarantine cascade")
        connection.commit()
        for table in tables:
            connection.execute(f"drop table if exists raw.{table}")
            connection.commit()
    return int(rows), float(seconds), int(peak)


def measure(settings: Settings, folder: Path, subscribers: int, rounds: int) -> Measured:
    """Generate one month, then let both take turns."""
    landing = Path(settings.landing)
    generate(
        landing, folder / "truth.json", SampleOptions(subscribers=subscribers, months=1), force=True
    )
    feeds = all_feeds(settings)
    files = plain_files(
        settings, [a for a in discover(settings) if feeds[a.feed].enabled], folder / "plain"
    )
    measured = Measured(subscribers)
    for number in range(rounds):
        measured.copy_s.append(plain_copy(settings, files))
        measured.rows, seconds, peak = our_load(settings, workers=WORKERS)
        measured.load_s.append(seconds)
        measured.peak.append(peak)
        measured.alone_s.append(our_load(settings, workers=1)[1])
        print(
            f"{subscribers:,} subscribers, round {number + 1}: COPY {measured.copy_s[-1]:.2f} s,"
            f" load {measured.load_s[-1]:.2f} s, one feed at a time {measured.alone_s[-1]:.2f} s"
            f" (load {os.getloadavg()[0]:.1f})", flush=True,
        )  # fmt: skip
    for path in (folder / "plain").iterdir():
        path.unlink()
    return measured


def main() -> None:
    """Measure and report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--subscribers", type=int, nargs="+", default=[20_000, 80_000])
    arguments.add_argument("--rounds", type=int, default=3)
    asked = arguments.parse_args()
    found = []
    for subscribers in asked.subscribers:
        with scratch_server(operator=False) as (settings, folder):
            found.append(measure(settings, folder, subscribers, asked.rounds))
    for one in found:
        load, copy = statistics.median(one.load_s), statistics.median(one.copy_s)
        print(
            f"{one.subscribers:,} subscribers: {one.rows:,} rows in {load:.2f} s ="
            f" {one.rows / load:,.0f} rows/s = {load / copy:.2f} x COPY ({copy:.2f} s);"
            f" {statistics.median(one.alone_s) / load:.2f} times as fast as one feed at a time;"
            f" peak memory {max(one.peak) / 1e6:.0f} MB"
        )
    growth = max(found[-1].peak) / max(found[0].peak)
    scale = found[-1].rows / found[0].rows
    print(f"{scale:.1f} times the rows took {growth:.2f} times the memory, target {GROWTH_TARGET}")
    sys.exit(int(growth > GROWTH_TARGET))


if __name__ == "__main__":
    main()
