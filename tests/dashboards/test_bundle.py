"""The bundle as a whole: it can be imported, it is the same every time, it keeps secrets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.settings import GATE, settings
from superset_assets.build import build_bundle
from superset_assets.builder.boards import slug_in
from superset_assets.builder.catalog import Catalog
from superset_assets.builder.datasets import OFFSET
from superset_assets.builder.ids import MARK
from superset_assets.builder.specs import Specs
from superset_assets.deployment.bundle import read

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def folder(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the real specs."""
    out = tmp_path_factory.mktemp("bundle")
    build_bundle(manifest, out)
    return out


def documents(folder: Path, kind: str) -> dict[str, dict[str, Any]]:
    """The bundle's files of one kind, by name."""
    return {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((folder / kind).rglob("*.yaml"))
    }


def test_the_deployment_accepts_it(folder: Path) -> None:
    bundle = read(folder)
    assert len(bundle.of("dashboards")) >= 4
    assert bundle.of("charts")


def test_the_same_input_gives_the_same_bytes(folder: Path, manifest: Path, tmp_path: Path) -> None:
    again = build_bundle(manifest, tmp_path)
    assert [p.relative_to(tmp_path) for p in again] == sorted(
        p.relative_to(folder) for p in folder.rglob("*.yaml")
    )
    for path in again:
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()


def test_files_no_longer_wanted_are_removed(manifest: Path, tmp_path: Path) -> None:
    stale = tmp_path / "charts/gone.yaml"
    stale.parent.mkdir(parents=True)
    stale.write_text("slice_name: gone\n")
    build_bundle(manifest, tmp_path)
    assert not stale.exists()


def test_uuids_are_ours_and_differ(folder: Path) -> None:
    uuids = [
        document["uuid"]
        for kind in ("databases", "datasets", "charts", "dashboards")
        for document in documents(folder, kind).values()
    ]
    assert all(uuid.startswith(MARK + "-") for uuid in uuids)
    assert len(uuids) == len(set(uuids))


def test_it_names_the_gate_and_no_password(folder: Path) -> None:
    (database,) = documents(folder, "databases").values()
    assert f"//{GATE}@" in database["sqlalchemy_uri"]
    everything = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.yaml"))
    where = settings()
    for secret in (f"pg:{GATE}", "pg:telmart", "web:admin"):
        assert where.secret(secret) not in everything


def test_each_dashboard_has_a_sister_in_english(
    folder: Path, loaded: tuple[Catalog, Specs]
) -> None:
    _, specs = loaded
    found = {document["slug"] for document in documents(folder, "dashboards").values()}
    assert found == {slug_in(slug, way) for slug in specs.dashboards for way in ("zh", "en")}


def test_sisters_show_the_same_charts(folder: Path, loaded: tuple[Catalog, Specs]) -> None:
    def shape(document: dict[str, Any]) -> list[tuple[str, Any, Any]]:
        return [
            (key, part["meta"].get("width"), part["meta"].get("height"))
            for key, part in document["position"].items()
            if isinstance(part, dict) and part["type"] in ("CHART", "MARKDOWN", "COLUMN")
        ]

    boards = {d["slug"]: d for d in documents(folder, "dashboards").values()}
    for slug in loaded[1].dashboards:
        assert shape(boards[slug]) == shape(boards[slug_in(slug, "en")])


def test_charts_use_saved_metrics_and_known_columns_only(folder: Path) -> None:
    """In what Superset gets, whatever the specs said."""
    datasets = {d["uuid"]: d for d in documents(folder, "datasets").values()}
    for name, chart in documents(folder, "charts").items():
        dataset, params = datasets[chart["dataset_uuid"]], chart["params"]
        metrics = {m["metric_name"] for m in dataset["metrics"]}
        columns = {c["column_name"] for c in dataset["columns"]}
        for metric in [*params.get("metrics", []), *params.get("percent_metrics", [])]:
            assert isinstance(metric, str), f"{name}: ad hoc metric {metric!r}"
            assert metric in metrics, f"{name}: {metric}"
        used = [*params.get("groupby", []), *params.get("all_columns", [])]
        used += [*params.get("groupbyRows", []), *params.get("groupbyColumns", [])]
        used += [params["x_axis"]] if "x_axis" in params else []
        used += [json.loads(order)[0] for order in params.get("order_by_cols", [])]
        used += [given["subject"] for given in params["adhoc_filters"]]
        assert set(used) <= columns, f"{name}: {set(used) - columns}"
        assert all(given["expressionType"] == "SIMPLE" for given in params["adhoc_filters"])
        painted = {
            rule[key]
            for rule in params.get("conditional_formatting", [])
            for key in ("column", "columnFormatting")
            if key in rule
        }
        assert painted <= metrics | columns, f"{name}: {painted - metrics - columns}"


