"""Putting a period's folder in its place, whole."""

from __future__ import annotations

import shutil
from pathlib import Path


def staging_for(place: Path, label: str) -> Path:
    """An empty folder beside ``place`` that nothing reads, on the same disk."""
    staging = place.with_name(f".{label}-{place.name}")
    for left in (staging, _old(place)):
        shutil.rmtree(left, ignore_errors=True)
    staging.mkdir(parents=True)
    return staging


def put_in_place(staging: Path, place: Path) -> None:
    """Rename ``staging`` to ``place``; what was there before goes."""
    if place.exists():
        place.rename(_old(place))
    staging.rename(place)
    shutil.rmtree(_old(place), ignore_errors=True)


def _old(place: Path) -> Path:
    return place.with_name(f".replaced-{place.name}")
