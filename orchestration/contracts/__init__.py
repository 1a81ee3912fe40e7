"""Contracts: what each feed must look like. Everything about a feed is derived from here."""

from __future__ import annotations

from orchestration.contracts.feed import Column, Feed, Source
from orchestration.contracts.period import Period, parse_period
from orchestration.contracts.reading import all_feeds, feed_named, read_contract, read_contracts
from orchestration.contracts.switches import switch, switches_file

__all__ = [
    "Column",
    "Feed",
    "Period",
    "Source",
    "all_feeds",
    "feed_named",
    "parse_period",
    "read_contract",
    "read_contracts",
    "switch",
    "switches_file",
]
