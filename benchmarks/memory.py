"""Peak memory of the loading process on a large file.

    uv run python -m benchmarks.memory [--gigabytes 2] [--bad]

Prints the peak resident memory of the process that loads; exit code 1 if it is 300 MB or more.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks.scratch import scratch_server
from benchmarks.subscriber_month import (
    FEED,
    PERIOD,
    write_clean,
    write_contract,
    write_with_bad_rows,
)
from orchestration.settings import ROOT

TARGET_MB = 300
ROWS_PER_GB = 7_170_000
_LOAD = """
import json, re, sys
from pathlib import Path
from orchestration.loader import load_period
from orchestration.settings import settings
result = load_period(settings(), *sys.argv[1:3], [Path(sys.argv[3])]).raise_for_state()
# not ru_maxrss: that begins with what the process that started this one held
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps([result.path, result.rows_loaded, result.rows_quarantined, result.seconds, peak]))
"""


def main() -> None:
    """Measure and report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--gigabytes", type=float, default=2)
    arguments.add_argument("--bad", action="store_true", help="one row in a hundred is bad")
    asked = arguments.parse_args()
    with scratch_server() as (settings, folder):
        assert settings.operator is not None
        write_contract(settings.operator)
        path = folder / "large.csv"
        write_clean(path, int(asked.gigabytes * ROWS_PER_GB))
        if asked.bad:
            write_with_bad_rows(path, folder / "spoilt.csv")
            path = (folder / "spoilt.csv").replace(path)
        size = path.stat().st_size
        env = {**settings.process_env(), "TELMART_OPERATOR": str(settings.operator)}
        done = subprocess.run(
            [sys.executable, "-c", _LOAD, FEED, PERIOD, str(path)],
            cwd=ROOT, env=env, check=True, capture_output=True, text=True,
        )  # fmt: skip
    print(f"{size / 1e9:.2f} GB: path, rows loaded, quarantined, seconds, peak KB = {done.stdout}")
    peak_mb = int(done.stdout.split()[-1].rstrip("]")) * 1024 / 1e6
    print(f"peak resident memory {peak_mb:.0f} MB, target below {TARGET_MB} MB")
    sys.exit(int(peak_mb >= TARGET_MB))


if __name__ == "__main__":
    main()
