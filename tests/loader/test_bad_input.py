"""Bad input of every kind: the error says what and where, and the warehouse is as it was.

Each case is tried twice: into an empty warehouse, and over a period that is loaded already.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import zstandard

from orchestration.errors import TelmartError
from tests.loader.support import FEED, HEADER, Warehouse, row, rows, text

GOOD = text(rows(200))
ZIPPED = gzip.compress(GOOD.encode())
QUOTE = "a quote stands inside a field; quotes must enclose the whole field"


@dataclass(frozen=True)
class Case:
    """A bad extract: its files, and what must be said about it."""

    name: str
    files: dict[str, bytes]
    error: str
    remedy: str = ""
    quarantined: tuple[tuple[object, ...], ...] = ()

    def __str__(self) -> str:
        return self.name


def case(
    name: str,
    content: str | bytes,
    error: str,
    remedy: str = "",
    quarantined: tuple[tuple[object, ...], ...] = (),
    *,
    file: str = "bad.csv",
) -> Case:
    data = content if isinstance(content, bytes) else content.encode()
    return Case(name, {file: data}, error, remedy, quarantined)


def bad_rows(line: str, count: int = 10) -> str:
    """Ninety good rows and then bad ones: more than a contract tolerates."""
    return text([*rows(90), *(line.replace("#", str(n)) for n in range(count))])


def each(count: int, *rest: object) -> tuple[tuple[object, ...], ...]:
    return tuple(("bad.csv", 92 + n, *rest) for n in range(count))


CASES = [
    case("missing column", GOOD.replace("recharge_amt,", ""), "missing recharge_amt",
         "telmart feeds describe boss.recharge"),
    case("extra column in the header only",
         GOOD.replace("recharge_channel\n", "recharge_channel,note\n"),
         "the row has 5 fields, not 6", "telmart quarantine show"),
    case("renamed header", GOOD.replace("recharge_amt", "recharge_amount"),
         "missing recharge_amt; not in the contract: 'recharge_amount'",
         "Is 'recharge_amount' the column recharge_amt?"),
    case("no header", "\n".join(rows(5)), "line 1: no column of boss.recharge is named there",
         "feeds template boss.recharge"),
    case("wrong type",
         bad_rows(row(0, recharge_id="B#", recharge_amt="12元")),
         "10 of 100 rows are bad (10.0%); at most 2.0% may be. The first: bad.csv, line 92, column"
         " recharge_amt, value '12元': is not a valid numeric(18,2).",
         "telmart quarantine show",
         each(10, "recharge_amt", "12元", "is not a valid numeric(18,2)")),
    case("no date", bad_rows(row(0, recharge_id="B#", recharged_at="2026-02-30 00:00:00")),
         "column recharged_at, value '2026-02-30 00:00:00': is not a valid timestamp", "",
         each(10, "recharged_at", "2026-02-30 00:00:00", "is not a valid timestamp")),
    case("future date", bad_rows(row(0, recharge_id="B#", recharged_at="2026-11-01 00:00:00")),
         "value '2026-11-01 00:00:00': is after 2026-10-31, the end of the period", "",
         each(10, "recharged_at", "2026-11-01 00:00:00",
              "is after 2026-10-31, the end of the period")),
    case("date before the period",
         bad_rows(row(0, recharge_id="B#", recharged_at="2026-09-30 23:59:59")),
         "is before 2026-10-01, the start of the period", "",
         each(10, "recharged_at", "2026-09-30 23:59:59",
              "is before 2026-10-01, the start of the period")),
    case("null in a required column", bad_rows(row(0, recharge_id="B#", subscriber_id="")),
         "column subscriber_id, value (empty): is empty, but required", "",
         each(10, "subscriber_id", None, "is empty, but required")),
    case("null key", bad_rows(row(0, recharge_id="")),
         "column recharge_id, value (empty): is empty, but required", "",
         each(10, "recharge_id", None, "is empty, but required")),
    case("below the minimum", bad_rows(row(0, recharge_id="B#", recharge_amt="0.00")),
         "column recharge_amt, value '0.00': is below the minimum 0.01", "",
         each(10, "recharge_amt", "0.00", "is below the minimum 0.01")),
    case("NaN", bad_rows(row(0, recharge_id="B#", recharge_amt="NaN")),
         "column recharge_amt, value 'NaN': is not a number", "",
         each(10, "recharge_amt", "NaN", "is not a number")),
    case("number too large", bad_rows(row(0, recharge_id="B#", recharge_amt="1e20")),
         "value '1e20': is not a valid numeric(18,2)", "",
         each(10, "recharge_amt", "1e20", "is not a valid numeric(18,2)")),
    case("not an allowed value", bad_rows(row(0, recharge_id="B#", recharge_channel="Hall")),
         "value 'Hall': is not one of hall, dealer, online, bank, card", "",
         each(10, "recharge_channel", "Hall", "is not one of hall, dealer, online, bank, card")),
    case("duplicate keys", bad_rows(row(7)),
         "line 92, column recharge_id, value 'R0000007': repeats the key of line 8", "",
         each(10, "recharge_id", "R0000007", "repeats the key of line 8")),
    case("too few fields", bad_rows("B#,S1"), "line 92: the row has 2 fields, not 5", "",
         each(10, None, None, "the row has 2 fields, not 5")),
    case("too many fields", bad_rows(row(0, recharge_id="B#") + ",x"),
         "line 92: the row has 6 fields, not 5", "",
         each(10, None, None, "the row has 6 fields, not 5")),
    case("stray quote", bad_rows(row(0, recharge_id="B#", subscriber_id='12" S')),
         f"line 92: {QUOTE}", "", each(10, None, None, QUOTE)),
    case("quote never closed", bad_rows(row(0, recharge_id='"B#')),
         "line 92: a quote", ""),
    case("broken encoding",
         bad_rows(row(0, recharge_id="B#", subscriber_id="张三")).encode()
         .replace("张".encode(), b"\xe5\xbc"),
         "line 92: the row holds bytes that are not valid text", "",
         each(10, None, None, "the row holds bytes that are not valid text (e5 bc e4 b8)")),
    case("NUL bytes", bad_rows(row(0, recharge_id="B#", subscriber_id="S\0")),
         "line 92: the row holds a NUL byte", "",
         each(10, None, None, "the row holds a NUL byte")),
    case("UTF-16", GOOD.encode("utf-16"), "bad.csv is encoded in UTF-16", "UTF-8"),
    case("old Macintosh line ends", GOOD.replace("\n", "\r"), "no line ends", "LF"),
    case("truncated gzip", ZIPPED[:-400],
         "bad.csv.gz is truncated: its gzip data end too early", "sent again", file="bad.csv.gz"),
    case("gzip without its end", ZIPPED[:-4], "bad.csv.gz is truncated",
         "sent again", file="bad.csv.gz"),
    case("damaged gzip",
         ZIPPED[:300] + bytes([ZIPPED[300] ^ 255]) + ZIPPED[301:],
         "bad.csv.gz is damaged", "sent again", file="bad.csv.gz"),
    case("truncated zstd", zstandard.compress(GOOD.encode())[:-30],
         "bad.csv.zst is truncated", "sent again", file="bad.csv.zst"),
    case("truncated Parquet", b"PAR1" + b"x" * 100, "damaged Parquet", "sent again",
         file="bad.parquet"),
    case("Excel", b"PK\x03\x04" + b"x" * 100, "bad.xlsx is a ZIP or Excel file", "Send CSV",
         file="bad.xlsx"),
    case("empty file", "", "bad.csv is empty: 0 bytes", "sent again"),
    case("only blank lines", "\n\n \n", "bad.csv is empty", "sent again"),
    case("empty gzip", gzip.compress(b""), "bad.csv.gz is empty", "", file="bad.csv.gz"),
    case("header only", HEADER + "\n", "bad.csv has a header but no rows", '"row_count": 0'),
    case("another feed's file", text(["1,2"], "subscriber_id,billed_amt"),
         "the columns are not those of boss.recharge"),
    case("another month's file", text(rows(100)).replace("2026-10", "2026-09"),
         "100 of 100 rows are bad (100.0%)", ""),
    Case("one good file and one bad", {"a.csv": GOOD.encode(), "b.csv": b"x,y\n1,2\n"},
         "b.csv, line 1"),
]  # fmt: skip


@pytest.mark.parametrize("before", ["empty", "loaded"])
@pytest.mark.parametrize("bad", CASES, ids=str)
def test_bad_input_changes_nothing_and_says_why(
    warehouse: Warehouse, bad: Case, before: str
) -> None:
    if before == "loaded":
        warehouse.load(warehouse.file("good/x.csv", text(rows(20))))
    contents = warehouse.contents()
    earlier = warehouse.ledger()
    files = [warehouse.file(name, data) for name, data in bad.files.items()]

    result = warehouse.load(*files)

    assert result.state == "rejected"
    assert bad.error in result.error
    assert bad.remedy in result.remedy
    assert warehouse.contents() == contents
    assert warehouse.orphans() == []
    assert warehouse.ledger() == [*earlier, ("rejected", False, 0)]
    kept = warehouse.query("select error, remedy from ops.load where state = 'rejected'")
    assert kept == [(result.error, result.remedy)]
    if bad.quarantined:
        assert tuple(warehouse.quarantine()) == bad.quarantined
    with pytest.raises(TelmartError):
        result.raise_for_state()


def test_another_month_s_file_is_recognised(warehouse: Warehouse) -> None:
    path = warehouse.file("x.csv", text(rows(50)).replace("2026-10", "2026-09"))
    assert "Is this really the extract of 2026-10?" in warehouse.load(path).error


@pytest.mark.parametrize(
    "value",
    [
        "with, comma",
        'with ""quotes""',
        "two\nlines",
        "three\r\nlines\n",
        "中文，逗号",
        "tab\there",
        " ",
    ],
)
def test_embedded_newlines_and_quotes_are_no_fault(warehouse: Warehouse, value: str) -> None:
    lines = [*rows(5), row(6, subscriber_id=f'"{value}"'), *rows(5, 7)]
    result = warehouse.load(warehouse.file("x.csv", text(lines)))
    assert (result.state, result.path, result.rows_loaded) == ("loaded", "fast", 11)
    got = warehouse.query("select subscriber_id from raw.boss__recharge where recharge_id = %s",
                          ["R0000006"])  # fmt: skip
    assert got == [(value.replace('""', '"'),)]


# ---- wrong use: nothing could be tried, and the ledger has nothing to say ------------------------
@pytest.mark.parametrize(
    ("feed", "period", "files", "error", "remedy"),
    [
        ("boss.recharges", "2026-10", ["x.csv"], "There is no feed 'boss.recharges'.",
         "Did you mean boss.recharge?"),
        (FEED, "2026-10-01", ["x.csv"], "'2026-10-01' is not a period of boss.recharge",
         "Write it like 2026-10."),
        (FEED, "2026-00", ["x.csv"], "'2026-00' is not a period", "2026-10"),
        (FEED, "2026-10", ["gone.csv"], "There is no file", "Check"),
        (FEED, "2026-10", [], "There is no file to load", "Name"),
        (FEED, "2026-10", ["x.csv", "other/x.csv"], "Two files are called x.csv", "Rename"),
    ],
)  # fmt: skip
def test_wrong_use(
    warehouse: Warehouse, feed: str, period: str, files: list[str], *, error: str, remedy: str
) -> None:
    warehouse.file("x.csv", GOOD)
    warehouse.file("other/x.csv", GOOD)
    with pytest.raises(TelmartError) as caught:
        warehouse.load(*(warehouse.folder / f for f in files), feed=feed, period=period)
    assert error in caught.value.message
    assert remedy in caught.value.remedy
    assert warehouse.ledger() == []


def test_a_file_in_another_period_s_landing_folder(warehouse: Warehouse) -> None:
    path = Path(warehouse.settings.landing) / "boss/recharge/2026-09/x.csv"
    path.parent.mkdir(parents=True)
    path.write_text(GOOD)
    with pytest.raises(TelmartError, match=r"boss\.recharge 2026-09, but it is being loaded as"):
        warehouse.load(path)
    assert warehouse.ledger() == []


def test_a_feed_that_is_switched_off(warehouse: Warehouse) -> None:
    contract = (Path(__file__).parents[2] / "expectations/contracts/boss/recharge.yaml").read_text()
    off = warehouse.with_operator({FEED: contract.replace("status: active", "status: retired")})
    with pytest.raises(TelmartError, match="switched off"):
        off.load(warehouse.file("x.csv", GOOD))


def test_a_file_that_changes_while_it_is_read(warehouse: Warehouse) -> None:
    path = warehouse.file("x.csv", GOOD)

    def change(_name: str, _bytes: int) -> None:
        path.write_text(GOOD + row(999) + "\n")

    result = warehouse.load(path, progress=change)
    assert result.state == "failed"
    assert "x.csv changed while it was being read" in result.error
    assert warehouse.contents() == {}


def test_an_interruption_leaves_nothing(warehouse: Warehouse) -> None:
    def interrupt(_name: str, _bytes: int) -> None:
        raise KeyboardInterrupt

    wrong: Callable[[str, int], None] = interrupt
    with pytest.raises(KeyboardInterrupt):
        warehouse.load(warehouse.file("x.csv", GOOD), progress=wrong)
    assert warehouse.ledger() == [("failed", False, 0)]
    assert warehouse.contents() == {}
    assert warehouse.load(warehouse.folder / "x.csv").state == "loaded"
