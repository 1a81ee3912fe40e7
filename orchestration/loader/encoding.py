"""UTF-8 or GB18030, found out while the file streams by; what comes out is UTF-8.

Bytes that are valid in neither come out as they are, so that the careful path can name their row.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator
from itertools import chain

from orchestration.loader.result import RejectedError

#: no line of an extract is longer; what seems to be is judged as it is
MAX_LINE = 1 << 22
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


#: characters of GB2312 that are valid UTF-8 too; no ASCII letter touches them as it would in José
_BOTH = re.compile(rb"(?<![A-Za-z])(?:[\xc2-\xdf][\xa1-\xbf])+(?![A-Za-z])")


class ToUtf8:
    """Turns pieces of a text file into UTF-8.

    As long as everything is ASCII the encoding does not matter; the first lines that are not
    decide, by majority: single lines of GB18030 can be valid UTF-8 by accident (联通 is the famous
    one), and one broken byte must not turn a UTF-8 file into gibberish.
    """

    def __init__(self, file_name: str, hint: str | None = None) -> None:
        self.file_name = file_name
        self.encoding = hint

    def convert(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The same text as UTF-8, without a byte order mark."""
        start = next(pieces, b"")
        if start.startswith(_UTF16):
            raise RejectedError(
                f"{self.file_name} is encoded in UTF-16.", "Save it as UTF-8 or GB18030."
            )
        if start.startswith(codecs.BOM_UTF8):
            self.encoding = "utf-8"
            start = start[len(codecs.BOM_UTF8) :]
        stream: Iterator[bytes] = chain([start] if start else [], pieces)
        if self.encoding is None:
            stream = yield from self._decide(stream)
        if self.encoding != "gb18030":
            yield from stream
            return
        decoder = codecs.getincrementaldecoder("gb18030")("surrogateescape")
        for piece in stream:
            yield decoder.decode(piece).encode("utf-8", "surrogateescape")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogateescape")

    def _decide(self, pieces: Iterator[bytes]) -> Generator[bytes, None, Iterator[bytes]]:
        """Hand on what is ASCII; at the first other lines decide, and return what is left.

        Only whole lines are judged: a piece may end in the middle of a character.
        """
        carry = b""
        for piece in pieces:
            data = carry + piece
            cut = data.rfind(b"\n") + 1
            if data[:cut].isascii():
                if cut:
                    yield data[:cut]
                carry = data[cut:]
                if len(carry) < MAX_LINE:
                    continue
                data, cut = carry, len(carry)
            self.encoding = _majority(data[:cut])
            return chain([data], pieces)
        if carry:
            self.encoding = None if carry.isascii() else _majority(carry)
        return iter([carry] if carry else [])


def _majority(text: bytes) -> str:
    lines = [line for line in text.split(b"\n") if not line.isascii()]
    utf8 = sum(_is_valid(line, "utf-8") and not _is_rather_gb(line) for line in lines)
    gb = sum(_is_valid(line, "gb18030") for line in lines)
    return "gb18030" if gb > utf8 and utf8 * 2 < len(lines) else "utf-8"


def _is_rather_gb(line: bytes) -> bool:
    return _BOTH.sub(b"", line).isascii()


def _is_valid(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
