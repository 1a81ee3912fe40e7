"""The loader's memory does not grow with the file. (benchmarks/memory.py does 2 GB.)"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import ROOT
from tests.loader.support import PERIOD, Warehouse

FEED = "boss.product"
HEADER = "product_id,product_name,product_name_en,product_family,is_new_business,list_fee_amt"
NAME = "全球通畅享套餐" * 20
LINE = "P{0:09d},{1},Plan,{2},true,{3}.50\n"
MEASURE = """
import re, runpy, sys
sys.argv = sys.argv[1:]
runpy.run_module("tests.loader.process", run_name="__main__")
# not ru_maxrss: that begins with what the process that started this one held
print(int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024)
"""


def big_file(path: Path, size: int, bad_every: int | None) -> int:
    """Write about ``size`` bytes; returns the number of rows."""
    count = 0
    with path.open("w", encoding="utf-8") as f:
        f.write(HEADER + "\n")
        while count * 450 < size:
            lines = []
            for n in range(count, count + 10_000):
                family = "post" if bad_every and n % bad_every == 7 else "voice"
                lines.append(LINE.format(n, NAME, family, n % 300 + 1))
            f.write("".join(lines))
            count += 10_000
    return count


def peak(warehouse: Warehouse, path: Path) -> int:
    """Peak resident memory, bytes, of a process that loads the file."""
    settings = warehouse.settings
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, "x", str(settings.home), str(settings.pg_port), FEED,
         PERIOD, str(path)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=True, timeout=300,
    )  # fmt: skip
    return int(done.stdout.split()[-1])


@pytest.mark.parametrize("bad_every", [None, 100], ids=["clean", "one in a hundred bad"])
def test_ten_times_the_file_is_not_ten_times_the_memory(
    warehouse: Warehouse, bad_every: int | None
) -> None:
    peaks = []
    for size in (20_000_000, 200_000_000):
        path = warehouse.folder / f"{size}.csv"
        count = big_file(path, size, bad_every)
        peaks.append(peak(warehouse, path))
        path.unlink()
        assert warehouse.query("select rows_read from ops.load order by load_id desc limit 1") == [
            (count,)
        ]
        loaded = count - (count // 100 if bad_every else 0)
        assert warehouse.count(FEED) == loaded
    small, large = peaks
    assert large < 300_000_000
    # 8 bytes for each key, and what is known of each bad row, are all that may grow
    assert large - small < 60_000_000, peaks
