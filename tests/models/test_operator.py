"""An operator with one wide file a month and none of our feeds: its staging, our core and marts."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dbt_common.exceptions import CompilationError

from orchestration.dbt_folder import REFERENCE, dbt_folder, reference_files
from orchestration.errors import TelmartError
from orchestration.settings import Settings
from tests.models.warehouse import MARTS, dbt, empty_warehouse, execute, rows

HERE = Path(__file__).parent / "operator"


@pytest.fixture
def operator(installation: Settings, tmp_path: Path) -> Iterator[Settings]:
    """The installation, with a copy of the operator's folder."""
    folder = tmp_path / "operator"
    shutil.copytree(HERE, folder)
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(installation.home / "secret.key", home / "secret.key")
    yield dataclasses.replace(installation, home=home, operator=folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_own_staging_our_marts(operator: Settings) -> None:
    assert operator.operator
    empty_warehouse(operator)
    execute(
        operator,
        "create table raw.wide__customer"
        " (number text, minutes numeric(12, 2), arpu numeric(18, 2), _period date);"
        "insert into raw.wide__customer values"
        " ('70008427123', 310, 150, '2014-08-01'), ('70008427124', 3, 15, '2014-08-01'),"
        " ('70008427123', 290, 99, '2014-09-01'), ('70008427124', 3, 15, '2014-09-01')",
    )
    before = contents(operator.operator)

    assert dbt(operator, "build", *MARTS, "--exclude-resource-type", "unit_test") == {}

    found = rows(
        operator,
        "select stat_month::text, msisdn_masked, vad_class, is_mid_high, city_name, county_name,"
        " baseline_billed_amt::numeric(18, 2)::text from build.mart_retention__subscriber_month"
        " order by 1, 2",
    )
    assert found == [
        ("2014-08-01", "700****7123", "V", False, "某市", "某市", None),
        ("2014-08-01", "700****7124", "NVAD", False, "某市", "某市", None),
        # its own V threshold is 250 minutes; with ours 290 would be none
        ("2014-09-01", "700****7123", "V", True, "某市", "某市", "150.00"),
        ("2014-09-01", "700****7124", "NVAD", False, "某市", "某市", "15.00"),
    ]
    assert rows(operator, "select count(*) from build.mart_retention__warning") == [(1,)]
    assert rows(operator, "select count(*) from core.dim_staff") == [(0,)], "a feed it lacks"
    assert contents(operator.operator) == before, "dbt must not write into the operator's folder"


def test_staging_must_look_as_agreed(operator: Settings) -> None:
    assert operator.operator
    empty_warehouse(operator)
    execute(operator, "create table raw.wide__customer (number text, _period date)")
    staging = operator.operator / "dbt/staging"
    (staging / "stg_boss__subscriber_bill.sql").write_text(
        "select cast(_period as date) as stat_month, number as subscriber_id"
        " from {{ source('raw', 'wide__customer') }}"
    )
    failed = dbt(operator, "run", "--select", "stg_boss__subscriber_bill")
    assert "billed_amt" in failed["stg_boss__subscriber_bill"]

    (staging / "stg_hr__staff.sql").write_text("{{ empty_feed('boss.recharge') }}")
    with pytest.raises(CompilationError, match=r"belongs in stg_boss__recharge\.sql"):
        dbt(operator, "run", "--select", "stg_hr__staff")


def test_the_layout_follows_the_folder(operator: Settings) -> None:
    assert operator.operator
    extra = operator.operator / "dbt/staging/int_helper.sql"
    extra.write_text("select 1 as one")
    folder = dbt_folder(operator)
    assert (folder / "models/staging/int_helper.sql").read_text() == "select 1 as one"
    assert (folder / "models/staging/stg_crm.yml").exists(), "our statement of what it must be"
    lacking = (folder / "models/staging/stg_crm__contract.sql").read_text()
    assert lacking == "{{ empty_feed('crm.contract') }}\n"
    rules = folder.parent / "seeds/reference"
    assert (rules / "vad_threshold.csv").readlink().is_relative_to(operator.operator)
    assert (rules / "watch_rule.csv").readlink() == REFERENCE / "watch_rule.csv"

    extra.unlink()
    (operator.operator / "reference/vad_threshold.csv").unlink()
    assert dbt_folder(operator) == folder
    assert not (folder / "models/staging/int_helper.sql").is_symlink()
    assert (rules / "vad_threshold.csv").readlink() == REFERENCE / "vad_threshold.csv"


def test_what_is_wrong_with_the_folder_is_said(operator: Settings, tmp_path: Path) -> None:
    assert operator.operator
    (operator.operator / "reference/vad_treshold.csv").write_text("rule_id\n")
    with pytest.raises(TelmartError, match=r"vad_treshold\.csv is not one of the rule tables"):
        dbt_folder(operator)
    (operator.operator / "reference/vad_treshold.csv").unlink()
    misspelt = operator.operator / "dbt/staging/stg_crm__subscribr.sql"
    misspelt.write_text("select 1 as one")
    with pytest.raises(TelmartError, match=r"stg_crm__subscribr\.sql is not one") as refused:
        dbt_folder(operator)
    assert "stg_crm__subscriber.sql" in str(refused.value.remedy)
    misspelt.unlink()
    nothing = dataclasses.replace(operator, operator=tmp_path / "nothing")
    with pytest.raises(TelmartError, match="holds no models"):
        dbt_folder(nothing)


def test_without_an_operator_it_is_the_repository(installation: Settings) -> None:
    assert dbt_folder(installation).name == "dbt_project"
    assert dbt_folder(installation).is_relative_to(REFERENCE.parents[1])
    assert reference_files(installation)["mid_high_rule.csv"].parent == REFERENCE
