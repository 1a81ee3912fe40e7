"""From a file to plain bytes, in pieces: compression is told by content, never by name."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from orchestration.loader.result import RejectedError

PIECE = 1 << 20
_GZIP, _ZSTD, _PARQUET, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"PK\x03\x04"


def file_kind(path: Path) -> str:
    """``parquet``, ``gzip``, ``zstd`` or ``plain``, by the first bytes.

    Raises:
        RejectedError: an Excel or ZIP file, which no extract should be.
    """
    with path.open("rb") as f:
        magic = f.read(4)
    if magic == _ZIP:
        raise RejectedError(
            f"{path.name} is a ZIP or Excel file.", "Send CSV (plain, gzip or zstd) or Parquet."
        )
    if magic == _PARQUET:
        return "parquet"
    return "gzip" if magic[:2] == _GZIP else "zstd" if magic == _ZSTD else "plain"


def pieces_of(path: Path) -> Iterator[bytes]:
    """The file's content, decompressed, in pieces of at most 1 MiB.

    Raises:
        RejectedError: the compressed data end too early or are damaged.
    """
    kind = file_kind(path)
    try:
        with path.open("rb") as raw:
            stream = _decompressed(kind, raw)
            while piece := stream.read(PIECE):
                yield piece
    except EOFError as error:
        raise _truncated(path, kind) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise RejectedError(
            f"{path.name} is damaged: {error}.", "Have the file sent again, whole."
        ) from error
    except OSError as error:
        if kind != "zstd":
            raise
        raise _truncated(path, kind) from error


def _decompressed(kind: str, raw: BinaryIO) -> BinaryIO:
    if kind == "gzip":
        return gzip.GzipFile(fileobj=raw, mode="rb")  # type: ignore[return-value]
    if kind == "zstd":
        import pyarrow as pa  # noqa: PLC0415

        # not the zstandard module: its reader takes a truncated file for a short one
        return pa.CompressedInputStream(pa.PythonFile(raw), "zstd")  # type: ignore[no-any-return]
    return raw


def _truncated(path: Path, kind: str) -> RejectedError:
    return RejectedError(
        f"{path.name} is truncated: its {kind} data end too early, after"
        f" {path.stat().st_size:,} bytes.",
        "Have the file sent again, whole; a manifest with bytes and sha256 shows it earlier.",
    )


def sha256_of(path: Path) -> str:
    """SHA-256 of the file as it lies there, in hexadecimal."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
