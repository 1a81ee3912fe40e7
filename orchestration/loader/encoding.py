"""UTF-8 or GB18030, found out while the file streams by; what comes out is UTF-8.

Bytes that are valid in neither come out as they are, so that the careful path can name their row.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from orchestration.loader.result import RejectedError

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class ToUtf8:
    """Turns pieces of a text file into UTF-8.

    As long as everything is ASCII the encoding does not matter; the first piece that is not
    decides, by the majority of its lines: single lines of GB18030 can be valid UTF-8 by accident
    (联通 is the famous one), and one broken byte must not turn a UTF-8 file into gibberish.
    """

    def __init__(self, file_name: str, hint: str | None = None) -> None:
        self.file_name = file_name
        self.encoding = hint
        self._decoder: codecs.IncrementalDecoder | None = None
        self._first = True
        if hint == "gb18030":
            self._use_gb18030()

    def convert(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The same text as UTF-8, without a byte order mark."""
        for raw in pieces:
            piece = raw
            if self._first:
                piece = self._without_mark(piece)
                self._first = False
            if self.encoding is None and not piece.isascii():
                self.encoding = _majority(piece)
                if self.encoding == "gb18030":
                    self._use_gb18030()
            if self._decoder:
                text = self._decoder.decode(piece)
                piece = text.encode("utf-8", "surrogateescape")
            if piece:
                yield piece
        if self._decoder:
            rest = self._decoder.decode(b"", final=True).encode("utf-8", "surrogateescape")
            if rest:
                yield rest

    def _use_gb18030(self) -> None:
        self._decoder = codecs.getincrementaldecoder("gb18030")("surrogateescape")

    def _without_mark(self, piece: bytes) -> bytes:
        if piece.startswith(_UTF16):
            raise RejectedError(
                f"{self.file_name} is encoded in UTF-16.", "Save it as UTF-8 or GB18030."
            )
        if piece.startswith(codecs.BOM_UTF8):
            self.encoding = "utf-8"
            self._decoder = None
            return piece[len(codecs.BOM_UTF8) :]
        return piece


def _majority(piece: bytes) -> str:
    lines = [line for line in piece.split(b"\n") if not line.isascii()]
    if len(lines) > 1:
        del lines[-1]  # it may be cut in the middle of a character
    utf8 = sum(_is_valid(line, "utf-8") for line in lines)
    if utf8 * 2 >= len(lines):
        return "utf-8"
    gb = sum(_is_valid(line, "gb18030") for line in lines)
    return "gb18030" if gb > utf8 else "utf-8"


def _is_valid(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
