"""``telmart rules diff``: the numbers are those one counts by hand, and nothing is left behind.

The customers are in eight.sql.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from orchestration.cli import rules as command
from orchestration.defs.dbt import assets
from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.publication import open_holds
from orchestration.rules import difference as module
from orchestration.rules.changes import row_changes
from orchestration.rules.difference import Difference, difference
from orchestration.rules.preview import Model
from orchestration.rules.sides import new_side, old_side
from orchestration.settings import Settings
from tests.conftest import free_port
from tests.models.warehouse import rows
from tests.rules.spoiling import Spoilt, csv_text, table_rows

SEGMENTS, WARNINGS = "mart_retention__segment_month", "mart_retention__warning"
COHORTS = "mart_retention__cohort_month"


@pytest.fixture(autouse=True, scope="module")
def compiled_once() -> Iterator[None]:
    """The models' SQL does not depend on the rules: one compilation serves all tests of a month."""
    real, kept = module.compiled, dict[object, dict[str, str]]()

    def compiled(settings: Settings, models: Sequence[Model], months: Sequence[date]) -> object:
        key = (tuple(model.name for model in models), tuple(months))
        if key not in kept:
            kept[key] = real(settings, models, months)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "compiled", compiled)
        yield


def changed(folder: Path, table: str, **change: dict[str, str]) -> Path:
    """A CSV in which rows, by key, have other values."""
    path = folder / f"{table}.csv"
    key = next(iter(table_rows(table)[0]))
    path.write_text(csv_text([{**r, **change.get(r[key], {})} for r in table_rows(table)]))
    return path


def state(settings: Settings) -> dict[str, str]:
    """Every schema, and every table with a digest of its rows."""
    found = {name: "" for (name,) in rows(settings, "select nspname from pg_namespace")}
    tables = rows(
        settings,
        "select format('%I.%I', schemaname, tablename) from pg_tables"
        " where schemaname in ('reference', 'core', 'build', 'raw', 'ops', 'status')",
    )
    for (table,) in tables:
        [(digest,)] = rows(
            settings, f"select md5(string_agg(t::text, '|' order by t::text)) from {table} as t"
        )
        found[table] = digest or "empty"
    return {name: digest for name, digest in found.items() if "temp" not in name}


def numbers(found: Difference, mart: str, measure: str) -> dict[str, tuple[int, int]]:
    return {
        r.segment: (int(r.old), int(r.new))
        for r in found.results
        if (r.mart, r.measure) == (mart, measure)
    }


def test_a_changed_vad_threshold(built: Settings, tmp_path: Path) -> None:
    before = state(built)
    path = changed(tmp_path, "vad_threshold", vad_v_1={"min_value": "350"})
    found = difference(built, [path])
    [row] = found.rows
    assert (row.rule_id, row.kind, row.text) == ("vad_v_1", "changed", "min_value 300.00 → 350")
    assert f"{found.month:%Y-%m}" == "2026-10"
    # 300 minutes: customers 3 to 8 are V, 1 and 2 none. 350 minutes: 6, 7 and 8 are V.
    assert numbers(found, SEGMENTS, "subscriber_cnt") == {
        "vad_class = V": (6, 3),
        "vad_class = NVAD": (2, 5),
    }
    # October's bills: 70 + 60 + 50 move from V (270) to NVAD (175)
    assert numbers(found, SEGMENTS, "billed_amt") == {
        "vad_class = V": (270, 90),
        "vad_class = NVAD": (175, 355),
    }
    assert WARNINGS in found.marts and not numbers(found, WARNINGS, "warning_cnt")
    assert state(built) == before


