"""Which type may take the place of which."""

from __future__ import annotations

import pytest

from orchestration.contracts.widening import same_type, widens

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("varchar(5)", "varchar(6)"), ("character varying(5)", "text"), ("smallint", "integer"),
        ("integer", "bigint"), ("integer", "numeric(12,2)"), ("bigint", "numeric"),
        ("numeric(18,2)", "numeric(20,2)"), ("numeric(18,2)", "numeric(20, 4)"),
        ("numeric(18,2)", "numeric"), ("numeric(5)", "numeric(6)"), ("real", "double precision"),
    ],
)  # fmt: skip
def test_wider(old: str, new: str) -> None:
    assert widens(old, new)
    assert not widens(new, old)
    assert not same_type(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("date", "timestamp"), ("text", "varchar(5)"), ("integer", "text"), ("integer", "date"),
        ("numeric(18,2)", "numeric(18,4)"), ("integer", "numeric(11,2)"), ("char(3)", "text"),
        ("integer", "double precision"), ("numeric(18,2)", "double precision"),
    ],
)  # fmt: skip
def test_neither_wider_nor_the_same(old: str, new: str) -> None:
    assert not widens(old, new)
    assert not same_type(old, new)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("timestamp", "timestamp without time zone"), ("varchar(5)", "character varying(5)"),
        ("char(2)", "character(2)"), ("numeric(18, 2)", "numeric(18,2)"),
        ("numeric(5)", "numeric(5,0)"), ("text", "text"),
    ],
)  # fmt: skip
def test_spellings_of_one_type(one: str, other: str) -> None:
    assert same_type(one, other)
    assert not widens(one, other)
