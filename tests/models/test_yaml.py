"""The YAML beside the models: staging as the contracts have it, marts described for people."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.contracts.reading import read_contracts
from orchestration.settings import ROOT
from superset_assets.builder.catalog import UNITS

pytestmark = pytest.mark.fast

MODELS = ROOT / "dbt_project/models"
GENERATED = {"_sources.yml", "exposures.yml", "_exposures.yml"}
#: by table; the feeds that a staging model reads are found below
FEEDS = {f.table: f for f in read_contracts(ROOT / "expectations/contracts").values() if f.enabled}
PLACEMENT = [
    "stat_month",
    *(f"{level}_{part}" for level in ("province", "city", "county", "area")
      for part in ("id", "name", "name_en")),
    "account_manager_id", "account_manager_name", "account_manager_name_en",
]  # fmt: skip


@cache
def documents(folder: str) -> list[dict[str, Any]]:
    """The YAML files below models/<folder>."""
    paths = sorted((MODELS / folder).rglob("*.yml"))
    return [yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) for path in paths]


@cache
def models(folder: str) -> dict[str, dict[str, Any]]:
    """Models described below models/<folder>, by name."""
    return {m["name"]: m for d in documents(folder) for m in d.get("models", [])}


@pytest.mark.parametrize("name", sorted(models("staging")))
def test_staging_has_the_columns_of_the_contract(name: str) -> None:
    contract = FEEDS[name.removeprefix("stg_")]
    model = models("staging")[name]
    # a list that comes whole belongs to no month
    month = {} if contract.period_kind == "full" else {"stat_month": "date"}
    expected = month | {c.name: c.sql_type for c in contract.columns}
    expected |= {"load_id": "bigint"}
    assert {c["name"]: c["data_type"] for c in model["columns"]} == expected
    assert model["config"]["contract"]["enforced"]
    keys = [t["unique_combination"] for t in model["data_tests"] if "unique_combination" in t]
    assert keys[0]["arguments"]["columns"] == [*month, *contract.key]
    allowed = {c.name: list(c.allowed) for c in contract.columns if c.allowed}
    tests = [t["allowed"]["arguments"]["values"] for t in model["data_tests"] if "allowed" in t]
    assert (tests[0] if tests else {}) == allowed


@pytest.mark.parametrize("folder", ["staging", "core", "marts"])
def test_every_model_is_described(folder: str) -> None:
    described = models(folder)
    for path in sorted((MODELS / folder).rglob("*.sql")):
        assert described.get(path.stem, {}).get("description"), f"{path.stem} has no description"
    assert set(described) == {p.stem for p in (MODELS / folder).rglob("*.sql")}


@pytest.mark.parametrize("folder", ["core", "marts"])
def test_models_by_month_say_how_far_a_change_reaches(folder: str) -> None:
    for name, model in models(folder).items():
        config = model.get("config", {})
        if config.get("materialized", "incremental") == "incremental":
            assert isinstance(config["meta"]["reach_months"], int), name


@pytest.mark.parametrize("mart", sorted(models("marts")))
def test_marts_are_made_for_people(mart: str) -> None:
    model = models("marts")[mart]
    meta = model["config"]["meta"]
    assert meta["label"] and meta["label_zh"] and "回答" in meta["description_zh"]
    assert "It answers:" in model["description"]
    columns = {c["name"]: c for c in model["columns"]}
    assert not set(PLACEMENT) - set(columns)
    assert set(meta["grain"]) <= set(columns) and set(meta["security_keys"]) <= set(columns)
    labels: dict[str, list[str]] = {"label": [], "label_zh": []}
    for name, column in columns.items():
        notes = column["config"]["meta"]
        assert column["data_type"] and column["description"], name
        assert not chinese(column["description"].split("(")[0]), f"{name}: English first"
        assert chinese(notes["description_zh"]) and chinese(notes["label_zh"]), name
        assert notes["pii"] in {"none", "internal"}, f"{name}: people never see more"
        if column["data_type"].startswith("numeric(18,2)") and name.endswith("_amt"):
            assert notes["unit"] == "yuan", name
        for key, found in labels.items():
            found.append(notes[key])
    for key, found in labels.items():
        twice = {label for label in found if found.count(label) > 1}
        assert not twice, f"{key} used twice: {twice}"


def test_metrics_are_declared_once_and_completely() -> None:
    seen: set[str] = set()
    for document in documents("marts"):
        measures = {m["name"] for s in document.get("semantic_models", []) for m in s["measures"]}
        for metric in document.get("metrics", []):
            assert metric["name"] not in seen
            seen.add(metric["name"])
            meta = metric["config"]["meta"]
            assert metric["label"] and chinese(meta["label_zh"]) and chinese(meta["description_zh"])
            assert meta["unit"] in set(UNITS)
            assert meta["direction"] in {"up", "down", "none"}
            assert (meta["additivity"] == "ratio") == (metric["type"] == "ratio")
            if metric["type"] == "simple":
                assert metric["type_params"]["measure"] in measures
    assert len(seen) >= 24


def chinese(text: str) -> bool:
    """Whether there is a Chinese character, or a term written alike in both languages."""
    return any("\u4e00" <= c <= "\u9fff" for c in text)


def test_every_yaml_is_within_the_width() -> None:
    for path in [*MODELS.rglob("*.yml"), *(ROOT / "dbt_project").glob("*.yml")]:
        if path.name in GENERATED or "unit_tests" in path.name:
            continue  # rows of a table read better unbroken
        for number, line in enumerate(Path(path).read_text().splitlines(), start=1):
            assert len(line) <= 100, f"{path.name}:{number}"
