"""``telmart rules check``: every table, every fault, with file, line, column, value, remedy."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from orchestration.cli import rules as command
from orchestration.errors import TelmartError
from orchestration.rules import Fault, check, require_sound, rule_tables
from orchestration.rules.pages import PAGE, page
from orchestration.rules.reading import read
from orchestration.settings import Settings
from orchestration.settings import settings as from_env
from tests.conftest import scratch_settings
from tests.rules.cases import CASES
from tests.rules.spoiling import FILES, csv_text, line_of, table_rows

pytestmark = pytest.mark.fast

TABLES = sorted(rule_tables())
#: those with rows to spoil; what may be empty is the operator's to fill
FILLED = [table for table in TABLES if table_rows(table)]
#: the YAML files whose tables are spoilt in cases.py
TOPICS = {f"_rules__{topic}" for topic in
          ("retention", "warning", "value", "customer_value", "value_warning", "loyalty",
           "offer", "individual", "channel", "service", "codes")}  # fmt: skip


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return scratch_settings(tmp_path_factory.mktemp("rules"))


def faults_of(here: Settings, path: Path) -> list[Fault]:
    return [fault for fault in check(here, [path]).faults if fault.file == str(path)]


def test_ours_are_sound_and_nothing_is_left_unjudged(here: Settings) -> None:
    report = check(here)
    assert report.faults == []
    assert set(report.contents) == set(TABLES)
    spoilt = {case.table for case in CASES.values()}
    assert [said for said in report.left_to_dbt if said.split(":")[0] in spoilt] == []


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_told(here: Settings, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    path = case.write(tmp_path)
    found = [fault for fault in faults_of(here, path) if fault.test == case.test]
    [fault] = [f for f in found if f.column == case.column and f.rule_id == (case.at or f.rule_id)]
    assert fault.table == case.table
    assert fault.value == case.value
    assert case.remedy in fault.remedy
    if case.at:
        assert fault.line == line_of(path, case.at)
    assert fault.says.endswith(".") and fault.remedy.endswith((".", ")"))


def test_every_table_and_every_invariant_has_a_case() -> None:
    """A table or a kind of invariant that nobody spoils would not be known to work."""
    cases = {(case.table, case.test) for case in CASES.values()}
    tested = {case.table for case in CASES.values()}
    ours = {n for n, t in rule_tables().items() if t.described_in.stem in TOPICS}
    assert tested == ours - {"code_name"}
    for name in tested:
        kinds = {i.test for i in rule_tables()[name].invariants} - {"unique", "not_null", "filled"}
        missing = kinds - {test for table, test in cases if table == name}
        assert missing <= {"known_source", "no_overlap", "allowed", "same_days"}, name
    every = {i.test for t in tested for i in rule_tables()[t].invariants} - {"not_null"}
    assert every == {case.test for case in CASES.values()}


# ---- form and types: the same faults in every table --------------------------------------------
def spoilt_text(table: str, row: int, column: str, value: str) -> str:
    rows = table_rows(table)
    rows[row][column] = value
    return csv_text(rows)


#: by type, a value that is none and what to do
BAD_VALUES = [
    ("integer", "three", "Write digits only"), ("integer", "3.5", "Write digits only"),
    ("numeric", "30%", "30 % is 0.30"), ("numeric", "1,000", "without spaces or commas"),
    ("numeric", "0.123456789", "Give it at most"), ("numeric", "99999999999999999", "Stay below"),
    ("boolean", "yes", "Write true or false"), ("date", "2026/1/1", "2026-01-01"),
    ("date", "2026-02-30", "Correct the month or the day"), ("text", " x", "Delete the space"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "remedy"), BAD_VALUES)
@pytest.mark.parametrize("table", FILLED)
def test_a_value_of_another_type(
    tmp_path: Path, table: str, kind: str, value: str, remedy: str
) -> None:
    typed = [c for c, t in rule_tables()[table].types.items() if t.split("(")[0] == kind]
    if not typed:
        return
    row = len(table_rows(table)) - 1
    path = tmp_path / f"{table}.csv"
    path.write_text(spoilt_text(table, row, typed[-1], value), encoding="utf-8")
    [fault] = read(rule_tables()[table], path, path.name).faults
    assert (fault.line, fault.column, fault.value) == (row + 2, typed[-1], value)
    assert remedy in fault.remedy


def test_only_what_says_so_may_be_empty() -> None:
    assert {t for t, said in rule_tables().items() if said.may_be_empty} == set(TABLES) - set(
        FILLED
    )


FORMS = {
    "missing": "Add it to the header",
    "renamed": "Rename the column",
    "unknown": "has no column 'colour'",
    "ragged": "quotation marks",
    "blank": "Delete the line",
    "semicolons": "comma-separated",
    "gbk": "CSV UTF-8",
    "open quote": "quotation mark",
    "no rows": "Give it its rules",
    "nothing": "Add it to the header",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("table", FILLED)
def test_a_file_of_another_form(tmp_path: Path, table: str, form: str) -> None:
    text = csv_text(table_rows(table))
    head, *lines = text.splitlines()
    last = head.split(",")[-1]
    expected: tuple[int | None, str] = (1, last)
    raw = b""
    if form == "missing":
        text = csv_text([{k: v for k, v in r.items() if k != last} for r in table_rows(table)])
    elif form == "renamed":
        text = text.replace(last, last + "s", 1)
    elif form == "unknown":
        text, expected = (
            csv_text([{**r, "colour": "red"} for r in table_rows(table)]),
            (1, "colour"),
        )
    elif form == "ragged":
        text, expected = text + lines[-1] + ",more\n", (len(lines) + 2, "")
    elif form == "blank":
        text, expected = text + "," * head.count(",") + "\n", (len(lines) + 2, "")
    elif form == "semicolons":
        text, expected = text.replace(",", ";"), (1, "")
    elif form == "gbk":
        raw, expected = (text + "价值").encode("gb18030"), (None, "")
    elif form == "open quote":
        text, expected = text + '"' + lines[-1] + "\n", (len(lines) + 2, "")
    elif form == "no rows":
        text, expected = head + "\n", (None, "")
    elif form == "nothing":
        text = ""
    path = tmp_path / f"{table}.csv"
    path.write_bytes(raw or text.encode())
    found = read(rule_tables()[table], path, path.name).faults
    assert (found[-1].line if form == "open quote" else found[0].line) == expected[0]
    told = [f for f in found if f.column == expected[1]]
    assert any(FORMS[form] in f"{f.says} {f.remedy}" for f in told), found


def test_excel_marks_and_nulls_are_taken_as_dbt_takes_them(here: Settings, tmp_path: Path) -> None:
    path = tmp_path / "vad_threshold.csv"
    text = csv_text(table_rows("vad_threshold")).replace(",2000-01-01,,", ",2000-01-01,NULL,")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert check(here, [path]).faults == []


# ---- where the files are -----------------------------------------------------------------------
def test_an_operators_own_tables_are_judged(here: Settings, tmp_path: Path) -> None:
    own = tmp_path / "operator/reference"
    own.mkdir(parents=True)
    path = CASES["two rules for V"].write(own)
    operator = dataclasses.replace(here, operator=own.parent)
    [fault] = check(operator).faults
    assert (fault.file, fault.rule_id) == (str(path), "second")
    (own / "vad_treshold.csv").write_text("rule_id\n")
    with pytest.raises(TelmartError, match="is not one of the rule tables"):
        check(operator)


def test_a_refresh_refuses_faulty_rules(here: Settings, tmp_path: Path) -> None:
    require_sound(here)
    own = tmp_path / "operator/reference"
    own.mkdir(parents=True)
    path = CASES["social attribute below ability to pay"].write(own)
    with pytest.raises(TelmartError) as refused:
        require_sound(dataclasses.replace(here, operator=own.parent))
    assert f"{path}, line 5, column weight (row vw_three_social_1)" in refused.value.message
    assert "telmart rules check" in refused.value.remedy


def run(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    command.register(app)
    app.command("other")(lambda: None)
    done = CliRunner().invoke(app, ["rules", *arguments])
    return done.exit_code, done.output


def test_the_command_line(tmp_path: Path) -> None:
    assert from_env().operator is None
    code, said = run("check")
    assert code == 0 and "Sound:" in said
    path = CASES["weights over one"].write(tmp_path)
    code, said = run("check", str(path))
    assert code == 1
    for part in ("line 2", "weight", "0.7000 + 0.4000", "0.1 too much", "vw_two_axis_revenue_1"):
        assert part in said
    code, said = run("check", str(tmp_path), "--json")
    report = json.loads(said)
    assert code == 1 and not report["sound"]
    assert report["faults"][0] | {"line": 2, "column": "weight"} == report["faults"][0]
    assert {t["table"] for t in report["tables"]} == set(FILES)
    assert run("check", str(tmp_path / "nowhere"))[0] == 2
    (tmp_path / "weights.csv").write_text("x\n")
    code, said = run("check", str(tmp_path / "weights.csv"))
    assert code == 2 and "not named like a rule table" in " ".join(
        re.sub("[│\n]", " ", said).split()
    )
    assert run("check", "--colour")[0] == 2


def test_the_page_of_all_tables_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"
