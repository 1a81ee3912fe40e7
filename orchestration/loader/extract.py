"""One file of an extract, whatever its format, as a stream of CSV text that COPY can take."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.contracts import Feed
from orchestration.loader.encoding import ToUtf8
from orchestration.loader.header import match_columns, read_header
from orchestration.loader.opening import PIECE, file_kind, pieces_of
from orchestration.loader.result import RejectedError

_BATCH_ROWS = 8_192


@dataclass
class Extract:
    """An opened file.

    ``columns`` are the contract's names in the file's order; ``first_line`` is the number that
    the first data record has in messages. ``pieces()`` can be called more than once.
    """

    path: Path
    kind: str
    feed: Feed
    zone: str
    delimiter: str = ","
    columns: list[str] = field(default_factory=list)
    encoding: str = "utf-8"
    first_line: int = 2

    @property
    def name(self) -> str:
        return self.path.name

    def pieces(self) -> Iterator[bytes]:
        """UTF-8 CSV text without the header."""
        if self.kind == "parquet":
            yield from _parquet_pieces(self)
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
        extract.columns = match_columns(feed, path.name, _parquet_schema(path).names)
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


# ---- Parquet -----------------------------------------------------------------------------------
def _parquet_schema(path: Path) -> Any:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    try:
        return parquet.read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise RejectedError(
            f"{path.name} is a damaged Parquet file: {error}.", "Have the file sent again, whole."
        ) from error


def _parquet_pieces(extract: Extract) -> Iterator[bytes]:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv, parquet  # noqa: PLC0415

    options = csv.WriteOptions(include_header=False, quoting_style="needed")
    try:
        # buffered, so that a row group is read page by page and never held whole
        with parquet.ParquetFile(extract.path, buffer_size=PIECE, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, use_threads=False):
                plain = [_plain(column, extract) for column in batch.columns]
                out = io.BytesIO()
                csv.write_csv(pa.record_batch(plain, names=extract.columns), out, options)
                yield out.getvalue()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise RejectedError(
            f"{extract.name} cannot be read as Parquet: {error}.",
            "Have it written again with plain columns: text, numbers, dates, timestamps.",
        ) from error


def _plain(values: Any, extract: Extract) -> Any:
    """A column that CSV can hold: local timestamps, no dictionary."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import compute  # noqa: PLC0415

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_timestamp(values.type) and values.type.tz:
        values = compute.local_timestamp(values.cast(pa.timestamp("us", extract.zone)))
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("us"), safe=False)
    return values
