"""Extracts and contracts that change: what is taken and noted, and what stops a load."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.contracts.derive import STANDARD_CONTRACTS
from orchestration.engine.databases import connect, migrate
from orchestration.errors import TelmartError
from orchestration.installation.state import read_state
from orchestration.loader import corrections, partition, pending
from orchestration.loader.overview import feed_states
from tests.loader.support import FEED, HEADER, PERIOD, Warehouse, row, rows, text

CONTRACT = (STANDARD_CONTRACTS / "boss/recharge.yaml").read_text(encoding="utf-8")
NOTE = (
    "      - name: note\n        logicalType: string\n        physicalType: text\n"
    "        customProperties:\n          - {property: nameZh, value: 备注}\n"
)


def noted(lines: list[str], *, header: str = "note") -> str:
    """A file with one more column; every third row has something in it."""
    more = ["" if n % 3 else f"n{n}" for n in range(len(lines))]
    return text([f"{a},{b}" for a, b in zip(lines, more, strict=True)], f"{HEADER},{header}")


def extras(warehouse: Warehouse) -> list[Any]:
    return [
        extra
        for (extra,) in warehouse.query(
            "select _extra from raw.boss__recharge order by recharge_id"
        )
    ]


# ---- new columns -------------------------------------------------------------------------------
@pytest.mark.parametrize("bad", [0, 1], ids=["fast", "careful"])
def test_a_new_column_is_noted_and_kept(warehouse: Warehouse, bad: int) -> None:
    lines = [*rows(99), row(100, recharge_amt="x" if bad else "1.00")]
    result = warehouse.load(warehouse.file("x.csv", noted(lines)))
    assert (result.state, result.path, result.rows_loaded) == (
        "loaded", "careful" if bad else "fast", 100 - bad,
    ), result.error  # fmt: skip
    drift = [{"where": "x.csv", "column": "note", "kind": "new column"}]
    assert result.drift == drift
    assert warehouse.query("select drift from ops.load") == [(drift,)]
    want = [None if n % 3 else {"note": f"n{n}"} for n in range(100)]
    assert extras(warehouse) == want[: 100 - bad]
    columns = warehouse.query(
        "select attname from pg_attribute where attrelid = 'raw.boss__recharge__p202610'::regclass"
        " and attnum > 0 and not attisdropped order by attname"
    )
    assert [c for (c,) in columns] == sorted([*HEADER.split(","), "_extra", "_load_id", "_period"])
    state = {s["feed"]: s for s in feed_states(warehouse.settings)}[FEED]
    assert state["drift"] == [
        "x.csv: column 'note' is not in the contract; its values are kept in _extra"
    ]
    assert warehouse.orphans() == []


def test_without_a_new_column_raw_has_no_place_for_one(warehouse: Warehouse) -> None:
    assert warehouse.load(warehouse.file("x.csv", text(rows(3)))).drift == []
    with pytest.raises(Exception, match="_extra"):
        extras(warehouse)


def test_new_columns_differ_from_file_to_file_and_period_to_period(warehouse: Warehouse) -> None:
    september = [line.replace("2026-10", "2026-09") for line in rows(2)]
    warehouse.load(warehouse.file("s.csv", text(september)), period="2026-09")
    files = [
        warehouse.file("a.csv", noted(rows(3))),
        warehouse.file("b.csv", noted(rows(3, 11), header="NOTE")),
        warehouse.file("c.csv", text([f"7,{r}" for r in rows(1, 21)], "批次 号," + HEADER)),
        warehouse.file("d.csv", text(rows(1, 31))),
    ]
    result = warehouse.load(*files)
    assert (result.state, len(result.drift)) == ("loaded", 3), result.error
    got = warehouse.query("select recharge_id, _extra from raw.boss__recharge"
                          " where _extra is not null order by 1")  # fmt: skip
    assert got == [
        ("R0000001", {"note": "n0"}), ("R0000011", {"note": "n0"}), ("R0000021", {"批次 号": "7"}),
    ]  # fmt: skip
    again = warehouse.load(warehouse.file("e.csv", text(rows(5))))
    assert (again.state, again.drift) == ("loaded", [])
    assert warehouse.query("select count(*) from raw.boss__recharge where _extra is null") == [(7,)]


def test_odd_names_and_values_of_new_columns_survive(warehouse: Warehouse) -> None:
    header = HEADER + ''',"a ""b""",it's,_extra,_line,100%'''
    values = ""","q""uote","two\nlines",\\,{},%s"""
    result = warehouse.load(warehouse.file("x.csv", text([row(1) + values], header)))
    assert result.state == "loaded", result.error
    assert extras(warehouse) == [
        {'a "b"': 'q"uote', "it's": "two\nlines", "_extra": "\\", "_line": "{}", "100%": "%s"}
    ]


