"""The header: which delimiter, which columns, and what to say when it is not this feed's."""

from __future__ import annotations

import pytest

from orchestration.contracts import read_contract
from orchestration.contracts.derive import STANDARD_CONTRACTS
from orchestration.loader.header import read_header
from orchestration.loader.result import RejectedError

pytestmark = pytest.mark.fast

FEED = read_contract(STANDARD_CONTRACTS / "boss/recharge.yaml")
NAMES = [c.name for c in FEED.columns]


@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";"])
def test_delimiters(delimiter: str) -> None:
    assert read_header(FEED, "x.csv", delimiter.join(NAMES)) == (delimiter, NAMES)


@pytest.mark.parametrize(
    "header",
    [
        "RECHARGE_ID,SUBSCRIBER_ID,RECHARGED_AT,RECHARGE_AMT,RECHARGE_CHANNEL",
        "充值流水号,用户标识,充值时间,充值金额（元）,充值渠道",
        "pay_id,用户编号,recharged_at, recharge_amt ,充值渠道",
        '"recharge_id","subscriber_id","recharged_at","recharge_amt","recharge_channel"',
    ],
)
def test_other_names_of_the_columns(header: str) -> None:
    assert read_header(FEED, "x.csv", header) == (",", NAMES)


def test_the_order_is_the_file_s() -> None:
    assert read_header(FEED, "x.csv", ",".join(reversed(NAMES)))[1] == NAMES[::-1]


def test_a_new_column_keeps_its_own_name() -> None:
    header = ",".join(["Note", *NAMES, " 备注\u3000二 "])
    assert read_header(FEED, "x.csv", header) == (",", ["Note", *NAMES, "备注\u3000二"])


@pytest.mark.parametrize(
    ("header", "message", "remedy"),
    [
        (",".join(NAMES[:-1]), "missing recharge_channel", "feeds describe boss.recharge"),
        (",".join([*NAMES, "note", "NOTE"]), "named twice: note", "describe"),
        (",".join([*NAMES, ""]), "not in the contract and no name: ''", "describe"),
        (",".join([*NAMES, "no\x00te"]), r"no name: 'no\x00te'", "describe"),
        (",".join([*NAMES, "no\ufffdte"]), r"no name: 'no\ufffdte'", "describe"),
        (",".join([*NAMES, "x" * 201]), "not in the contract and no name: 'xxx", "describe"),
        (
            ",".join([*NAMES, *(f"n{i}" for i in range(201))]),
            "201 are not in the contract, at most 200 may be",
            "describe",
        ),
        (f'recharge_id,"{"x" * 200_000}"', "the header cannot be read: field larger", "line end"),
        (",".join([*NAMES, '"a']), "the header cannot be read: unexpected end of data", "quote"),
        (",".join([*NAMES, "a\u200b"]), r"no name: 'a\u200b'", "describe"),
        (
            ",".join([*NAMES[:3], "recharge_amount", NAMES[4]]),
            "missing recharge_amt; not in the contract: 'recharge_amount'",
            "Is 'recharge_amount' the column recharge_amt? Rename it in the extract, or add it to"
            " `aliases` in recharge.yaml.",
        ),
        (",".join([*NAMES, "PAY_ID"]), "named twice: recharge_id", "describe"),
        ("R1,S1,2026-10-01,5.00,hall", "no column of boss.recharge is named", "template"),
    ],
)
def test_a_header_that_differs(header: str, message: str, remedy: str) -> None:
    with pytest.raises(RejectedError) as caught:
        read_header(FEED, "x.csv", header)
    assert caught.value.message.startswith("x.csv, line 1: ")
    assert message in caught.value.message
    assert remedy in caught.value.remedy
