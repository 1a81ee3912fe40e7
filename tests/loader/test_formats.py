"""Every form an extract may take gives the same rows."""

from __future__ import annotations

import datetime
import gzip
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.loader.support import HEADER, Warehouse, row, rows, text

STAFF_HEADER = "工号,姓名,英文姓名,岗位,所属机构标识,入职日期,是否在职"
STAFF = [
    "E1,张三丰,Zhang Sanfeng,analyst,P1,2020-03-01,true",
    "E2,欧阳修,,manager,C1,2019-11-30,t",
    "E3,李明月,Li Mingyue,account_manager,A1,2026-10-31,false",
]
STAFF_ROWS = [
    ("E1", "张三丰", "Zhang Sanfeng", "analyst", "P1", datetime.date(2020, 3, 1), True),
    ("E2", "欧阳修", None, "manager", "C1", datetime.date(2019, 11, 30), True),
    ("E3", "李明月", "Li Mingyue", "account_manager", "A1", datetime.date(2026, 10, 31), False),
]
STAFF_TEXT = text(STAFF, STAFF_HEADER)

QUOTED = "\n".join(",".join(f'"{v}"' for v in line.split(",")) for line in STAFF_TEXT.splitlines())


def staff(warehouse: Warehouse) -> list[tuple[object, ...]]:
    return warehouse.query(
        "select staff_id, staff_name, staff_name_en, post, org_unit_id, hired_on, is_active"
        " from raw.hr__staff where _period = '2026-10-01' and _load_id = 1 order by 1"
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("utf8.csv", STAFF_TEXT.encode()),
        ("bom.csv", STAFF_TEXT.encode("utf-8-sig")),
        ("gb18030.csv", STAFF_TEXT.encode("gb18030")),
        ("tab.txt", STAFF_TEXT.replace(",", "\t").encode()),
        ("pipe.dat", STAFF_TEXT.replace(",", "|").encode("gb18030")),
        ("semicolon.csv", STAFF_TEXT.replace(",", ";").encode()),
        ("windows.csv", STAFF_TEXT.replace("\n", "\r\n").encode("utf-8-sig")),
        ("no_last_newline.csv", STAFF_TEXT.rstrip("\n").encode()),
        ("blank_lines_at_the_end.csv", (STAFF_TEXT + "\n\n").encode()),
        ("quoted.csv", QUOTED.encode()),
        ("plain.csv.gz", gzip.compress(STAFF_TEXT.encode())),
        ("two_members.csv.gz", gzip.compress(STAFF_TEXT.encode()[:40])
            + gzip.compress(STAFF_TEXT.encode()[40:])),
        ("plain.csv.zst", zstandard.compress(STAFF_TEXT.encode("gb18030"))),
        ("two_frames.csv.zst", zstandard.compress(STAFF_TEXT.encode()[:40])
            + zstandard.compress(STAFF_TEXT.encode()[40:])),
        ("named_gz_but_plain.csv.gz", STAFF_TEXT.encode()),
    ],
)  # fmt: skip
def test_text_files(warehouse: Warehouse, name: str, content: bytes) -> None:
    result = warehouse.load(warehouse.file(name, content), feed="hr.staff")
    assert (result.state, result.path, result.rows_loaded) == ("loaded", "fast", 3)
    assert staff(warehouse) == STAFF_ROWS


def test_columns_in_another_order(warehouse: Warehouse) -> None:
    turned = "\n".join(",".join(reversed(line.split(","))) for line in STAFF_TEXT.split("\n"))
    warehouse.load(warehouse.file("x.csv", turned), feed="hr.staff")
    assert staff(warehouse) == STAFF_ROWS


def parquet(path: Path, **changes: object) -> Path:
    columns = {
        "recharge_id": ["R1", "R2"],
        "subscriber_id": ["S1", "S2"],
        "recharged_at": pa.array(
            [datetime.datetime(2026, 10, 1, 8), datetime.datetime(2026, 10, 31, 23, 59, 59)],
            pa.timestamp("us"),
        ),
        "recharge_amt": pa.array([Decimal("50.00"), Decimal("0.01")], pa.decimal128(18, 2)),
        "recharge_channel": pa.array(["hall", "card"]).dictionary_encode(),
    }
    pq.write_table(pa.table({**columns, **changes}), path, compression="zstd", row_group_size=1)
    return path