def test_a_contract_that_names_the_column_later_fills_it(warehouse: Warehouse) -> None:
    path = Path(warehouse.settings.landing) / "boss/recharge" / PERIOD / "x.csv"
    path.parent.mkdir(parents=True)
    path.write_text(noted(rows(9)))
    warehouse.load(path)
    assert pending(warehouse.settings) == []
    newer = warehouse.with_operator({FEED: CONTRACT.replace("1.0.0", "1.1.0", 1) + NOTE})
    assert [a.period for a in pending(newer.settings)] == [PERIOD]
    result = newer.load(path)
    assert (result.state, result.drift) == ("loaded", [])
    assert newer.query("select count(note) from raw.boss__recharge") == [(3,)]
    assert set(extras(newer)) == {None}


def test_corrected_rows_keep_what_is_new_in_them(warehouse: Warehouse) -> None:
    lines = [row(1, recharge_amt="x"), *rows(99, 2)]
    warehouse.load(warehouse.file("x.csv", noted(lines)))
    exported = warehouse.folder / "bad.csv"
    assert corrections.export(warehouse.settings, 1, exported) == 1
    assert ",n0," in exported.read_text(encoding="utf-8-sig")
    exported.write_text(exported.read_text(encoding="utf-8").replace(",x,", ",5.00,"), "utf-8")
    result = corrections.replay(warehouse.settings, 1, exported)
    assert (result.state, result.rows_loaded) == ("loaded", 100), result.error
    assert extras(warehouse) == [None if n % 3 else {"note": f"n{n}"} for n in range(100)]


def test_a_renamed_column_is_no_new_one(warehouse: Warehouse) -> None:
    renamed = text(rows(3)).replace("recharge_amt", "recharge_amount")
    result = warehouse.load(warehouse.file("x.csv", renamed))
    assert result.state == "rejected"
    assert "missing recharge_amt; not in the contract: 'recharge_amount'" in result.error
    assert "Is 'recharge_amount' the column recharge_amt?" in result.remedy


def test_a_warehouse_of_an_older_version_is_brought_up(warehouse: Warehouse) -> None:
    path = warehouse.file("x.csv", text(rows(3)))
    with connect(warehouse.settings) as owner:
        owner.execute("alter table ops.load drop column drift")
        owner.execute("delete from ops.migration where name = '040_drift'")
    try:
        with pytest.raises(TelmartError, match="is not of this version") as caught:
            warehouse.load(path)
        assert "telmart up" in caught.value.remedy
        assert warehouse.contents() == {}
        assert read_state(warehouse.settings)["feeds"] == []
    finally:
        with connect(warehouse.settings) as owner:
            assert migrate(owner) == ["040_drift"]
    assert warehouse.load(path).state == "loaded"
    assert warehouse.query("select state, drift from ops.load order by 1") == [
        ("failed", []), ("loaded", []),
    ]  # fmt: skip


# ---- Parquet files: types ----------------------------------------------------------------------
def parquet(warehouse: Warehouse, count: int = 2, **changes: Any) -> Path:
    day = datetime.datetime(2026, 10, 2, 8)
    columns = {
        "recharge_id": [f"R{n}" for n in range(count)],
        "subscriber_id": ["S1"] * count,
        "recharged_at": pa.array([day] * count, pa.timestamp("us")),
        "recharge_amt": pa.array([Decimal("5.00")] * count, pa.decimal128(18, 2)),
        "recharge_channel": ["hall"] * count,
    }
    path = warehouse.folder / "x.parquet"
    pq.write_table(pa.table({**columns, **changes}), path)
    return path


