"""Which feeds this operator has: the contracts say what is possible, one short file what is off."""

from __future__ import annotations

import difflib
from pathlib import Path

from orchestration.contracts.feed import Feed
from orchestration.errors import TelmartError
from orchestration.settings import Settings

_START = """\
# Feeds this operator does not have. One per line; what depends on them is built empty.
# `telmart feeds off FEED` and `telmart feeds on FEED` write this file.
"""


def switches_file(settings: Settings) -> Path:
    """The file that names the feeds that are off: with the operator's contracts, where it has any,
    else with the installation.
    """
    return (settings.operator or settings.home) / "feeds_off.txt"


def switched_off(settings: Settings, feeds: dict[str, Feed]) -> set[str]:
    """Names of the feeds that the file turns off.

    Raises:
        TelmartError: a line names no feed; says which line and the closest name.
    """
    path = switches_file(settings)
    if not path.exists():
        return set()
    off = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        name = line.partition("#")[0].strip()
        if not name:
            continue
        if name not in feeds:
            close = difflib.get_close_matches(name, list(feeds), n=1, cutoff=0.4)
            hint = f"Did you mean {close[0]}?" if close else "`telmart feeds` lists them."
            raise TelmartError(f"{path}, line {number}: there is no feed {name!r}.", hint)
        off.add(name)
    return off


def switch(settings: Settings, feed: Feed, *, on: bool) -> bool:
    """Turn ``feed`` on or off in the file; False if it was so already.

    Raises:
        TelmartError: the contract itself is not active, which the file cannot change.
    """
    if on and feed.status_off:
        raise TelmartError(
            f"The contract of {feed.name} is not active.", f"Set `status: active` in {feed.path}."
        )
    path = switches_file(settings)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    named = [line.partition("#")[0].strip() == feed.name for line in lines]
    if on == (not any(named)):
        return False
    if on:
        lines = [line for line, hit in zip(lines, named, strict=True) if not hit]
    else:
        lines = [*(lines or _START.splitlines()), feed.name]
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    partial.replace(path)
    return True