def test_a_changed_warning_rule(built: Settings, tmp_path: Path) -> None:
    before = state(built)
    path = changed(
        tmp_path, "warning_rule",
        bill_drop_1={"threshold_value": "0.20"}, bill_drop_3={"is_enabled": "false"},
    )  # fmt: skip
    found = difference(built, [path], month="2026-10")
    assert [(r.rule_id, r.text) for r in found.rows] == [
        ("bill_drop_1", "threshold_value 0.3000 → 0.20"),
        ("bill_drop_3", "is_enabled true → false"),
    ]
    # Bills fell by 0, .25, .30, .40, .50, .60, .70, .80. Level 1 from .30, 2 from .50, 3 from .70:
    # two customers each. Level 1 from .20 has .25, .30, .40; without level 3, level 2 has four.
    warned = numbers(found, WARNINGS, "warning_cnt")
    assert warned[""] == (6, 7)
    assert warned["warning_type = bill_drop"] == (6, 7)
    assert warned["warning_level = 1"] == (2, 3)
    assert warned["warning_level = 2"] == (2, 4)
    assert warned["warning_level = 3"] == (2, 0)
    assert warned["rule_id = bill_drop_3"] == (2, 0)
    assert found.marts == [WARNINGS]
    assert state(built) == before


def test_a_cohort_frozen_earlier_is_frozen_anew(built: Settings, tmp_path: Path) -> None:
    """As accepting the rule would: with 90 yuan all eight were mid/high-end in June, with 120 none.

    June's average is 100 yuan and at least 100 outgoing minutes.
    """
    path = changed(tmp_path, "mid_high_rule", mid_high_1={"min_billed_amt": "90"})
    found = difference(built, [path])
    assert set(numbers(found, COHORTS, "base_cnt").values()) == {(0, 8)}
    assert numbers(found, COHORTS, "retained_cnt")["cohort_id = 2026-06"] == (0, 8)
    # baseline July to September, 100 yuan: all eight are mid/high-end in October
    assert numbers(found, SEGMENTS, "mid_high_cnt")[""] == (0, 8)


def test_an_earlier_month(built: Settings, tmp_path: Path) -> None:
    path = changed(tmp_path, "vad_threshold", vad_v_1={"min_value": "350"})
    found = difference(built, [path], month="2026-09")
    assert numbers(found, SEGMENTS, "subscriber_cnt")["vad_class = V"] == (6, 3)
    # all bills were 100
    assert numbers(found, SEGMENTS, "billed_amt")["vad_class = V"] == (600, 300)
    with pytest.raises(TelmartError, match=r"2027-01 is not built.*2026-06 to 2026-10"):
        difference(built, [path], month="2027-01")


def test_a_rule_that_begins_later_changes_nothing_yet(built: Settings, tmp_path: Path) -> None:
    new = {"rule_id": "vad_v_2", "min_value": "400", "valid_from": "2026-11-01"}
    path = Spoilt(
        "vad_threshold", "", "", "", "", "", add=[("vad_v_1", new)],
        change={("vad_v_1", "valid_to"): "2026-11-01"},
    ).write(tmp_path)  # fmt: skip
    found = difference(built, [path])
    assert [(r.rule_id, r.kind) for r in found.rows] == [
        ("vad_v_1", "changed"), ("vad_v_2", "added"),
    ]  # fmt: skip
    assert SEGMENTS in found.marts and found.results == []


def test_against_a_file(built: Settings, tmp_path: Path) -> None:
    """The old rules are the file's, the new ones those in force."""
    path = changed(tmp_path, "vad_threshold", vad_v_1={"min_value": "350"})
    found = difference(built, against=str(path))
    assert numbers(found, SEGMENTS, "subscriber_cnt")["vad_class = V"] == (3, 6)


def test_no_difference(built: Settings, tmp_path: Path) -> None:
    path = changed(tmp_path, "vad_threshold", vad_v_1={"min_value": "300.0"})
    assert difference(built, [path]).rows == []


def test_a_table_no_model_reads_yet(built: Settings, tmp_path: Path) -> None:
    path = changed(tmp_path, "fund_rule", fund_1={"vesting_months": "18"})
    found = difference(built, [path])
    assert [r.text for r in found.rows] == ["vesting_months 12 → 18"]
    assert (found.models, found.results) == ([], [])