@pytest.mark.parametrize(
    ("column", "values", "found"),
    [
        ("recharge_amt", pa.array([Decimal("5.0000")] * 2, pa.decimal128(30, 4)),
         "decimal128(30, 4)"),
        ("recharge_amt", pa.array(["5", "6.5"]), "string"),
        ("recharge_amt", pa.array([5.0, 0.01]), "double"),
        ("recharged_at", pa.array(["2026-10-01 08:00:00", "2026-10-31"]), "string"),
        ("subscriber_id", pa.array([1, 2]), "int64"),
    ],
)  # fmt: skip
def test_a_wider_type_whose_values_fit_is_taken_and_noted(
    warehouse: Warehouse, column: str, values: Any, found: str
) -> None:
    result = warehouse.load(parquet(warehouse, **{column: values}))
    assert (result.state, result.rows_loaded) == ("loaded", 2), result.error
    assert [(d["column"], d["kind"], d["found"]) for d in result.drift] == [
        (column, "wider file", found)
    ]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"recharged_at": pa.array([datetime.date(2026, 10, 2)] * 2)},
         "recharged_at is date32[day], the contract says timestamp"),
        ({"recharge_amt": pa.array([5.0, 0.01], pa.float32())},
         "recharge_amt is float, the contract says numeric(18,2)"),
        ({"recharge_amt": pa.array([True, False]), "recharge_channel": pa.array([1.5, 2.5])},
         "recharge_amt is bool, the contract says numeric(18,2); recharge_channel is double,"
         " the contract says text"),
        ({"recharge_id": pa.array([["a"], ["b"]])}, "recharge_id is list<"),
        ({"recharge_amt": pa.array([Decimal("5.001"), Decimal(1)], pa.decimal128(30, 3))},
         "x.parquet, row 1, column recharge_amt, value '5.001': has more than 2 decimals; the file"
         " says decimal128(30, 3), the contract numeric(18,2)"),
        ({"recharge_amt": pa.array(["5.00", "five"])}, "is not a valid numeric(18,2)"),
        ({"recharge_amt": pa.array([Decimal(10) ** 20] * 2, pa.decimal128(30, 2))},
         "is not a valid numeric(18,2)"),
    ],
)  # fmt: skip
def test_a_type_that_loses_values_stops_with_the_difference(
    warehouse: Warehouse, changes: dict[str, Any], error: str
) -> None:
    result = warehouse.load(parquet(warehouse, **changes))
    assert result.state == "rejected"
    assert error in result.error
    assert warehouse.contents() == {}


def test_whole_numbers_and_midnights_fit_narrower_columns(warehouse: Warehouse) -> None:
    contract = CONTRACT.replace("logicalType: number", "logicalType: integer").replace(
        "numeric(18,2)", "bigint"
    )
    contract = contract.replace("logicalType: timestamp", "logicalType: date").replace(
        "physicalType: timestamp", "physicalType: date"
    )
    operator = warehouse.with_operator(
        {FEED: contract.replace("min, value: 0.01", "min, value: 1")}
    )
    midnight = pa.array([datetime.datetime(2026, 10, 2)] * 2, pa.timestamp("us"))
    good = {"recharged_at": midnight, "recharge_amt": pa.array([13800138000.0, 2.0])}
    result = operator.load(parquet(warehouse, **good))
    assert (result.state, len(result.drift)) == ("loaded", 2), result.error
    got = operator.query(
        "select recharged_at::text, recharge_amt from raw.boss__recharge order by 2"
    )
    assert got == [("2026-10-02", 2), ("2026-10-02", 13800138000)]
    for change, error in (
        ({"recharge_amt": pa.array([1.0, 2.5])}, "row 2, column recharge_amt, value '2.5': is not a"
         " whole number"),
        ({"recharged_at": pa.array([datetime.datetime(2026, 10, 2, 8)] * 2)},
         "row 1, column recharged_at, value '2026-10-02 08:00:00': has a time of day"),
    ):  # fmt: skip
        result = operator.load(parquet(warehouse, **{**good, **change}))
        assert result.state == "rejected"
        assert error in result.error


def test_new_columns_of_any_parquet_type_are_kept(warehouse: Warehouse) -> None:
    path = parquet(
        warehouse, amount=pa.array([1.5, None]), tags=pa.array([["a", "ü"], None]),
        blob=pa.array([b"\x00\xff", None]), at=pa.array([datetime.date(2026, 1, 2), None]),
        pair=pa.array([{"k": b"\xff"}, None]),
    )  # fmt: skip
    result = warehouse.load(path)
    assert (result.state, len(result.drift)) == ("loaded", 5), result.error
    first, second = extras(warehouse)
    assert second is None
    assert first == {"amount": "1.5", "tags": '["a", "ü"]', "blob": "00ff", "at": "2026-01-02",
                     "pair": '{"k": "ff"}'}  # fmt: skip


