"""What a chart's maker needs: the spec, its mart, the language, and names in that language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from superset_assets.builder.catalog import Column, Mart
from superset_assets.builder.datasets import change_metric, order_of, text_twin, tile_metric
from superset_assets.builder.specs import Chart, Specs
from superset_assets.builder.text import Text
from superset_assets.builder.units import (
    Shown,
    change_format,
    change_name,
    column_format,
    shown,
)

_SHARE = Text("占比", " %")


def share_of(metric: str) -> str:
    """What Superset calls a metric's share of all rows of a table."""
    return f"%{metric}"


@dataclass(frozen=True)
class Context:
    """One chart in one language."""

    chart: Chart
    mart: Mart
    language: str
    specs: Specs

    @property
    def tones(self) -> Mapping[str, str]:
        """Colours with a meaning by the name specs use."""
        found: Mapping[str, str] = self.specs.colors["tones"]
        return found

    @property
    def look(self) -> Mapping[str, Any]:
        return self.chart.look

    def column(self, name: str) -> str:
        """The column people read for ``name``: its twin in their language, or its words."""
        found = self.mart.in_language(name, self.language)
        return text_twin(self.mart.columns[found]) or found

    def source(self, name: str) -> Column:
        return self.mart.columns[self.mart.in_language(name, self.language)]

    def sort_key(self, name: str) -> str:
        """What to sort by for ``name``: its own order where it has one."""
        return order_of(name) if name in self.specs.orders else self.source(name).name

    def label(self, name: str) -> str:
        """Header of a column or metric: the spec's own wording, else the dictionary's."""
        own = self.chart.labels.get(name)
        return own.of(self.language) if own else ""

    def filters(self) -> list[dict[str, Any]]:
        """The chart's own fixed conditions, as Superset's simple filters."""
        return [_condition(given) for given in self.chart.where]

    def common(self, viz_type: str) -> dict[str, Any]:
        """What all charts share."""
        return {
            "viz_type": viz_type,
            "adhoc_filters": self.filters(),
            "row_limit": self.chart.rows,
            "color_scheme": "telmart",
            "extra_form_data": {},
        }

    def column_config(self) -> dict[str, dict[str, Any]]:
        """Formats, headers and bars of a table's columns."""
        config: dict[str, dict[str, Any]] = {}
        bars = set(self.look.get("bars", ()))
        hidden = set(self.look.get("hidden", ()))
        for name in (*self.chart.by, *self.chart.columns):
            entry: dict[str, Any] = {"showCellBars": False}
            if name in hidden:
                entry["visible"] = False
            number = column_format(self.source(name), self.language)
            if number:
                entry |= {"d3NumberFormat": number, "horizontalAlign": "right"}
            entry |= self._named(name)
            config[self.column(name)] = entry
        for name in self.chart.metrics:
            metric = self.mart.metrics[name]
            # Said again although the dataset says it: "drill by" does not ask the dataset.
            config[name] = {
                "showCellBars": name in bars,
                "horizontalAlign": "right",
                "d3NumberFormat": shown(metric, self.language).format,
                **self._named(name, shown(metric, self.language)),
            }
            if self.chart.compare:
                config[change_metric(name)] = {
                    "showCellBars": False,
                    "horizontalAlign": "right",
                    "customColumnName": change_name(metric).of(self.language),
                    "d3NumberFormat": change_format(metric),
                }
                config[tile_metric(name)] = {"showCellBars": False} | self._named(name)
        for name in self.look.get("shares", ()):
            whole = self.label(name) or self.mart.metrics[name].label.of(self.language)
            config[share_of(name)] = {
                "showCellBars": False,
                "horizontalAlign": "right",
                "customColumnName": whole + _SHARE.of(self.language),
                "d3NumberFormat": ".1%",
            }
        return config

    def _named(self, name: str, scale: Shown | None = None) -> dict[str, Any]:
        """Header in the spec's wording, with the unit of ``scale``, and the width."""
        label = self.label(name)
        if label and scale:
            label = scale.name(label, self.language)
        width = self.look.get("widths", {}).get(name)
        named: dict[str, Any] = {"customColumnName": label} if label else {}
        if width:
            named |= {"columnWidth": width}
        return named

    def marks(self) -> list[dict[str, Any]]:
        """Coloured cells: ``column``, ``is`` (an operator), ``value``, ``tone``; ``paint`` names
        another column to colour, ``heat`` instead of ``is`` shades from low to high.
        """
        return [self._mark(mark) for mark in self.look.get("marks", ())]

    def _mark(self, mark: Mapping[str, Any]) -> dict[str, Any]:
        rule = {"column": self._shown(mark["column"])}
        if "heat" in mark:
            return rule | {
                "operator": "None",
                "colorScheme": self.tones[mark["heat"]],
                "objectFormatting": "BACKGROUND_COLOR",
                "useGradient": True,
            }
        rule |= _colored(mark["is"], self.tones[mark["tone"]])
        if "value" in mark:
            rule["targetValue"] = mark["value"]
        if "paint" in mark:
            rule["columnFormatting"] = self._shown(mark["paint"])
        return rule

    def _shown(self, name: str) -> str:
        return name if name in self.mart.metrics else self.column(name)

    def changes(self, names: tuple[str, ...]) -> list[dict[str, Any]]:
        """Changes in the colour of what they mean: good, bad, or neither."""
        found = []
        for name in names:
            direction = self.mart.metrics[name].direction
            if direction == "none":
                continue
            up, down = ("good", "bad") if direction == "up" else ("bad", "good")
            for operator, tone in ((">", up), ("<", down)):
                rule = _colored(operator, self.tones[tone])
                found.append(rule | {"column": change_metric(name), "targetValue": 0})
        return found


def _colored(operator: str, color: str) -> dict[str, Any]:
    return {
        "operator": operator,
        "colorScheme": color,
        "objectFormatting": "TEXT_COLOR",
        "toTextColor": True,
        "useGradient": False,
    }


_OPERATORS = {
    "is": ("==", "EQUALS"),
    "is_not": ("!=", "NOT_EQUALS"),
    "in": ("IN", "IN"),
    "not_in": ("NOT IN", "NOT_IN"),
}


def _condition(given: Mapping[str, Any]) -> dict[str, Any]:
    (word,) = [key for key in given if key != "column"]
    value = given[word]
    base = {"clause": "WHERE", "expressionType": "SIMPLE", "subject": given["column"]}
    if isinstance(value, bool):
        name = "IS_TRUE" if value == (word == "is") else "IS_FALSE"
        return base | {"operator": name.replace("_", " "), "operatorId": name}
    operator, identifier = _OPERATORS[word]
    return base | {"operator": operator, "operatorId": identifier, "comparator": value}
