"""The careful path: what is set aside, with which line, and what becomes of it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from orchestration.errors import TelmartError
from orchestration.loader import corrections
from tests.contracts.test_versions import FEED, contract
from tests.loader.support import HEADER, Warehouse, row, rows, text


def test_every_kind_of_bad_row_with_its_physical_line(warehouse: Warehouse) -> None:
    """Blank lines, rows of several lines and dropped rows all shift what COPY counts."""
    lines = [
        *rows(300),                                               # lines 2-301
        "",                                                       # 302
        row(400, recharge_amt="x"),                               # 303 type
        '"two\nlines",S1,2026-10-01 00:00:00,1.00,hall',          # 304-305
        "too,few",                                                # 306 structure
        row(401, recharge_amt="-1"),                              # 307 rule
        '"bad\nrow",S1,2026-10-01 00:00:00,y,hall',               # 308-309 type
        row(402, recharged_at="2027-01-01 00:00:00"),             # 310 future
        row(5),                                                   # 311 key
        row(403, recharge_channel="post"),                        # 312 enumeration
        row(404, subscriber_id=""),                               # 313 required
        '"open,S1,2026-10-01 00:00:00,1.00,hall',                 # 314 structure
        row(405),                                                 # 315
    ]  # fmt: skip
    path = warehouse.file("x.csv", text(lines).replace("R0000005,", '"R0000005",', 1))
    result = warehouse.load(path)
    assert (result.state, result.path) == ("rejected", "careful")  # 8 of 310 are too many
    result = warehouse.load(warehouse.file("x.csv", text(rows(200, 1000)) + path.read_text()[70:]))
    assert result.state == "loaded", result.error
    at = 199 + 1  # 200 lines more before them, and no second header
    assert warehouse.query(
        "select line_no, column_name, bad_value, reason from ops.quarantine where load_id = 2"
        " order by line_no"
    ) == [
        (303 + at, "recharge_amt", "x", "is not a valid numeric(18,2)"),
        (306 + at, None, None, "the row has 2 fields, not 5"),
        (307 + at, "recharge_amt", "-1.00", "is below the minimum 0.01"),
        (308 + at, "recharge_amt", "y", "is not a valid numeric(18,2)"),
        (310 + at, "recharged_at", "2027-01-01 00:00:00",
         "is after 2026-10-31, the end of the period"),
        (311 + at, "recharge_id", "R0000005", "repeats the key of line 206"),
        (312 + at, "recharge_channel", "post", "is not one of hall, dealer, online, bank, card"),
        (313 + at, "subscriber_id", None, "is empty, but required"),
        (314 + at, None, None, "a quote is opened and not closed"),
    ]  # fmt: skip
    assert (result.rows_read, result.rows_loaded, result.rows_quarantined) == (511, 502, 9)
    assert warehouse.count() == 502
    raw = warehouse.query("select raw_line from ops.quarantine where load_id = 2 and line_no = 508")
    assert raw == [('"bad\nrow",S1,2026-10-01 00:00:00,y,hall',)]


def test_the_contract_says_what_to_do_about_an_unknown_value(warehouse: Warehouse) -> None:
    channels = "[hall, dealer, online, bank, card]}"
    asked = "\n          - {property: whenUnknown, value: Ask the channel department.}"
    told = warehouse.with_operator({FEED: contract("1.0.0", None, (channels, channels + asked))})
    path = told.file("x.csv", text([*rows(9), row(10, recharge_channel="post")]))
    result = told.load(path)
    reason = "is not one of hall, dealer, online, bank, card. Ask the channel department"
    assert result.state == "rejected"
    assert f"x.csv, line 11, column recharge_channel, value 'post': {reason}." in result.error
    assert told.query("select reason from ops.quarantine") == [(reason,)]


def test_careful_and_fast_give_the_same_rows_and_the_same_table(warehouse: Warehouse) -> None:
    good = rows(500)
    warehouse.load(warehouse.file("x.csv", text(good)))
    fast = warehouse.query(f"select {HEADER} from raw.boss__recharge order by 1")
    described = (
        "select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute"
        " where attrelid = 'raw.boss__recharge__p202610'::regclass and attnum > 0"
        " and not attisdropped order by attname"
    )
    columns = warehouse.query(described)
    mixed = [*good[:250], "bad", *good[250:]]
    result = warehouse.load(warehouse.file("x.csv", text(mixed)))
    assert (result.state, result.path) == ("loaded", "careful")
    assert warehouse.query(f"select {HEADER} from raw.boss__recharge order by 1") == fast
    assert warehouse.query(described) == columns


@pytest.mark.parametrize(("bad", "state"), [(20, "loaded"), (21, "rejected")])
@pytest.mark.parametrize("kind", ["broken", "wrong", "repeated"])
def test_the_tolerance_is_exact(warehouse: Warehouse, kind: str, bad: int, state: str) -> None:
    wrong = {
        "broken": "x,y",
        "wrong": row(5000, recharge_amt="0"),
        "repeated": row(1),
    }[kind]
    lines = [*rows(1000 - bad), *([wrong] * bad)]
    if kind == "wrong":
        lines = [*rows(1000 - bad), *(row(5000 + n, recharge_amt="0") for n in range(bad))]
    result = warehouse.load(warehouse.file("x.csv", text(lines)))
    assert result.state == state
    assert len(warehouse.quarantine()) == bad
    assert result.rows_loaded == (980 if state == "loaded" else 0)


def test_a_file_that_is_all_wrong_is_given_up_and_some_of_it_kept(warehouse: Warehouse) -> None:
    lines = [row(n, recharge_amt="x") for n in range(30_000)]
    result = warehouse.load(warehouse.file("x.csv", text(lines)))
    assert result.state == "rejected"
    assert "are bad" in result.error
    assert len(warehouse.quarantine()) == 10_000


def test_the_key_of_another_file(warehouse: Warehouse) -> None:
    files = [
        warehouse.file("a.csv", text(rows(60))),
        warehouse.file("b.csv", text([*rows(60, 100), row(7)])),
    ]
    result = warehouse.load(*files)
    assert (result.state, result.rows_loaded) == ("loaded", 120)
    assert warehouse.quarantine() == [
        ("b.csv", 62, "recharge_id", "R0000007", "repeats the key of line 8 of file 1")
    ]


# ---- correcting --------------------------------------------------------------------------------
@pytest.fixture
def loaded(warehouse: Warehouse) -> Warehouse:
    """100 good rows and two bad ones, loaded as load 1."""
    lines = [*rows(100), row(101, recharge_amt="1O.50"), "R0000102,S1,2026-10-05 00:00:00"]
    result = warehouse.load(warehouse.file("x.csv", text(lines)))
    assert (result.state, result.rows_quarantined) == ("loaded", 2)
    return warehouse


def exported(warehouse: Warehouse) -> tuple[Path, list[dict[str, Any]]]:
    path = warehouse.folder / "export.csv"
    corrections.export(warehouse.settings, 1, path)
    with path.open(encoding="utf-8-sig", newline="") as f:
        return path, list(csv.DictReader(f))


def write(path: Path, lines: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as f:
        out = csv.DictWriter(f, list(lines[0]))
        out.writeheader()
        out.writerows(lines)


def test_export_correct_replay(loaded: Warehouse) -> None:
    path, lines = exported(loaded)
    assert [(x["_line"], x["recharge_amt"], x["_reason"]) for x in lines] == [
        ("102", "1O.50", "is not a valid numeric(18,2)"),
        ("103", "", "the row has 3 fields, not 5"),
    ]
    lines[0]["recharge_amt"] = "10.50"
    write(path, lines[:1])
    result = corrections.replay(loaded.settings, 1, path)
    assert (result.state, result.rows_loaded, result.replaced_load_id) == ("loaded", 101, 1)
    assert loaded.count() == 101
    states = loaded.query("select line_no, state from ops.quarantine order by line_no")
    assert states == [(102, "replayed"), (103, "open")]
    # the original file is what is loaded still, and the second row can follow
    assert loaded.load(loaded.folder / "x.csv").state == "skipped"
    path, lines = exported(loaded)
    assert [x["_line"] for x in lines] == ["103"]
    lines[0] |= {"recharge_amt": "1.00", "recharge_channel": "hall"}
    write(path, lines)
    assert corrections.replay(loaded.settings, 1, path).rows_loaded == 102
    assert loaded.query("select count(*) from raw.boss__recharge where recharge_id > 'R0000100'"
                        ) == [(2,)]  # fmt: skip
    assert loaded.orphans() == []


def test_a_correction_that_is_still_wrong_changes_nothing(loaded: Warehouse) -> None:
    contents = loaded.contents()
    path, lines = exported(loaded)
    lines[0]["recharge_amt"] = "10.50"
    lines[1] |= {"recharge_id": "R0000001", "recharge_amt": "1", "recharge_channel": "hall"}
    write(path, lines)
    result = corrections.replay(loaded.settings, 1, path)
    assert result.state == "rejected"
    assert "repeats the key of a row loaded before" in result.error
    assert loaded.contents() == contents
    assert loaded.query("select distinct state from ops.quarantine where load_id = 1") == [
        ("open",)
    ]
    assert loaded.ledger()[0] == ("loaded", True, 100)


def test_replay_of_what_is_not_loaded_any_more(loaded: Warehouse) -> None:
    loaded.load(loaded.file("x.csv", text(rows(50))))
    with pytest.raises(TelmartError, match="is not what the warehouse holds"):
        corrections.replay(loaded.settings, 1)


def test_replay_twice(loaded: Warehouse) -> None:
    path, lines = exported(loaded)
    lines[0]["recharge_amt"] = "10.50"
    write(path, lines[:1])
    corrections.replay(loaded.settings, 1, path)
    with pytest.raises(TelmartError, match="Not open in the quarantine of load 1"):
        corrections.replay(loaded.settings, 1, path)


def test_replay_as_they_are_when_the_contract_was_at_fault(warehouse: Warehouse) -> None:
    lines = [*rows(100), row(101, recharge_channel="wechat")]
    warehouse.load(warehouse.file("x.csv", text(lines)))
    contract = (Path(__file__).parents[2] / "expectations/contracts/boss/recharge.yaml").read_text()
    mended = warehouse.with_operator({"boss.recharge": contract.replace("card]", "card, wechat]")})
    assert corrections.replay(warehouse.settings, 1).state == "rejected"
    assert corrections.replay(mended.settings, 1).rows_loaded == 101


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("a,b\n1,2\n", "is no export of quarantined rows: it has no column recharge_id"),
        (
            HEADER + ",_quarantine_id\n" + row(1) + ",x\n",
            "line 2, column _quarantine_id, value 'x'",
        ),
        (
            HEADER + ",_quarantine_id\n" + row(1) + ",99\n",
            "Not open in the quarantine of load 1: 99",
        ),
    ],
)
def test_a_file_that_is_no_export(loaded: Warehouse, content: str, error: str) -> None:
    with pytest.raises(TelmartError) as caught:
        corrections.replay(loaded.settings, 1, loaded.file("e.csv", content))
    assert error in caught.value.message


def test_drop(loaded: Warehouse) -> None:
    first = loaded.query("select min(quarantine_id) from ops.quarantine")[0][0]
    assert corrections.drop(loaded.settings, 1, [first]) == 1
    assert [k["rows"] for k in corrections.kinds(loaded.settings)] == [1]
    assert corrections.drop(loaded.settings, 1) == 1
    assert corrections.kinds(loaded.settings) == []
    assert len(corrections.kinds(loaded.settings, state=None)) == 2
    with pytest.raises(TelmartError, match="no load 77"):
        corrections.drop(loaded.settings, 77)
