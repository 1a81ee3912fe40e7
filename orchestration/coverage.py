"""What telmart covers of the requirements: ``docs/requirements.csv`` as a page."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from orchestration.settings import ROOT

CSV = ROOT / "docs/requirements.csv"
PAGE = ROOT / "docs/coverage.md"
#: first and last number of each part of the requirements, and what it is about
_PARTS = (
    (1, 34, "Value of group customers"), (35, 46, "Loyalty and competitors"),
    (47, 60, "Segments, contacts, key persons"), (61, 105, "Retention and churn"),
    (106, 131, "Own halls"), (132, 163, "Dealers"), (164, 178, "Electronic channels"),
    (179, 206, "Account managers"), (207, 230, "Processes and work orders"),
    (231, 238, "Strategy and organisation"), (239, 247, "Platform"),
)  # fmt: skip
_HEAD = """\
# Coverage of the requirements

Generated from `requirements.csv`; do not edit, run `make docs`. A test proves that what a row names
exists; *works* has a test of its own, *partly* says what is there.

"""


def page() -> str:
    """The page as Markdown: a count for each part, then every requirement."""
    with CSV.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = ["| part | requirements | works | partly | missing |", "|---|---|---|---|---|"]
    for first, last, title in _PARTS:
        states = Counter(r["state"] for r in rows if first <= int(r["id"][1:]) <= last)
        counts = " | ".join(str(states[s]) for s in ("works", "partly", "missing"))
        lines.append(f"| {title} | R{first:03d}-R{last:03d} | {counts} |")
    total = Counter(r["state"] for r in rows)
    counts = " | ".join(f"**{total[s]}**" for s in ("works", "partly", "missing"))
    lines += [f"| **all** | {len(rows)} | {counts} |", ""]
    lines += ["| id | state | what works, or what is missing | where |", "|---|---|---|---|"]
    for row in rows:
        # tests are named from their folder in the CSV; here as a path that leads there
        places = row["where"].replace("test:", "test:tests/").split()
        where = " ".join(f"`{place}`" for place in places)
        lines.append(f"| {row['id']} | {row['state']} | {row['note']} | {where} |")
    return _HEAD + "\n".join(lines) + "\n"


def write_page() -> Path:
    """Write ``docs/coverage.md``."""
    PAGE.write_text(page(), encoding="utf-8")
    return PAGE
