"""Pages made from the definitions: the metric dictionary, and dbt's exposures.

Both are checked in, so that they can be read without building anything; a test holds them to date.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from orchestration.settings import ROOT
from superset_assets.builder.catalog import Catalog, Mart, Metric
from superset_assets.builder.metric_sql import formula_of
from superset_assets.builder.specs import Specs
from superset_assets.builder.text import Text

DICTIONARY = Path("docs/metrics.md")
EXPOSURES = Path("dbt_project/models/exposures.yml")
_NOTE = "made by `make docs` from {sources}: edit those, not this file"
_UNITS = {
    "count": Text("个", "count"),
    "expected": Text("个（期望值）", "expected count"),
    "yuan": Text("元", "yuan"),
    "ratio": Text("比率", "ratio"),
    "minute": Text("分钟", "minutes"),
    "point": Text("分", "points"),
    "mb": Text("MB", "MB"),
}
_DIRECTIONS = {
    "up": Text("越高越好", "higher"),
    "down": Text("越低越好", "lower"),
    "none": Text("无方向", "neither"),
}
_ADDITIVITIES = {
    "additive": Text("可跨月、跨单位相加", "over months and units"),
    "semi_additive": Text("可跨单位、不可跨月相加", "over units, not over months"),
    "ratio": Text("不可相加，须由分子分母重算", "no: recompute from its parts"),
}


def write_docs(catalog: Catalog, specs: Specs, root: Path = ROOT) -> list[Path]:
    """Write both files under ``root``; those that are right already are left alone."""
    written = []
    for name, text in pages(catalog, specs).items():
        path = root / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def pages(catalog: Catalog, specs: Specs) -> dict[Path, str]:
    """What both files should say."""
    return {DICTIONARY: dictionary(catalog, specs), EXPOSURES: exposures(catalog, specs)}


def dictionary(catalog: Catalog, specs: Specs) -> str:
    """The metric dictionary in both languages, one section per mart."""
    lines = [
        "# 指标字典 · Metric dictionary",
        "",
        f"<!-- {_NOTE.format(sources='the YAML of the marts and superset_assets/')} -->",
        "",
        "每个指标只在一处定义（所属数据集的 dbt YAML），看板、SQL 与本页均由此生成。",
        "",
        "Each metric has one definition, in the dbt YAML of its mart. Dashboards, saved metrics and"
        " this page are made from it. Amounts on Chinese dashboards are in 万元 (10,000 yuan), data"
        " traffic in GB (1,024 MB); here units are those of the marts.",
    ]
    for mart in catalog.values():
        if mart.metrics:
            lines += _section(mart, specs)
    return "\n".join(lines) + "\n"


def _section(mart: Mart, specs: Specs) -> list[str]:
    lines = [
        "",
        f"## {mart.label.zh} · {mart.label.en}",
        "",
        f"`{mart.schema}.{mart.name}`",
        "",
        mart.description.zh,
        "",
        mart.description.en,
    ]
    for metric in mart.metrics.values():
        lines += _entry(metric, _used(metric, specs))
    return lines


def _entry(metric: Metric, used: str) -> list[str]:
    direction, adds = _DIRECTIONS[metric.direction], _ADDITIVITIES[metric.additivity]
    unit = _UNITS[metric.unit]
    return [
        "",
        f"### {metric.label.zh} · {metric.label.en}",
        "",
        f"{metric.description.zh}",
        "",
        f"{metric.description.en}",
        "",
        "| | |",
        "|---|---|",
        f"| 名称 Name | `{metric.name}` |",
        f"| 公式 Formula | `{formula_of(metric)}` |",
        f"| 单位 Unit | {unit.zh} {unit.en if unit.en != unit.zh else ''}".rstrip() + " |",
        f"| 方向 Better | {direction.zh} {direction.en} |",
        f"| 相加 Adds up | {adds.zh} {adds.en} |",
        f"| 负责 Owner | {metric.owner} |",
        f"| 用于 Shown in | {used} |",
    ]


def _used(metric: Metric, specs: Specs) -> str:
    """Charts that show the metric, and the dashboards they are on."""
    charts = [
        chart
        for chart in specs.charts.values()
        if chart.mart == metric.mart and metric.name in chart.metrics
    ]
    names = sorted({f"{chart.title.zh} {chart.title.en}" for chart in charts})
    boards = sorted(
        dashboard.slug
        for dashboard in specs.dashboards.values()
        if {chart.id for chart in charts} & set(dashboard.charts)
    )
    if not names:
        return "–"
    return "; ".join(names) + " (" + ", ".join(f"`{slug}`" for slug in boards) + ")"


def exposures(catalog: Catalog, specs: Specs) -> str:
    """Each dashboard as a dbt exposure: which marts and metrics it would miss."""
    found = []
    for dashboard in specs.dashboards.values():
        charts = [specs.charts[name] for name in dict.fromkeys(dashboard.charts)]
        marts = sorted({chart.mart for chart in charts if catalog[chart.mart].metrics})
        metrics = sorted({name for chart in charts for name in chart.metrics})
        owners = sorted({_metric(catalog, name).owner for name in metrics})
        found.append(
            {
                "name": dashboard.slug.replace("-", "_"),
                "label": f"{dashboard.title.zh} / {dashboard.title.en}",
                "type": "dashboard",
                "maturity": "high",
                "url": f"/superset/dashboard/{dashboard.slug}/",
                "description": f"{dashboard.about.zh}\n{dashboard.about.en}",
                "depends_on": [
                    *(f"ref('{mart}')" for mart in marts),
                    *(f"metric('{metric}')" for metric in metrics),
                ],
                "owner": {"name": ", ".join(owners)},
            }
        )
    note = _NOTE.format(sources="superset_assets/dashboards and superset_assets/charts")
    body = yaml.safe_dump({"exposures": found}, allow_unicode=True, sort_keys=False, width=100)
    return f"# {note}\n{body}"


def _metric(catalog: Mapping[str, Mart], name: str) -> Metric:
    return next(mart.metrics[name] for mart in catalog.values() if name in mart.metrics)
