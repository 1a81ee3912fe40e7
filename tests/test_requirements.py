"""docs/requirements.csv names only what exists."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest
import yaml

from orchestration.settings import ROOT

pytestmark = pytest.mark.fast

ROWS = list(csv.DictReader((ROOT / "docs/requirements.csv").open(encoding="utf-8")))
KINDS = {"model", "metric", "dashboard", "test", "rule", "file"}


def _exists(kind: str, name: str) -> bool:
    if kind == "model":
        return name in _models()
    if kind == "rule":
        return (ROOT / f"seeds/reference/{name}.csv").exists()
    if kind == "dashboard":
        return (ROOT / f"superset_assets/dashboards/{name}.yaml").exists()
    if kind == "metric":
        return name in _metrics()
    if kind == "test":
        path, _, function = name.partition("::")
        place = ROOT / "tests" / path
        return place.exists() and (not function or f"def {function}(" in place.read_text())
    return (ROOT / name).exists()


@cache
def _models() -> set[str]:
    return {path.stem for path in (ROOT / "dbt_project/models").rglob("*.sql")}


@cache
def _metrics() -> set[str]:
    names = set()
    for path in (ROOT / "dbt_project/models").rglob("*.yml"):
        document = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) or {}
        names |= {metric["name"] for metric in document.get("metrics", [])}
    return names


def test_every_requirement_stands_once() -> None:
    assert [row["id"] for row in ROWS] == [f"R{number:03d}" for number in range(1, 248)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_what_a_row_names_exists(row: dict[str, str]) -> None:
    assert row["state"] in {"works", "partly", "missing"}
    assert row["note"], "say what works, or what is missing"
    if row["state"] == "missing":
        assert not row["where"]
        return
    places = row["where"].split()
    assert places, "a row that works says where"
    for place in places:
        kind, _, name = place.partition(":")
        assert kind in KINDS, f"{place}: unknown kind; one of {sorted(KINDS)}"
        assert _exists(kind, name), f"{row['id']} names {place}, which does not exist"
    if row["state"] == "works":
        assert any(p.startswith("test:") for p in places), "what works has a test"


def test_a_place_that_is_gone_is_noticed(tmp_path: Path) -> None:
    """The checker itself must be able to fail."""
    assert not _exists("model", "no_such_model")
    assert not _exists("metric", "no_such_metric")
    assert not _exists("test", "test_requirements.py::no_such_test")
    assert _exists("test", "test_requirements.py::test_a_place_that_is_gone_is_noticed")
