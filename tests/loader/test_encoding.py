"""UTF-8 and GB18030 told apart, also when one byte is broken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.loader.encoding import ToUtf8
from orchestration.loader.result import RejectedError

pytestmark = pytest.mark.fast

CHINESE = "编号,姓名\n1,张三丰\n2,李四\n3,欧阳修\n4,王小明\n"
texts = st.lists(
    st.text(st.sampled_from("张王李赵欧阳修明月光湖南省长沙市岳麓区营业厅客户经理"), min_size=2),
    min_size=3, max_size=40,
)  # fmt: skip


def convert(data: bytes, size: int = 1 << 20, hint: str | None = None) -> tuple[bytes, str | None]:
    def cut() -> Iterator[bytes]:
        yield from (data[i : i + size] for i in range(0, len(data), size))

    converter = ToUtf8("x.csv", hint)
    return b"".join(converter.convert(cut())), converter.encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_each_encoding_becomes_utf8(encoding: str) -> None:
    got, found = convert(CHINESE.encode(encoding))
    assert got.decode() == CHINESE
    assert found == ("gb18030" if encoding.startswith("gb") else "utf-8")


@given(texts, st.integers(1, 200))
def test_pieces_may_cut_a_character(names: list[str], size: int) -> None:
    text = "id,name\n" + "".join(f"{n},{name}客户\n" for n, name in enumerate(names))
    assert convert(text.encode(), size)[0].decode() == text
    assert convert(text.encode("gb18030"), size)[0].decode() == text


@given(texts)
def test_lists_of_names_are_never_taken_for_the_other(names: list[str]) -> None:
    text = "id,name\n" + "".join(f"{n},{name}\n" for n, name in enumerate(names))
    assert convert(text.encode())[1] == "utf-8"
    assert convert(text.encode("gb18030"))[0].decode() == text


def test_the_famous_line_does_not_decide_alone() -> None:
    text = "编号,品牌名称\n1,联通\n2,移动全球通\n"
    assert convert(text.encode("gb18030"))[0].decode() == text


@pytest.mark.parametrize("name", ["José", "Müller GmbH", "Ульяна", "Ελένη", "naïve café"])
def test_other_alphabets_in_utf8_are_left_alone(name: str) -> None:
    text = f"id,name\n1,{name}\n2,x\n"
    assert convert(text.encode()) == (text.encode(), "utf-8")


def test_ascii_first_and_chinese_a_megabyte_later() -> None:
    text = "a,b\n" * 400_000 + CHINESE
    got, found = convert(text.encode("gb18030"))
    assert found == "gb18030"
    assert got.decode() == text


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_one_broken_byte_stays_where_it_is(encoding: str) -> None:
    data = CHINESE.encode(encoding).replace(b"\n3,", b"\n\xff3,")
    got, found = convert(data)
    assert found == encoding
    lines = got.split(b"\n")
    assert lines[3].startswith(b"\xff3,")
    assert [line.decode() for line in lines[4:]] == CHINESE.split("\n")[4:]


def test_utf16_is_refused() -> None:
    with pytest.raises(RejectedError, match="UTF-16"):
        convert(CHINESE.encode("utf-16"))
