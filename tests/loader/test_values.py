"""What goes in comes out: any text, any number, whatever the file's shape."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.loader.support import Warehouse

#: what PostgreSQL text and a CSV file can both hold: no NUL, no half of a surrogate pair
texts = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        st.sampled_from("\",\n\r\t|;\\'张三丰联通 "),
    ),
    max_size=20,
)
amounts = st.decimals(-(10**15), 10**15, places=2)

HEADER = ["product_id", "product_name", "product_name_en", "product_family", "is_new_business",
          "list_fee_amt"]  # fmt: skip


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    records=st.lists(st.tuples(texts, texts, amounts.map(abs)), min_size=1, max_size=15),
    delimiter=st.sampled_from(",\t|"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    careful=st.booleans(),
)
def test_any_value_comes_back(
    warehouse: Warehouse,
    *,
    records: list[tuple[str, str, Decimal]],
    delimiter: str,
    line_end: str,
    encoding: str,
    careful: bool,
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER)
    expected: list[tuple[Any, ...]] = []
    # a hundred plain Chinese rows tell the encoding, as any real file does
    plain = [(f"全球通套餐{n}", "plan", Decimal(n)) for n in range(100)]
    for number, (name, english, fee) in enumerate([*plain, *records]):
        name_ = "x" + name  # a required text may be anything but empty
        english_ = english + "x"
        writer.writerow([f"P{number:04d}", name_, english_, "voice", "true", fee])
        expected.append((f"P{number:04d}", name_, english_, fee))
    if careful:
        writer.writerow(["P9999", "x", "x", "no such family", "true", "1"])
    path = warehouse.file("x.csv", out.getvalue().encode(encoding))
    result = warehouse.load(path, feed="boss.product")
    assert result.state in {"loaded", "skipped"}, result.error
    if result.state == "loaded":
        assert result.path == ("careful" if careful else "fast")
    got = warehouse.query(
        "select product_id, product_name, product_name_en, list_fee_amt from raw.boss__product"
        " order by 1"
    )
    assert got == expected