RECHARGES = [
    ("R1", "S1", datetime.datetime(2026, 10, 1, 8), Decimal("50.00"), "hall"),
    ("R2", "S2", datetime.datetime(2026, 10, 31, 23, 59, 59), Decimal("0.01"), "card"),
]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"recharge_amt": pa.array([50.0, 0.01])},
        {
            "recharged_at": pa.array(
                [
                    datetime.datetime(2026, 10, 1, 0, tzinfo=datetime.UTC),
                    datetime.datetime(2026, 10, 31, 15, 59, 59, tzinfo=datetime.UTC),
                ],
                pa.timestamp("ns", "UTC"),
            )
        },
    ],
    ids=["plain", "float", "with a time zone"],
)
def test_parquet(warehouse: Warehouse, changes: dict[str, object]) -> None:
    result = warehouse.load(parquet(warehouse.folder / "x.parquet", **changes))
    assert (result.state, result.path) == ("loaded", "fast")
    got = warehouse.query(f"select {HEADER} from raw.boss__recharge order by 1")
    assert got == RECHARGES


def test_parquet_with_a_bad_row_names_its_row(warehouse: Warehouse) -> None:
    names = [f"R{n}" for n in range(100)]
    table = pa.table(
        {
            "充值流水号": names,
            "subscriber_id": ["S1"] * 100,
            "recharged_at": [datetime.datetime(2026, 10, 2)] * 100,
            "recharge_amt": [1.5] * 41 + [float("nan")] + [2.5] * 58,
            "recharge_channel": ["hall"] * 100,
        }
    )
    pq.write_table(table, warehouse.folder / "x.parquet")
    result = warehouse.load(warehouse.folder / "x.parquet")
    assert (result.state, result.path, result.rows_loaded) == ("loaded", "careful", 99)
    assert warehouse.quarantine() == [("x.parquet", 42, "recharge_amt", "NaN", "is not a number")]


def test_several_files_of_different_kinds_are_one_period(warehouse: Warehouse) -> None:
    header = HEADER.split(",")
    turned = "\n".join("|".join(reversed(line.split(","))) for line in [HEADER, *rows(10, 11)])
    files = [
        warehouse.file("a.csv", text(rows(10))),
        warehouse.file("b.csv.gz", gzip.compress(turned.encode("gb18030"))),
        warehouse.file("d.csv", HEADER + "\n"),
        parquet(warehouse.folder / "c.parquet"),
    ]
    result = warehouse.load(*files)
    assert (result.state, result.path, result.rows_loaded) == ("loaded", "fast", 22)
    assert warehouse.count() == 22
    got = warehouse.query("select files from ops.load")[0][0]
    assert [(f["name"], f["kind"], f["rows"]) for f in got] == [
        ("a.csv", "plain", 10), ("b.csv.gz", "gzip", 10), ("c.parquet", "parquet", 2),
        ("d.csv", "plain", 0),
    ]  # fmt: skip
    assert got[1]["columns"] == header[::-1]


def test_another_order_of_day_and_month_is_the_contract_s_to_say(warehouse: Warehouse) -> None:
    contract = (Path(__file__).parents[2] / "expectations/contracts/boss/recharge.yaml").read_text()
    american = contract.replace(
        "customProperties:\n", "customProperties:\n  - {property: dateOrder, value: mdy}\n", 1
    )
    operator = warehouse.with_operator({"boss.recharge": american})
    line = row(1, recharged_at="10/31/2026 08:00")
    result = operator.load(warehouse.file("x.csv", text([line])))
    assert result.state == "loaded", result.error
    assert warehouse.query("select recharged_at::date::text from raw.boss__recharge") == [
        ("2026-10-31",)
    ]
    other = warehouse.file("y.csv", text([row(2, recharged_at="10/30/2026 08:00")]))
    assert warehouse.load(other).state == "rejected", "without it, the year comes first"


def test_a_column_that_a_newer_contract_adds_or_drops(warehouse: Warehouse) -> None:
    contract = (Path(__file__).parents[2] / "expectations/contracts/boss/recharge.yaml").read_text()
    added = contract.replace("version: 1.0.0", "version: 1.1.0") + (
        "      - name: bonus_amt\n        logicalType: number\n"
        "        physicalType: numeric(18,2)\n        required: true\n"
    )
    warehouse.load(warehouse.file("a.csv", text(rows(3))))
    newer = warehouse.with_operator({"boss.recharge": added})
    lines = [line + ",1.00" for line in rows(2)]
    assert newer.load(
        warehouse.file("b.csv", text(lines, HEADER + ",bonus_amt")), period="2026-09",
    ).state == "rejected", "the rows are of October"  # fmt: skip
    lines = [line.replace("2026-10", "2026-09") for line in lines]
    result = newer.load(
        warehouse.file("b.csv", text(lines, HEADER + ",bonus_amt")), period="2026-09"
    )
    assert result.state == "loaded", result.error
    got = "select _period::text, count(*), sum(bonus_amt)::text from raw.boss__recharge group by 1"
    assert warehouse.query(got + " order by 1") == [
        ("2026-09-01", 2, "2.00"),
        ("2026-10-01", 3, None),
    ]
    back = warehouse.load(warehouse.file("c.csv", text(rows(4))))
    assert back.state == "loaded", back.error
    assert warehouse.count() == 6


