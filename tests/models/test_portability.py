"""Models keep to SQL that PostgreSQL and Spark both understand, and to their layer.

Engine-only SQL belongs in ``dbt_project/macros``. What is refused here was found to fail, or to
give another answer, on one of the two engines.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestration.settings import ROOT

pytestmark = pytest.mark.fast

MODELS = ROOT / "dbt_project/models"
SQL_FILES = sorted([*MODELS.rglob("*.sql"), *(ROOT / "dbt_project/tests").rglob("*.sql")])
CODES = {path.stem for path in (ROOT / "seeds").glob("*/*.csv")}

NOT_PORTABLE = {
    r"\bdistinct\s+on\b": "row_number() over (…) = 1",
    r"\bgenerate_series\b": "dbt.date_spine, or a join with dim_month",
    r"::": "cast(… as …)",
    r"\bdouble\s+precision\b": "dbt.type_float()",
    r"\bas\s+text\b": "dbt.type_string()",
    r"\bto_char\b": "a macro",
    r"\bage\s*\(": "a macro",
    r"\bextract\s*\(\s*epoch\b": "a macro",
    r"\bextract\s*\(\s*(iso)?dow\b": "dim_date.weekday_no: engines number the days differently",
    r"\bstring_agg\b": "dbt.listagg",
    r"(?<![<>=!])~": "like, or a macro",
    r"->>?": "a macro",
    r"\b(any|all)\s*\(\s*array\b": "in (…)",
    r"\bnow\s*\(|\bcurrent_(date|timestamp)\b": "nothing: a month must not depend on when it ran",
    r"\brandom\s*\(": "nothing: a model is repeatable",
    r"(?<!\.)\bdate_trunc\s*\(": "dbt.date_trunc and a cast to date",
    r"(?<!\.)\bdate_part\s*\(": "extract(…)",
    r"\blag\s*\(": "a self-join by month: lag loses numeric precision, and months may be missing",
    r"\bntile\s*\(|\bpercent_rank\s*\((?!\)\s*over\s*\(\s*partition)": "a partitioned window",
    r"\bilike\b": "lower(…) like",
    r"\bround\s*\(": "nothing: no rounding in models",
}


def code_of(text: str) -> str:
    """The SQL without comments, Jinja and string literals, lines kept."""

    def blank(match: re.Match[str]) -> str:
        return "\n" * match.group().count("\n")

    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", blank, text, flags=re.DOTALL)
    text = re.sub(r"--[^\n]*", "", text)
    return re.sub(r"'[^'\n]*'", "''", text)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def refs(path: Path) -> set[str]:
    """What a model names in ref()."""
    return set(re.findall(r"""\bref\(\s*["']([a-z0-9_]+)["']""", path.read_text()))


def test_there_are_models() -> None:
    assert len(SQL_FILES) > 20


@pytest.mark.parametrize("path", SQL_FILES, ids=name_of)
def test_sql_is_portable(path: Path) -> None:
    for number, line in enumerate(code_of(path.read_text()).splitlines(), start=1):
        for pattern, instead in NOT_PORTABLE.items():
            found = re.search(pattern, line, re.IGNORECASE)
            assert not found, f"{name_of(path)}:{number}: {found[0]!r}; use {instead}"
        assert '"' not in line, f"{name_of(path)}:{number}: quoted identifier"
        assert line.isascii(), f"{name_of(path)}:{number}: identifiers are ASCII"


@pytest.mark.parametrize("path", SQL_FILES, ids=name_of)
def test_sql_keeps_to_the_style(path: Path) -> None:
    lines = path.read_text().splitlines()
    if MODELS in path.parents:
        assert lines[0].startswith("-- grain: one row per "), f"{name_of(path)}:1: say the grain"
    for number, line in enumerate(lines, start=1):
        assert len(line) <= 100, f"{name_of(path)}:{number}: longer than 100 columns"
        assert line == line.rstrip() and "\t" not in line, f"{name_of(path)}:{number}: blanks"
    keywords = r"\b(SELECT|FROM|WHERE|JOIN|CASE|WHEN|GROUP|ORDER|AND|OR|AS)\b"
    assert not re.search(keywords, code_of(path.read_text())), (
        f"{name_of(path)}: lower case, please"
    )


@pytest.mark.parametrize("path", sorted(MODELS.rglob("*.sql")), ids=name_of)
def test_layers_read_what_lies_below(path: Path) -> None:
    layer = path.relative_to(MODELS).parts[0]
    reads, text = refs(path), path.read_text()
    assert "source(" not in text or layer == "staging", f"{name_of(path)}: sources are for staging"
    if layer == "staging":
        assert not reads, f"{name_of(path)}: staging reads its own source only"
        system = path.stem.removeprefix("stg_").split("__")[0]
        tables = set(re.findall(r"source\(\s*'raw',\s*'(\w+)'", text))
        assert {t.split("__")[0] for t in tables} == {system}, f"{name_of(path)}: reads {tables}"
        return
    allowed = ("dim_", "fct_", "int_", "bridge_") + (("stg_",) if layer == "core" else ())
    wrong = {name for name in reads if not name.startswith(allowed) and name not in CODES}
    assert not wrong, f"{name_of(path)}: {layer} may not read {sorted(wrong)}"


@pytest.mark.parametrize(
    "line",
    [
        "select distinct on (a) a",
        "a::text",
        "where name ~ 'x'",
        "from generate_series(1, 2)",
        "doc ->> 'a'",
        "lag(billed_amt) over ()",
        "date_trunc('month', d)",
        "round(x, 2)",
        "where d < current_date",
    ],
)
def test_the_lint_sees(line: str) -> None:
    found = [p for p in NOT_PORTABLE if re.search(p, code_of(line), re.IGNORECASE)]
    assert found


def test_the_lint_lets_pass() -> None:
    fine = "cast({{ dbt.date_trunc('month', 'd') }} as date), -- now() ~ a::b\n a >= b, 'x::y'"
    assert not [p for p in NOT_PORTABLE if re.search(p, code_of(fine), re.IGNORECASE)]
