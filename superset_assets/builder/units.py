"""How numbers are shown: scale, d3 format and unit, by language.

d3 knows no 万 and no 亿, so Chinese money is scaled in the query and says so in its name; tiles,
which hold one number each, get a text with the fitting unit.
"""

from __future__ import annotations

from dataclasses import dataclass

from superset_assets.builder.catalog import Column, Metric
from superset_assets.builder.text import Text


@dataclass(frozen=True)
class Shown:
    """``divisor`` of the stored value, d3 ``format``, and the ``unit`` beside the name or empty."""

    divisor: int
    format: str
    unit: str

    def scale(self, sql: str) -> str:
        """``sql`` in the unit shown."""
        return sql if self.divisor == 1 else f"({sql}) / {self.divisor}.0"

    def name(self, label: str, language: str) -> str:
        """``label`` with its unit."""
        if not self.unit:
            return label
        return f"{label}（{self.unit}）" if language == "zh" else f"{label} ({self.unit})"


_PLAIN = Shown(1, ",d", "")
#: (unit, is it a total?) → zh, en
_METRICS: dict[tuple[str, bool], tuple[Shown, Shown]] = {
    ("count", True): (_PLAIN, _PLAIN),
    # how many of something one customer has on average
    ("count", False): (Shown(1, ",.2f", ""), Shown(1, ",.2f", "")),
    # how many are to be expected, of a few customers less than one
    ("expected", True): (Shown(1, ",.1f", ""), Shown(1, ",.1f", "")),
    ("yuan", True): (Shown(10000, ",.1f", "万元"), Shown(1, "$,.3s", "")),
    ("yuan", False): (Shown(1, ",.1f", "元"), Shown(1, "$,.1f", "")),
    ("minute", True): (Shown(10000, ",.1f", "万分钟"), Shown(1, ",.3s", "minutes")),
    ("minute", False): (Shown(1, ",.0f", "分钟"), Shown(1, ",.0f", "minutes")),
    ("mb", True): (Shown(1024, ",.0f", "GB"), Shown(1024, ",.0f", "GB")),
    ("mb", False): (Shown(1024, ",.1f", "GB"), Shown(1024, ",.1f", "GB")),
    ("ratio", False): (Shown(1, ".1%", ""), Shown(1, ".1%", "")),
    ("point", False): (Shown(1, ",.1f", "分"), Shown(1, ",.1f", "points")),
}
#: (from this value on, divisor, decimals, unit), the largest first
_COMPACT = {
    "zh": ((100_000_000, 100_000_000, 2, "亿"), (100_000, 10_000, 1, "万")),
    "en": ((1_000_000_000, 1_000_000_000, 2, "B"), (1_000_000, 1_000_000, 2, "M")),
}


def shown(metric: Metric, language: str) -> Shown:
    """How ``metric`` is shown in charts and tables."""
    total = metric.additivity != "ratio"
    pair = _METRICS.get((metric.unit, total), (_PLAIN, _PLAIN))
    return pair[0] if language == "zh" else pair[1]


def column_format(column: Column, language: str) -> str:
    """d3 format of one stored value in a list; empty for texts and dates."""
    if not column.is_numeric:
        return ""
    if column.unit == "yuan":
        return "$,.2f"
    return {"ratio": ".1%", "count": ",d", "minute": ",.0f", "mb": ",.0f"}.get(column.unit, ",.2~f")


def compact_sql(sql: str, metric: Metric, language: str) -> str:
    """A tile's number as text: ``123.4万``, ``¥1.23亿``, ``1.2M``; short numbers in full."""
    sign = "¥" if metric.unit == "yuan" else ""
    cases = [
        f"WHEN ABS({sql}) >= {least} THEN '{sign}' || "
        f"TO_CHAR(({sql}) / {divisor}.0, 'FM999,990.{'0' * decimals}') || '{unit}'"
        for least, divisor, decimals, unit in _COMPACT[language]
    ]
    return f"CASE {' '.join(cases)} ELSE '{sign}' || TO_CHAR({sql}, 'FM999,990') END"


def change_sql(now: str, before: str, metric: Metric) -> str:
    """Difference from the month before: percentage points for shares, else a share of before.

    None where nothing above 0 was before: from -100 to 50 is no change of -150 %. Rounded as it is
    shown, so that what reads 0 is neither red nor green.
    """
    if metric.unit == "ratio":
        return f"ROUND(CAST((({now}) - ({before})) * 100 AS NUMERIC), 1)"
    share = f"({now}) * 1.0 / NULLIF(GREATEST(({before}), 0), 0) - 1"
    return f"ROUND(CAST({share} AS NUMERIC), 3)"


def change_format(metric: Metric) -> str:
    """d3 format of ``change_sql``."""
    return "+,.1f" if metric.unit == "ratio" else "+,.1%"


def change_name(metric: Metric) -> Text:
    """What the change is called, its unit included."""
    if metric.unit == "ratio":
        return Text("较上月（百分点）", "vs last month (pp)")
    return Text("较上月", "vs last month")
