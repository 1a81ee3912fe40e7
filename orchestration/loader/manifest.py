"""The manifest: what the sender says of the files, checked before anything is believed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from orchestration.contracts import Feed, Period
from orchestration.loader.result import RejectedError

NAME = "manifest.json"
_AGAIN = "Have the sender correct the manifest or send the files again."
#: digits before the point that no total of an operator has
_LARGEST = 100
_FIELDS = ("feed", "period", "files", "row_count", "control_totals")


@dataclass(frozen=True)
class Manifest:
    """A manifest as it was sent. Every part of it is optional; what is there must be true."""

    feed: str | None
    period: str | None
    files: dict[str, dict[str, Any]]
    row_count: int | None
    control_totals: dict[str, Decimal]
    content: dict[str, Any]

    def check_files(self, feed: Feed, period: Period, paths: list[Path]) -> None:
        """Compare feed, period, and the names and sizes of the files.

        Raises:
            RejectedError: they differ.
        """
        for what, said, asked in (
            ("feed", self.feed, feed.name),
            ("period", self.period, period.text),
        ):
            if said is not None and said != asked:
                raise RejectedError(
                    f"{NAME} says the {what} is {said}, but it is being loaded as {asked}.",
                    "Load it as what it is, or correct the manifest.",
                )
        if not self.files:
            return
        here = {p.name for p in paths}
        missing, extra = sorted(self.files.keys() - here), sorted(here - self.files.keys())
        if missing:
            raise RejectedError(f"{NAME} names {', '.join(missing)}, not found here.", _AGAIN)
        if extra:
            raise RejectedError(f"{NAME} does not name {', '.join(extra)}.", _AGAIN)
        for path in paths:
            said, is_ = self.files[path.name].get("bytes"), path.stat().st_size
            if said is not None and said != is_:
                raise RejectedError(
                    f"{path.name} has {is_:,} bytes, but {NAME} says {said:,}.", _AGAIN
                )

    def check_digests(self, digests: dict[str, str]) -> None:
        """Compare SHA-256 sums, given by file name. Raises RejectedError if they differ."""
        for name, entry in self.files.items():
            said = entry.get("sha256")
            if said is not None and str(said).lower() != digests[name]:
                raise RejectedError(
                    f"{name} has the SHA-256 {digests[name][:12]}…, but {NAME} says"
                    f" {str(said)[:12]}….",
                    _AGAIN,
                )

    def check_rows(self, rows: int) -> None:
        """Compare the number of rows read, bad ones included. Raises RejectedError."""
        if self.row_count is not None and rows != self.row_count:
            raise RejectedError(
                f"The files hold {rows:,} rows, but {NAME} says {self.row_count:,}.", _AGAIN
            )

    def check_totals(self, totals: dict[str, Decimal], unread: set[str]) -> None:
        """Compare control totals.

        Args:
            totals: sums over all rows read, by column.
            unread: columns with bad rows whose value cannot be read: nothing can be said of them.

        Raises:
            RejectedError: a total differs.
        """
        for column, said in self.control_totals.items():
            if column not in unread and totals[column] != said:
                raise RejectedError(
                    f"The total of {column} is {totals[column]:,}, but {NAME} says {said:,}"
                    f" (difference {totals[column] - said:,}).",
                    _AGAIN,
                )


def read_manifest(path: Path, feed: Feed) -> Manifest:
    """Read a manifest file.

    Raises:
        RejectedError: not JSON, or a field is not what it should be.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        _require_storable(content)
    except (ValueError, RecursionError) as error:
        raise RejectedError(f"{path.name} is not JSON: {error}.", _AGAIN) from error
    if not isinstance(content, dict):
        raise _wrong("it", content, "an object with feed, period, files, row_count")
    unknown = sorted(content.keys() - set(_FIELDS))
    if unknown:
        raise _wrong(unknown[0], content[unknown[0]], f"one of the fields {', '.join(_FIELDS)}")
    files = content.get("files") or []
    if not isinstance(files, list) or not all(isinstance(f, dict) and f.get("name") for f in files):
        raise _wrong("files", files, 'a list of {"name", "bytes", "sha256"}')
    for f in files:
        if f.get("bytes") is not None and type(f["bytes"]) is not int:
            raise _wrong("files.bytes", f["bytes"], "a whole number")
    rows = content.get("row_count")
    if rows is not None and type(rows) is not int:
        raise _wrong("row_count", rows, "a whole number")
    return Manifest(
        feed=content.get("feed"),
        period=content.get("period"),
        files={str(f["name"]): f for f in files},
        row_count=rows,
        control_totals=_totals(content.get("control_totals") or {}, feed),
        content=content,
    )


def _require_storable(content: Any) -> None:
    """ValueError for what Python takes for JSON and the ledger cannot hold."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    text.encode("utf-8")  # no halves of characters
    if "\\u0000" in text:
        raise ValueError("it holds a NUL character")


def _totals(value: Any, feed: Feed) -> dict[str, Decimal]:
    if not isinstance(value, dict):
        raise _wrong("control_totals", value, 'an object {"column": "12345.67"}')
    numeric = {c.name for c in feed.columns if c.is_numeric}
    totals = {}
    for column, total in value.items():
        if column not in numeric:
            raise _wrong("control_totals", column, f"numeric columns of {feed.name}")
        try:
            totals[column] = Decimal(str(total))
        except InvalidOperation:
            raise _wrong(f"control_totals.{column}", total, "a number") from None
        if not totals[column].is_finite() or totals[column].adjusted() > _LARGEST:
            raise _wrong(f"control_totals.{column}", total, "a number")
    return totals


def _wrong(field: str, value: Any, wanted: str) -> RejectedError:
    return RejectedError(f"{NAME}: {field} is {str(value)[:60]!r}, not {wanted}.", _AGAIN)
