"""Charts, filters and dashboards as we write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from superset_assets.builder.text import Text

ASSETS = Path(__file__).resolve().parents[1]
NO_TEXT = Text("", "")


@dataclass(frozen=True)
class Chart:
    """One chart: what is asked (``mart``, ``metrics``, ``by``, ``columns``, …) and how it looks.

    It heeds every filter on a column it has, except the month where it shows ``history``, and the
    columns it ``ignores``. ``file`` names its spec in errors.
    """

    id: str
    file: str
    kind: str
    title: Text
    about: Text
    mart: str
    metrics: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    series: str = ""
    where: tuple[Mapping[str, Any], ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    history: bool = False
    ignores: tuple[str, ...] = ()
    compare: bool = False
    rows: int = 1000
    labels: Mapping[str, Text] = field(default_factory=dict)
    look: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Filter:
    """One filter of the bar: a column of a mart, chosen below ``parents``.

    ``first``: it always has a value, at the start the first or the last. ``lead``: the value of
    another column whose choice stands before all others.
    """

    id: str
    name: Text
    mart: str
    column: str
    parents: tuple[str, ...] = ()
    single: bool = False
    first: str = ""
    lead: Mapping[str, str] = field(default_factory=dict)
    hint: Text = NO_TEXT


@dataclass(frozen=True)
class Tile:
    """A chart, a text or a column of tiles: ``width`` of 12 columns, ``height`` in 8 pixels."""

    width: int
    height: int = 0
    chart: str = ""
    text: Text | None = None
    column: tuple[Tile, ...] = ()

    @property
    def charts(self) -> list[str]:
        """Ids of the charts in it."""
        inside = [name for tile in self.column for name in tile.charts]
        return [self.chart, *inside] if self.chart else inside


Row = Sequence[Tile]


@dataclass(frozen=True)
class Tab:
    title: Text
    rows: Sequence[Row]


@dataclass(frozen=True)
class Dashboard:
    """One dashboard: rows above the tabs, then the tabs."""

    slug: str
    file: str
    title: Text
    about: Text
    filters: tuple[str, ...]
    top: Sequence[Row]
    tabs: Sequence[Tab]

    @property
    def charts(self) -> list[str]:
        """Ids of the charts on it, in reading order."""
        return [name for row in self.rows for tile in row for name in tile.charts]

    @property
    def rows(self) -> list[Row]:
        """All rows, from the top."""
        return [*self.top, *(row for tab in self.tabs for row in tab.rows)]


@dataclass(frozen=True)
class Specs:
    charts: Mapping[str, Chart]
    filters: Mapping[str, Filter]
    dashboards: Mapping[str, Dashboard]
    labels: Mapping[str, tuple[Text, Text]]
    orders: Mapping[str, Sequence[str]]
    colors: Mapping[str, Any]