def test_filters_reach_their_columns(folder: Path) -> None:
    datasets = {d["uuid"]: d for d in documents(folder, "datasets").values()}
    for board in documents(folder, "dashboards").values():
        filters = board["metadata"]["native_filter_configuration"]
        known = {given["id"] for given in filters}
        for given in filters:
            (target,) = given["targets"]
            columns = {c["column_name"] for c in datasets[target["datasetUuid"]]["columns"]}
            assert target["column"]["name"] in columns
            assert set(given["cascadeParentIds"]) <= known


def test_what_ignores_the_model_heeds_no_filter_on_it_and_gives_none(folder: Path) -> None:
    """Models side by side: another model than the filter's would leave the page blank."""
    boards = {d["slug"]: d for d in documents(folder, "dashboards").values()}
    board = boards["value-province"]
    numbers = {
        part["meta"]["sliceName"]: part["meta"]["chartId"]
        for part in board["position"].values()
        if isinstance(part, dict) and part["type"] == "CHART"
    }
    side_by_side = {numbers["价值模型对比"], numbers["各模型的等级"]}
    one_model = {numbers["等级构成"], numbers["客户等级"]}
    boxes = {numbers["收入与新业务九宫格"], numbers["九宫格名单"]}
    (chosen,) = (
        given
        for given in board["metadata"]["native_filter_configuration"]
        if given["targets"][0]["column"]["name"] == "model_name"
    )
    assert side_by_side | boxes <= set(chosen["scope"]["excluded"])
    assert not one_model & set(chosen["scope"]["excluded"])
    crossing = board["metadata"]["chart_configuration"]
    scopes = {number: crossing[str(number)]["crossFilters"]["scope"] for number in numbers.values()}
    assert all(scopes[number] == {"rootPath": [], "excluded": []} for number in side_by_side)
    assert all(scopes[number] == "global" for number in boxes | one_model)


def test_headers_of_amounts_say_the_unit_and_shares_what_of(folder: Path) -> None:
    charts = {c["slice_name"]: c["params"] for c in documents(folder, "charts").values()}
    columns = charts["行业结构"]["column_config"]
    assert columns["group_revenue_amt"]["customColumnName"] == "收入（万元）"
    assert columns["%group_revenue_amt"]["customColumnName"] == "收入占比"
    assert charts["行业结构"]["percent_metrics"] == [
        "group_cnt", "group_own_member_cnt", "group_revenue_amt",
    ]  # fmt: skip
    assert columns["group_cnt"]["customColumnName"] == "集团数"
    assert charts["等级迁移矩阵"]["groupbyRows"] == ["from_grade_name"]
    assert charts["Grade migration matrix"]["groupbyColumns"] == ["to_grade_name_en"]


def test_titles_differ_within_a_dashboard(folder: Path) -> None:
    """The style sheet tells charts apart by their titles."""
    for board in documents(folder, "dashboards").values():
        titles = [
            part["meta"]["sliceName"]
            for part in board["position"].values()
            if isinstance(part, dict) and part["type"] == "CHART"
        ]
        assert len(titles) == len(set(titles)), board["slug"]


def test_the_style_sheet_is_complete(folder: Path) -> None:
    for board in documents(folder, "dashboards").values():
        assert not re.findall(r"%[a-z]+%", board["css"])
        assert board["css"].count("{") == board["css"].count("}")


def test_derived_datasets_read_one_table_and_hide_nothing(
    folder: Path, loaded: tuple[Catalog, Specs]
) -> None:
    """Their SQL is made, not written: the served table, its rows, and nothing else."""
    catalog, _ = loaded
    served = {f"{mart.schema}.{mart.name}" for mart in catalog.values()}
    for name, dataset in documents(folder, "datasets").items():
        if not dataset["sql"] or name.startswith("choices_"):
            continue
        tables = set(re.findall(r"\sfrom (\S+)", dataset["sql"]))
        assert len(tables) == 1, name
        assert tables <= served, name
        assert " where " not in dataset["sql"], name
        plain = {c["column_name"] for c in dataset["columns"] if not c["expression"]} - {OFFSET}
        (mart,) = (m for m in catalog.values() if f"{m.schema}.{m.name}" in tables)
        assert plain == set(mart.columns), name