def test_a_narrower_type_is_refused_with_the_way_out(warehouse: Warehouse) -> None:
    contract = (Path(__file__).parents[2] / "expectations/contracts/boss/recharge.yaml").read_text()
    warehouse.load(warehouse.file("a.csv", text(rows(3))))
    narrower = warehouse.with_operator({"boss.recharge": contract.replace("(18,2)", "(16,2)")})
    with pytest.raises(
        Exception, match=r"recharge_amt is numeric\(16,2\), which is narrower than"
    ) as caught:
        narrower.load(warehouse.file("b.csv", text(rows(4))))
    assert "give the column a new name" in caught.value.remedy
    assert warehouse.count() == 3


@pytest.mark.parametrize(
    ("kind", "period", "partition", "good", "bad"),
    [
        ("day", "2026-10-15", "p20261015", "2026-10-15 23:59:59", "2026-10-16 00:00:00"),
        ("full", "full", "pfull", "2014-06-01 00:00:00", "2014-10-01 00:00:00"),
    ],
)
def test_feeds_by_day_and_in_full(
    warehouse: Warehouse, kind: str, period: str, partition: str, *, good: str, bad: str
) -> None:
    contract = (Path(__file__).parents[2] / "expectations/contracts/boss/recharge.yaml").read_text()
    told = f"period, value: {kind}}}"
    if kind == "full":
        told += "\n  - {property: covers, value: 2014-06..2014-09}"
    contract = contract.replace("period, value: month}", told)
    operator = warehouse.with_operator({"boss.recharge": contract})
    lines = [row(n, recharged_at=good) for n in range(99)] + [row(99, recharged_at=bad)]
    result = operator.load(operator.file("x.csv", text(lines)), period=period)
    assert (result.state, result.rows_loaded, result.rows_quarantined) == ("loaded", 99, 1)
    assert operator.quarantine()[0][:3] == ("x.csv", 101, "recharged_at")
    assert list(operator.contents()) == [f"raw.boss__recharge__{partition}"]
    first = {"day": "2026-10-15", "full": "-infinity"}[kind]
    assert operator.query("select distinct _period::text from raw.boss__recharge") == [(first,)]


def test_every_type_a_contract_may_name(warehouse: Warehouse) -> None:
    types = {
        "t": ("string", "text"), "v": ("string", "varchar(5)"), "s": ("integer", "smallint"),
        "b": ("integer", "bigint"), "n": ("number", "numeric"), "f": ("number", "double precision"),
        "r": ("number", "real"), "d": ("date", "date"), "z": ("boolean", "boolean"),
    }  # fmt: skip
    columns = "".join(
        f"      - name: {name}\n        logicalType: {logical}\n        physicalType: {sql_type}\n"
        + ("        primaryKey: true\n" if name in "tb" else "")
        + (
            "        customProperties:\n          - {property: min, value: 1}\n"
            if name in "sf"
            else ""
        )
        for name, (logical, sql_type) in types.items()
    )
    contract = (
        "apiVersion: v3.1.0\nkind: DataContract\nid: x.kinds\nversion: 1.0.0\n"
        "customProperties:\n  - {property: period, value: month}\n"
        "  - {property: tolerance, value: 0.5}\n"
        f"schema:\n  - name: kinds\n    properties:\n{columns}"
    )
    operator = warehouse.with_operator({"x.kinds": contract})
    good = ["k1,abcde,1,9007199254740993,1.23456789,1.5,2.5,2026-10-01,yes",
            "k1,,,2,,,,,", "k2,x,2,2,3,1e3,4,2026-10-31,0", "k3,x,2,2,3,1e3,4,2026-10-31,0",
            "k4,x,2,2,3,1e3,4,2026-10-31,0"]  # fmt: skip
    bad = ["k5,abcdef,1,1,1,1,1,2026-10-01,t", "k6,a,0,1,1,1,1,2026-10-01,t",
           "k7,a,1,1,NaN,1,1,2026-10-01,t", "k8,a,1,1,1,Infinity,1,2026-10-01,t"]  # fmt: skip
    header = ",".join(types)
    result = operator.load(operator.file("x.csv", text(good, header)), feed="x.kinds")
    assert (result.state, result.path) == ("loaded", "fast"), result.error
    assert operator.query("select b, n, f, z from raw.x__kinds order by t, b desc limit 2") == [
        (9007199254740993, Decimal("1.23456789"), 1.5, True), (2, None, None, None)
    ]  # fmt: skip
    result = operator.load(operator.file("x.csv", text([*good, *bad], header)), feed="x.kinds")
    assert (result.state, result.rows_quarantined) == ("loaded", 4), result.error
    assert [q[2:] for q in operator.quarantine()] == [
        ("v", "abcdef", "is not a valid varchar(5)"), ("s", "0", "is below the minimum 1"),
        ("n", "NaN", "is not a number"), ("f", "Infinity", "is not a number"),
    ]  # fmt: skip
