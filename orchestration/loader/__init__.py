"""The loader: files of a period become a partition of a raw table, once, whole or not at all."""

from __future__ import annotations

from orchestration.loader.landing import discover, pending, strays
from orchestration.loader.load import load_period
from orchestration.loader.partition import ensure_parents
from orchestration.loader.result import Arrival, LoadResult
from orchestration.loader.settling import is_settled, refused_as_it_is

__all__ = [
    "Arrival",
    "LoadResult",
    "discover",
    "ensure_parents",
    "is_settled",
    "load_period",
    "pending",
    "refused_as_it_is",
    "strays",
]
