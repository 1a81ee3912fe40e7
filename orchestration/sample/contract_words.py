"""What the writer of files asks the standard contracts: control totals and Chinese headers."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from orchestration.settings import ROOT

# every process reads the contracts of all feeds: libyaml is ten times as fast, where it is there
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def asked_totals(feed: str) -> tuple[str, ...]:
    """The ``controlTotals`` of ``feed``."""
    asked = [
        p["value"] for p in _contract(feed)["customProperties"] if p["property"] == "controlTotals"
    ]
    return tuple(asked[0]) if asked else ()


def chinese_headers(feeds: set[str]) -> dict[str, dict[str, str]]:
    """Chinese name of each column of ``feeds``."""
    found = {}
    for feed in sorted(feeds):
        found[feed] = {
            column["name"]: next(
                p["value"] for p in column["customProperties"] if p["property"] == "nameZh"
            )
            for column in _contract(feed)["schema"][0]["properties"]
        }
    return found


def _contract(feed: str) -> dict[str, Any]:
    path = ROOT.joinpath("expectations/contracts", *feed.split(".")).with_suffix(".yaml")
    made: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    return made