def test_nothing_is_left_after_a_failure(
    built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(built)
    path = changed(tmp_path, "vad_threshold", vad_v_1={"min_value": "350"})

    def fail(scratch: object, *others: object) -> None:
        [(made,)] = scratch.rows("select count(*) from telmart_rules_preview.vad_threshold")  # type: ignore[attr-defined]
        assert made == 3
        raise RuntimeError("in the middle")

    monkeypatch.setattr(module, "measure", fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        difference(built, [path])
    assert state(built) == before


def test_faulty_rules_are_not_compared(built: Settings, tmp_path: Path) -> None:
    path = changed(tmp_path, "vad_threshold", vad_v_1={"min_value": "-1"})
    with pytest.raises(TelmartError, match=r"(?s)new rules have faults.*line 2, column min_value"):
        difference(built, [path])
    with pytest.raises(TelmartError, match="old rules have faults"):
        difference(built, against=str(path))
    with pytest.raises(TelmartError, match="no file, no folder, and no commit"):
        difference(built, against="no-such-branch")


def test_without_a_warehouse(built: Settings, tmp_path: Path) -> None:
    path = changed(tmp_path, "vad_threshold", vad_v_1={"min_value": "350"})
    with pytest.raises(TelmartError, match=r"(?s)does not answer.*telmart up"):
        difference(dataclasses.replace(built, pg_port=free_port()), [path])


def test_an_empty_warehouse(scratch: Settings, tmp_path: Path) -> None:
    path = changed(tmp_path, "vad_threshold", vad_v_1={"min_value": "350"})
    with pytest.raises(TelmartError, match=r"holds no rules yet.*telmart run"):
        difference(scratch, [path])


def test_against_a_commit(built: Settings, tmp_path: Path) -> None:
    """An operator keeps its rules in a repository of its own."""
    own = tmp_path / "operator/reference"
    own.mkdir(parents=True)
    operator = dataclasses.replace(built, operator=own.parent)

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=n", "-c", "user.email=n@localhost"]
        subprocess.run(["git", "-C", own, *identity, *arguments], check=True, capture_output=True)

    git("init", "-b", "approved")
    changed(own, "vad_threshold", vad_v_1={"min_value": "280"})
    git("add", ".")
    git("commit", "-m", "approved")
    changed(own, "vad_threshold", vad_v_1={"min_value": "260"})
    changed(own, "fund_rule", fund_1={"vesting_months": "18"})

    old = old_side(operator, "approved")
    assert old.label == "commit approved"
    found = {
        c.rule_id: (c.kind, c.text)
        for c in row_changes(old.contents, new_side(operator, []).contents)
    }
    # the commit has no fund_rule: to it the row is new
    assert found.pop("vad_v_1") == ("changed", "min_value 280 → 260")
    assert found.pop("fund_1")[0] == "added"
    assert found == {}


def test_the_command_line(built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "settings", lambda: built)
    app = typer.Typer()
    command.register(app)
    app.command("other")(lambda: None)
    path = changed(tmp_path, "vad_threshold", vad_v_1={"min_value": "350"})
    done = CliRunner().invoke(app, ["rules", "diff", str(path)], env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    for part in ("~ vad_v_1  min_value 300.00 → 350", "Results of 2026-10", "vad_class = NVAD"):
        assert part in done.output
    done = CliRunner().invoke(app, ["rules", "diff", str(path), "--json"])
    said = json.loads(done.stdout)
    assert said["month"] == "2026-10-01"
    [moved] = [
        r
        for r in said["results"]
        if (r["measure"], r["segment"]) == ("subscriber_cnt", "vad_class = V")
    ]
    assert Decimal(moved["difference"]) == -3
    assert CliRunner().invoke(app, ["rules", "diff", str(tmp_path / "x.csv")]).exit_code == 2


def test_a_refresh_says_on_the_dashboards_why_it_built_nothing(
    built: Settings, tmp_path: Path
) -> None:
    own = tmp_path / "operator/reference"
    own.mkdir(parents=True)
    changed(own, "vad_threshold", vad_v_1={"min_value": "-1"})
    session = SimpleNamespace(settings=dataclasses.replace(built, operator=own.parent))
    with pytest.raises(TelmartError, match="nothing was built"):
        assets._refuse_faulty_rules(session)  # type: ignore[arg-type]
    with connect(built) as warehouse:
        [hold] = [hold for hold in open_holds(warehouse) if hold.check_name == "dbt"]
    assert "vad_threshold.csv, line 2, column min_value" in hold.reason_en
    assert hold.reason.startswith("规则表有误")
