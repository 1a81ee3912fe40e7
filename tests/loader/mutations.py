"""Ways in which an extract goes wrong: each takes a good one and a source of chance.

A mutation gives the files of the period (one, or with a manifest), and whether they still say the
same: then they must load, and the same rows must come of them.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

Rows = list[list[str]]


@dataclass
class Mutated:
    """The files by name, and whether they say what the good file says."""

    files: dict[str, bytes]
    same: bool = False
    manifest: bytes | None = None


@dataclass(frozen=True)
class Good:
    """A good extract: its feed, header and rows as text."""

    feed: str
    header: list[str]
    rows: Rows = field(repr=False)

    def text(self, rows: Rows | None = None, header: list[str] | None = None, **form: Any) -> str:
        """As CSV."""
        out = io.StringIO()
        writer = csv.writer(out, **{"lineterminator": "\n", **form})
        writer.writerow(self.header if header is None else header)
        writer.writerows(self.rows if rows is None else rows)
        return out.getvalue()

    def bytes(self) -> bytes:
        """As UTF-8."""
        return self.text().encode()


Mutation = Callable[[Good, Random], Mutated]
_ODD = [
    "", " ", "NULL", "\\N", "NaN", "Infinity", "-0", "1e400", "９９", "2026-02-30", "0000-00-00",
    "2026-10-05T08:00:00Z", "infinity", "1,5", "'; drop table ops.load; --", "\\.", "\\", '"',
    '""', "a\nb", "a\r\nb", "\0", "\x1a", "\ufeff", "联通", "x" * 70_000, "-1", "1" * 40, "１２",
    "12:61", "t", "1.005", "=1+1", "\u2028", "é", "👍", "0x1F", "1_000", "+5", "infinityday",
]  # fmt: skip


def _file(data: bytes, name: str = "x.csv", *, same: bool = False) -> Mutated:
    return Mutated({name: data}, same)


def bytes_(good: Good, chance: Random) -> Mutated:
    """Bytes flipped, put in, taken out or cut off."""
    data = bytearray(good.bytes())
    for _ in range(chance.choice([1, 1, 2, 5, 40])):
        at = chance.randrange(len(data))
        length = chance.choice([1, 1, 3, 50])
        match chance.randrange(5):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at:at] = chance.randbytes(length)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = chance.choice([b'"', b"\n", b"\r", b",", b"\0", b"\xff", b'"\n"'])
            case _:
                data[at : at + length] = data[:length]
        data = data or bytearray(b"\n")
    if chance.random() < 0.15:
        del data[chance.randrange(len(data)) :]
    return _file(bytes(data))


def rows_(good: Good, chance: Random) -> Mutated:
    """Rows dropped, repeated, shuffled, or with an odd value, a field too many or too few."""
    rows = [list(row) for row in good.rows]
    kind = chance.randrange(6)
    if kind == 0:
        chance.shuffle(rows)
        return _file(good.text(rows).encode(), same=True)
    if kind == 1:
        rows = chance.sample(rows, chance.randrange(len(rows)))
    for _ in range(chance.choice([1, 1, 1, 3, 20])):
        if not rows:
            break
        row = chance.choice(rows)
        if kind == 2:
            rows.insert(chance.randrange(len(rows)), list(row))
        elif kind == 3:
            row[chance.randrange(len(row))] = chance.choice(_ODD)
        elif kind == 4:
            row.insert(chance.randrange(len(row) + 1), chance.choice(_ODD))
        elif kind == 5:
            del row[chance.randrange(len(row) + 1) :]
    quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    return _file(good.text(rows, quoting=quoting).encode("utf-8", "surrogatepass"))


def columns_(good: Good, chance: Random) -> Mutated:
    """Columns dropped, renamed, repeated, in another order, or new ones."""
    order = list(range(len(good.header)))
    header, rows = list(good.header), [list(row) for row in good.rows]
    kind = chance.randrange(7)
    if kind == 0:
        chance.shuffle(order)
        header = [header[i].upper() for i in order]
        return _file(good.text([[r[i] for i in order] for r in rows], header).encode(), same=True)
    at = chance.randrange(len(header))
    new = chance.choice([*_ODD, "note", "备注", "_extra", "_line", "Note", "_period", "ctid"])
    for row in [header, *rows]:
        match kind:
            case 1:
                del row[at]
            case 2:
                row.append(row[at])
            case 3:
                row.insert(at, new if row is header else chance.choice(["", "n", '"', "1\n2", "é"]))
            case 4:
                row += [f"n{i}" for i in range(3)]
            case 5 if row is header:
                row[at] = new
            case 6 if row is header:
                row.append(new)
            case _:
                pass
    return _file(good.text(rows, header).encode("utf-8", "surrogatepass"))


def encodings_(good: Good, chance: Random) -> Mutated:
    """Another encoding, byte order marks, halves of characters."""
    text = good.text()
    kind = chance.randrange(8)
    if kind == 0:
        return _file(text.encode("gb18030"), same=True)
    if kind == 1:
        return _file(text.encode("utf-8-sig"), same=True)
    if kind == 2:
        return _file(text.encode(chance.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32"])))
    if kind == 3:
        return _file(text.replace("S", "é").encode("latin-1", "replace"))
    if kind == 4:
        return _file(chance.choice([b"\xef\xbb", b"\xff\xfe", b"\xef\xbb\xbf" * 2]) + text.encode())
    lines = text.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    odd = chance.choice(["\ud800", "\udcff", "联通", "\0", "\x80", "ÿ"])
    lines[at] = odd + lines[at] if kind == 5 else lines[at].replace(",", odd + ",", 1)
    encoded = [
        line.encode(chance.choice(["utf-8", "gb18030"]) if kind == 7 else "utf-8", "surrogatepass")
        if max(line) < "\ud7ff" or kind != 7
        else line.encode("utf-8", "surrogatepass")
        for line in lines
    ]
    return _file(b"".join(encoded))


def forms_(good: Good, chance: Random) -> Mutated:
    """Delimiters, quotes and line ends."""
    kind = chance.randrange(7)
    if kind == 0:
        return _file(good.text(delimiter=chance.choice(",\t|;")).encode(), same=True)
    if kind == 1:
        quoting = chance.choice([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
        return _file(good.text(quoting=quoting, lineterminator="\r\n").encode(), same=True)
    if kind == 2:
        end = chance.choice(["", "\n\n\n", "\r\n\r\n"])
        return _file((good.text().rstrip("\n") + end).encode(), same=True)
    if kind == 3:
        ends = chance.choice(["\r", "\n\r", "\x0b", "\u2028", "\x85", "\\n", " \n"])
        return _file(good.text(lineterminator=ends).encode())
    if kind in {4, 5}:
        quote, separator = chance.choice("'`|"), chance.choice(":^~ \x01#")
        form = {"delimiter": separator} if kind == 4 else {"quotechar": quote, "quoting": 1}
        return _file(good.text(**form).encode())
    lines = good.text().splitlines(keepends=True)
    for _ in range(chance.choice([1, 2, 10])):
        at = chance.randrange(len(lines))
        old, new = chance.choice(
            [(",", ";"), (",", ',"'), ("\n", "\r\n"), ("\n", ""), (",", "\t"), ("\n", '"\n'),
             ("\n", "\n\n"), (",", ",,"), ("-", "/"), ("0", "O")]
        )  # fmt: skip
        lines[at] = lines[at].replace(old, new, chance.choice([1, -1]))
    return _file("".join(lines).encode())


def compressed_(good: Good, chance: Random) -> Mutated:
    """Compressed, whole or damaged, under any name."""
    raw = good.bytes()
    name = chance.choice(["x.csv.gz", "x.csv.zst", "x.csv", "x.parquet", "x.dat"])
    half = chance.randrange(len(raw))
    data = chance.choice(
        [gzip.compress(raw), zstandard.compress(raw),
         gzip.compress(raw[:half]) + gzip.compress(raw[half:]),
         zstandard.compress(raw[:half]) + zstandard.compress(raw[half:])]
    )  # fmt: skip
    kind = chance.randrange(6)
    if kind == 0:
        return _file(data, name, same=True)
    spoilt = bytearray(data)
    if kind == 1:
        del spoilt[chance.randrange(1, len(spoilt)) :]
    elif kind == 2:
        for _ in range(chance.choice([1, 3, 30])):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
    elif kind == 3:
        spoilt += chance.choice([b"\0" * 10, b"more", data[:20], chance.randbytes(40)])
    elif kind == 4:
        spoilt = bytearray(chance.choice([gzip.compress, zstandard.compress])(data))
    else:
        at = chance.randrange(len(spoilt))
        spoilt[at:at] = chance.randbytes(chance.choice([1, 8]))
    return _file(bytes(spoilt), name)


def parquet_(good: Good, chance: Random) -> Mutated:
    """Parquet, with other types, other columns, or damaged bytes."""
    columns: dict[str, Any] = {
        name: pa.array([row[i] or None for row in good.rows]) for i, name in enumerate(good.header)
    }
    kind = chance.randrange(4)
    if kind == 2:
        columns["x"] = chance.choice(_TYPES)(len(good.rows), chance)
    for _ in range(chance.choice([1, 1, 2]) if kind in {1, 2} else 0):
        name, count = chance.choice(good.header), len(good.rows)
        if kind == 1:
            columns[chance.choice([name, "note", "备注"])] = chance.choice(_TYPES)(count, chance)
        else:
            columns[f"{name}{chance.choice(['2', '', ' '])}"] = columns.pop(name, columns["x"])
    out = io.BytesIO()
    form = chance.choice(["snappy", "zstd", "gzip", "none"])
    pq.write_table(pa.table(columns), out, compression=form, row_group_size=chance.choice([7, 100]))
    data = bytearray(out.getvalue())
    if kind == 3:
        for _ in range(chance.choice([1, 1, 4])):
            at = chance.randrange(len(data))
            match chance.randrange(3):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.choice([1, 30])]
                case _:
                    del data[max(at, 4) :]
            data = data or bytearray(b"PAR1")
    return _file(bytes(data), "x.parquet", same=kind == 0)


_TYPES: list[Callable[[int, Random], Any]] = [
    lambda n, c: pa.array([c.randrange(10**6) for _ in range(n)]),
    lambda n, c: pa.array([c.random() * 100 for _ in range(n)]),
    lambda n, c: pa.array([c.random() for _ in range(n)], pa.float32()),
    lambda n, c: pa.array([c.choice([True, False, None]) for _ in range(n)]),
    lambda n, _: pa.nulls(n),
    lambda n, _: pa.array([0] * n, pa.date32()),
    lambda n, c: pa.array([c.randrange(2**40) for _ in range(n)], pa.timestamp("ns", "UTC")),
    lambda n, c: pa.array([c.randbytes(3) for _ in range(n)]),
    lambda n, _: pa.array([[1, 2]] * n),
    lambda n, _: pa.array([{"a": "b"}] * n),
    lambda n, _: pa.array([5] * n, pa.time64("us")),
    lambda n, _: pa.array([5] * n, pa.duration("us")),
    lambda n, c: pa.array([c.choice(_ODD) for _ in range(n)]),
    lambda n, _: pa.array([123] * n, pa.int32()).cast(pa.decimal128(30, 10)),
    lambda n, c: pa.array([c.choice("ab") for _ in range(n)]).dictionary_encode(),
]


def manifests_(good: Good, chance: Random) -> Mutated:
    """A manifest that is right, wrong or none."""
    data = good.bytes()
    manifest: dict[str, Any] = {
        "feed": good.feed,
        "files": [{"name": "x.csv", "bytes": len(data)}],
        "row_count": len(good.rows),
    }
    kind = chance.randrange(5)
    same = kind == 0
    odd: list[Any] = [None, "", 0, -1, 1.5, True, [], {}, [None], "x", {"a": {}}, 10**30, [[1]],
                      "\ud800", [{"name": "x.csv", "bytes": "7", "sha256": 5}], [{"name": []}],
                      {"recharge_amt": "NaN"}, {"billed_amt": []}, {"recharge_amt": "sNaN"},
                      {"recharge_amt": "1e999999999"}, {"sms_cnt": "1"}, "\0"]  # fmt: skip
    if kind == 1:
        fields = [*manifest, "period", "control_totals", "other"]
        manifest[chance.choice(fields)] = chance.choice(odd)
    if kind == 4:  # totals, and a row that is not among those loaded
        rows = [list(row) for row in good.rows]
        rows[chance.randrange(len(rows))][3] = chance.choice(["1e999999999", "x", "NaN", "", "１"])
        data = good.text(rows).encode()
        total = {"boss.recharge": "recharge_amt"}.get(good.feed, "data_mb")
        manifest |= {"files": [], "control_totals": {total: chance.choice(["7", 0, "1e20"])}}
    text = json.dumps(manifest).encode()
    if kind == 2:
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice([b"", b"\0", b"}", b'"', b"\xff", b"1"]) + text[at + 1 :]
    if kind == 3:
        text = chance.choice(
            [b"", b"null", b"[" * 3_000, b"[" * 200_000, b"1", b"NaN", b'{"row_count": 1e999}',
             text.decode().encode("utf-16"), b"\xef\xbb\xbf" + text, b'{"row_count":' + b"9" * 5_000
             + b"}"]
        )  # fmt: skip
    return Mutated({"x.csv": data}, same, manifest=text)


MUTATIONS: dict[str, Mutation] = {
    "bytes": bytes_, "rows": rows_, "columns": columns_, "encodings": encodings_, "forms": forms_,
    "compressed": compressed_, "parquet": parquet_, "manifests": manifests_,
}  # fmt: skip