# ---- contracts: types --------------------------------------------------------------------------
def wider(warehouse: Warehouse, sql_type: str = "numeric(20,4)") -> Warehouse:
    return warehouse.with_operator(
        {FEED: CONTRACT.replace("1.0.0", "1.1.0", 1).replace("numeric(18,2)", sql_type)}
    )


def test_a_wider_contract_widens_raw_under_the_views_that_read_it(warehouse: Warehouse) -> None:
    september = [line.replace("2026-10", "2026-09") for line in rows(3)]
    warehouse.load(warehouse.file("s.csv", text(september)), period="2026-09")
    with connect(warehouse.settings) as owner:
        owner.execute("create role widening_reader")
        owner.execute("create schema if not exists staging")
        owner.execute(
            "create view staging.a with (security_barrier=true) as"
            " select recharge_id, recharge_amt from raw.boss__recharge"
        )
        owner.execute('create view staging."B b" as select sum(recharge_amt) as amt from staging.a')
        owner.execute("comment on view staging.a is 'it''s read'")
        owner.execute("grant select on staging.a to widening_reader")
    try:
        fine = warehouse.file("x.csv", text([row(1, recharge_amt="1.2345")]))
        result = wider(warehouse).load(fine)
        assert result.state == "loaded", result.error
        assert result.drift == [
            {"where": "raw.boss__recharge", "column": "recharge_amt", "kind": "wider contract",
             "contract": "numeric(20,4)", "found": "numeric(18,2)"}
        ]  # fmt: skip
        assert warehouse.query('select amt from staging."B b"') == [(Decimal("11.7345"),)]
        assert warehouse.query(
            "select reloptions, obj_description(oid, 'pg_class'),"
            " has_table_privilege('widening_reader', oid, 'select')"
            " from pg_class where oid = 'staging.a'::regclass"
        ) == [(["security_barrier=true"], "it's read", True)]
        assert wider(warehouse).load(fine).state == "skipped"
    finally:
        with connect(warehouse.settings) as owner:
            owner.execute("drop view staging.a cascade")
            owner.execute("drop role widening_reader")


def test_what_is_no_view_stops_a_widening_and_nothing_changes(warehouse: Warehouse) -> None:
    path = warehouse.file("x.csv", text(rows(3)))
    warehouse.load(path)
    with connect(warehouse.settings) as owner:
        owner.execute("create materialized view raw_old.kept as"
                      " select recharge_amt from raw.boss__recharge")  # fmt: skip
    try:
        with pytest.raises(TelmartError, match=r"raw_old\.kept is made of raw\.boss__recharge"):
            wider(warehouse).load(path)
        assert warehouse.query("select count(*) from raw_old.kept") == [(3,)]
        assert warehouse.load(path).state == "skipped"
    finally:
        with connect(warehouse.settings) as owner:
            owner.execute("drop materialized view raw_old.kept")


def test_a_query_that_reads_raw_for_long_stops_a_widening(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = warehouse.file("x.csv", text(rows(3)))
    warehouse.load(path)
    monkeypatch.setattr(partition, "SWAP_TIMEOUT", "200ms")
    with connect(warehouse.settings) as reader:
        reader.execute("select count(*) from raw.boss__recharge")
        with pytest.raises(TelmartError, match="was being read for more than 200ms"):
            wider(warehouse).load(path)
    assert wider(warehouse).load(path).state == "loaded"


@pytest.mark.parametrize(
    ("sql_type", "error"),
    [
        ("numeric(16,2)", "is numeric(16,2), which is narrower than what raw.boss__recharge holds:"
         " numeric(18,2)"),
        ("numeric(18,4)", "is numeric(18,4), which is not what raw.boss__recharge holds"),
    ],
)  # fmt: skip
def test_a_narrower_contract_stops_with_the_difference(
    warehouse: Warehouse, sql_type: str, error: str
) -> None:
    path = warehouse.file("x.csv", text(rows(3)))
    warehouse.load(path)
    contents = warehouse.contents()
    with pytest.raises(TelmartError) as caught:
        wider(warehouse, sql_type).load(path)
    assert error in caught.value.message
    assert "boss/recharge.yaml says recharge_amt" in caught.value.message
    assert "give the column a new name" in caught.value.remedy
    assert warehouse.contents() == contents
