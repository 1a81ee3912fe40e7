"""The lists from which the operator is made: ``seeds/sample``."""

from __future__ import annotations

import csv
from pathlib import Path

from orchestration.settings import ROOT

SEEDS = ROOT / "seeds" / "sample"


def rows(name: str) -> list[dict[str, str]]:
    """Rows of ``seeds/sample/<name>.csv`` as dictionaries of text."""
    with Path(SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))
