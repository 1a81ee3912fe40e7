"""Earlier versions of a contract: kept beside it, for the periods that were agreed under them.

``recharge@1.0.0.yaml`` beside ``recharge.yaml`` is the contract as it was, with one more custom
property: ``validUntil``, the last period it holds for. Each version holds from where the one before
it ends; the contract itself holds from there on.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from orchestration.contracts.feed import Feed
from orchestration.contracts.period import parse_period
from orchestration.contracts.widening import same_type, widens
from orchestration.errors import TelmartError

MARK = "@"


def is_earlier(path: Path) -> bool:
    """Whether a file is an earlier version of the contract beside it."""
    return MARK in path.stem


def with_earlier(feed: Feed, versions: list[Feed]) -> Feed:
    """The feed with its earlier versions, oldest first.

    Raises:
        TelmartError: a version does not say until when, overlaps another, or is not a version of
            this feed; names file and field.
    """
    for version in versions:
        _check(feed, version)
    ordered = sorted(versions, key=lambda v: v.valid_until or "")
    for one, next_ in zip(ordered, [*ordered[1:], feed], strict=True):
        if one.valid_until == next_.valid_until:
            raise _wrong(
                one, "validUntil", f"is {one.valid_until}, as in {next_.path.name}",
                "Each version needs its own last period.",
            )  # fmt: skip
        if _number(one.version) >= _number(next_.version):
            until = f"until {next_.valid_until}" if next_.valid_until else "now"
            raise _wrong(
                one, "version", f"{one.version} is not older than {next_.version} of"
                f" {next_.path.name}, which holds later ({until})",
                "Correct the version or validUntil.",
            )  # fmt: skip
    return replace(feed, earlier=tuple(ordered))


def _check(feed: Feed, version: Feed) -> None:
    if version.path.stem.partition(MARK)[2] != version.version:
        raise _wrong(
            version, "version", f"is {version.version}, but the file is called {version.path.name}",
            f"Call it {feed.entity}{MARK}{version.version}.yaml, or correct the version.",
        )  # fmt: skip
    if version.period_kind != feed.period_kind:
        raise _wrong(
            version, "period", f"is {version.period_kind}, in {feed.path.name} it is"
            f" {feed.period_kind}", "A feed that comes otherwise is another feed.",
        )  # fmt: skip
    if feed.period_kind == "full":
        raise _wrong(
            version, "period", "is full: such a feed has one period, under one contract",
            f"Remove {version.path.name}.",
        )  # fmt: skip
    if version.valid_until is None:
        raise _wrong(version, "validUntil", "is missing", "Say for which period it held last.")
    try:
        parse_period(feed, version.valid_until)
    except TelmartError as error:
        raise _wrong(version, "validUntil", f"is {version.valid_until!r}", error.remedy) from None
    newest = {c.name: c for c in feed.columns}
    for column in version.columns:
        now = newest.get(column.name)
        if now and not (
            same_type(column.sql_type, now.sql_type) or widens(column.sql_type, now.sql_type)
        ):
            raise _wrong(
                version, f"schema.properties.{column.name}.physicalType",
                f"is {column.sql_type}, which {feed.path.name} makes {now.sql_type}: one raw column"
                " cannot hold both", "Give the newer column another name.",
            )  # fmt: skip


def _number(version: str) -> list[int]:
    """1.10.0 is newer than 1.9.0."""
    return [int(part) for part in re.findall(r"\d+", version)]


def _wrong(version: Feed, field: str, what: str, remedy: str) -> TelmartError:
    return TelmartError(f"Contract {version.path}: {field} {what}.", remedy)
