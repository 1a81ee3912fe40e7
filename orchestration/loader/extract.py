"""One file of an extract, whatever its format, as a stream of CSV text that COPY can take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.contracts import Feed
from orchestration.loader.drift import Drift
from orchestration.loader.encoding import ToUtf8
from orchestration.loader.header import match_columns, read_header
from orchestration.loader.opening import PIECE, file_kind, pieces_of
from orchestration.loader.parquet import parquet_pieces, parquet_schema, wider_columns
from orchestration.loader.result import RejectedError


@dataclass
class Extract:
    """An opened file.

    ``columns`` are the contract's names in the file's order, and among them the file's own names
    of columns that the contract does not have. ``wider`` are columns whose type may hold more than
    the contract says. ``first_line`` is the number that the first data record has in messages.
    ``pieces()`` can be called more than once.
    """

    path: Path
    kind: str
    feed: Feed
    zone: str
    delimiter: str = ","
    columns: list[str] = field(default_factory=list)
    wider: list[Drift] = field(default_factory=list)
    encoding: str = "utf-8"
    first_line: int = 2

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def extra(self) -> list[str]:
        """The columns that the contract does not have."""
        known = {c.name for c in self.feed.columns}
        return [name for name in self.columns if name not in known]

    @property
    def drift(self) -> list[Drift]:
        """How the file differs from the contract without being refused for it."""
        return [Drift(self.name, name, "new column") for name in self.extra] + self.wider

    def pieces(self) -> Iterator[bytes]:
        """UTF-8 CSV text without the header."""
        if self.kind == "parquet":
            yield from parquet_pieces(self.path, self.feed, self.columns, self.zone)
            return
        converter = ToUtf8(self.name, self.feed.encoding)
        stream = converter.convert(pieces_of(self.path))
        _, rest = _split_header(self.name, stream)
        if rest:
            yield rest
        yield from stream
        self.encoding = converter.encoding or "utf-8"

    def entry(self, stat: os.stat_result, digest: str) -> dict[str, Any]:
        """What the ledger keeps of the file."""
        return {
            "name": self.name,
            "bytes": stat.st_size,
            "mtime_ns": stat.st_mtime_ns,
            "sha256": digest,
            "kind": self.kind,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "columns": self.columns,
        }


def plain_entries(paths: list[Path]) -> list[dict[str, Any]]:
    """What the ledger keeps of files that were not read to their end."""
    return [
        {"name": p.name, "bytes": p.stat().st_size, "mtime_ns": p.stat().st_mtime_ns}
        for p in paths
        if p.exists()
    ]


def open_extract(feed: Feed, path: Path, zone: str) -> Extract:
    """Open a file and match its header with the contract.

    Args:
        zone: time zone into which Parquet timestamps that carry one are brought.

    Raises:
        RejectedError: empty, no text, or not this feed's columns.
    """
    if path.stat().st_size == 0:
        raise RejectedError(f"{path.name} is empty: 0 bytes.", "Have the file sent again.")
    extract = Extract(path, file_kind(path), feed, zone)
    if extract.kind == "parquet":
        schema = parquet_schema(path)
        extract.columns = match_columns(feed, path.name, schema.names)
        extract.wider = wider_columns(feed, path.name, extract.columns, schema.types)
        extract.first_line = 1
        return extract
    stream = ToUtf8(path.name, feed.encoding).convert(pieces_of(path))
    header, _ = _split_header(path.name, stream)
    extract.delimiter, extract.columns = read_header(feed, path.name, header)
    return extract


def _split_header(name: str, stream: Iterator[bytes]) -> tuple[str, bytes]:
    """The first line as text, and what follows it in the same piece."""
    data = b""
    for piece in stream:
        data += piece
        if b"\n" in data or len(data) > PIECE:
            break
    if not data.strip():
        raise RejectedError(f"{name} is empty.", "Have the file sent again.")
    line, newline, rest = data.partition(b"\n")
    if not newline and (b"\r" in data or len(data) > PIECE):
        raise RejectedError(
            f"{name} has no line ends that telmart knows.",
            "Save it with Unix (LF) or Windows (CR LF) line ends.",
        )
    return line.rstrip(b"\r").decode("utf-8", "replace"), rest
