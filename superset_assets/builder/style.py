"""The style sheet of a dashboard: ``css/dashboard.css``, and the places of its tiles.

The sheet names families of charts (``%state%``, ``%tiles%``, ``%list%``, ``%table%``, ``%pivot%``),
columns no phone has room for (``%narrow%``) and the page without rows (``%empty%``); here they
become selectors, because Superset marks a chart in the page by its title only.
"""

from __future__ import annotations

import re

from superset_assets.builder.catalog import Catalog
from superset_assets.builder.slices import context_of
from superset_assets.builder.specs import ASSETS, Chart, Dashboard, Specs
from superset_assets.builder.text import Text
from superset_assets.builder.viz.context import share_of

#: narrower screens get one column, see css/dashboard.css
PHONE = "(max-width: 760px)"
_PHONE_COLUMNS = 2
_POINTS = Text(" 个百分点", " pp")
_AGAINST = Text("较上月 ", "")
_SUM = Text("合计", "Total")
_AFTER = Text("", " vs last month")


def style(dashboard: Dashboard, catalog: Catalog, specs: Specs, language: str) -> str:
    """CSS of ``dashboard`` in ``language``."""
    charts = [specs.charts[name] for name in dashboard.charts]
    sheet = (ASSETS / "css/dashboard.css").read_text(encoding="utf-8")
    sheet = re.sub(r"/\*.*?\*/\s*", "", sheet, flags=re.DOTALL)
    for kind in ("state", "tiles", "list", "table", "pivot"):
        names = [chart.title.of(language) for chart in charts if chart.kind == kind]
        sheet = sheet.replace(f"%{kind}%", _selector(names))
    # what stands on a tab is not there before somebody turns to it
    above = [specs.charts[name] for row in dashboard.top for tile in row for name in tile.charts]
    sheet = sheet.replace("%empty%", _empty(above, language))
    sheet = sheet.replace("%narrow%", _narrow(charts, language))
    rules = [
        sheet,
        *(rule for chart in charts if chart.kind == "state" for rule in _line(chart, language)),
    ]
    for chart in charts:
        if chart.kind == "tiles":
            rules += _tiles(chart, catalog, language)
        elif chart.kind == "list":
            rules.append(_cards(chart, catalog, specs, language))
        elif chart.kind == "pivot":
            rules += _sides(chart, catalog, specs, language)
    return "\n".join(rules)


def _line(chart: Chart, language: str) -> list[str]:
    """Order of the header's line: each name before its value; a notice only where there is one."""
    here = _selector([chart.title.of(language)])
    quiet = [
        rule
        for number, name in enumerate(chart.columns, start=1)
        if name == "notice"
        for rule in (
            f"{here} th:nth-child({number}), {here} td:nth-child({number}).dt-is-null"
            " { display: none !important; }",
            f"{here} table.table-condensed tbody > tr > td:nth-child({number})"
            " { color: #8a5a00; white-space: normal; }",
        )
    ]
    return quiet + [
        f"{here} {cell}:nth-child({number}) {{ order: {2 * number + place}; }}"
        for number in range(1, len(chart.columns) + 1)
        for place, cell in enumerate(("th", "td"))
    ]


def _selector(titles: list[str]) -> str:
    inside = ", ".join(f'[data-test-chart-name="{_quoted(title)}"]' for title in titles)
    return f":is({inside})" if titles else ".no-such-chart"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _tiles(chart: Chart, catalog: Catalog, language: str) -> list[str]:
    """Places of label, number and change of each tile: side by side, or two by two on a phone."""
    here = _selector([chart.title.of(language)])
    count = len(chart.metrics)
    rules = [f"{here} [role=table] {{ grid-template-columns: repeat({count}, minmax(0, 1fr)); }}"]
    rules += _places(here, count, count)
    rules.append(f"{here} th:nth-child(n + {count + 1}) {{ display: none !important; }}")
    metrics = catalog[chart.mart].metrics
    for number, name in enumerate(chart.metrics, start=count + 1):
        unit = _POINTS.of(language) if metrics[name].unit == "ratio" else ""
        cell = f"{here} td:nth-child({number})"
        rules.append(f'{cell}.dt-is-null::after {{ content: "" !important; }}')
        cell += ":not(.dt-is-null)"
        rules.append(f"{cell} {{ font-size: 12px !important; font-weight: 500 !important; }}")
        rules.append(f'{cell}::before {{ content: "{_AGAINST.of(language)}"; }}')
        rules.append(f'{cell}::after {{ content: "{unit}{_AFTER.of(language)}"; }}')
    columns = min(_PHONE_COLUMNS, count)
    small = _places(here, count, columns)
    rules.append(
        f"@media {PHONE} {{ {here} [role=table] {{ grid-template-columns:"
        f" repeat({columns}, minmax(0, 1fr)); }} {' '.join(small)} }}"
    )
    return rules


def _empty(charts: list[Chart], language: str) -> str:
    """The page of somebody who sees no rows at all: every row of tiles above the tabs is blank."""
    blank = [
        f":has({_selector([chart.title.of(language)])} td:first-child.dt-is-null)"
        for chart in charts
        if chart.kind == "tiles"
    ]
    return f".dashboard-grid{''.join(blank)}"


def _narrow(charts: list[Chart], language: str) -> str:
    """Columns a phone has no room for (``look.wide``)."""
    cells = [
        f"{_selector([chart.title.of(language)])} :is(th, td, col):nth-child({number})"
        for chart in charts
        for number, name in enumerate(_places_of(chart), start=1)
        if name in chart.look.get("wide", ())
    ]
    return ", ".join(cells) or ".no-such-cell"


def _places_of(chart: Chart) -> list[str]:
    """Columns of a table as they stand on the page; the place of a change has no name."""
    places = [name for name in chart.by if name not in chart.look.get("hidden", ())]
    for name in chart.metrics:
        places.append(name)
        if chart.compare and name in chart.look.get("changes", ()):
            places.append("")
    return places + [share_of(name) for name in chart.look.get("shares", ())]


def _cards(chart: Chart, catalog: Catalog, specs: Specs, language: str) -> str:
    """On a phone a list's row is a card of what is known, and each value there bears its name; the
    values of ``look.long`` have a line of their own."""
    context = context_of(chart, catalog, specs, language)
    here = _selector([chart.title.of(language)])
    names = [f"{here} td.dt-is-null {{ display: none !important; }}"]
    for name in chart.columns:
        label = context.label(name) or context.source(name).label.of(language)
        cell = f'{here} td[aria-labelledby="header-{context.column(name)}"]'
        names.append(f'{cell}::before {{ content: "{_quoted(label)}"; }}')
        if name in chart.look.get("long", ()):
            names.append(f"{cell} {{ grid-column: 1 / -1; }}")
    return f"@media {PHONE} {{ {' '.join(names)} }}"


def _sides(chart: Chart, catalog: Catalog, specs: Specs, language: str) -> list[str]:
    """What stands down and what across in a matrix, and what its sums are called."""
    context = context_of(chart, catalog, specs, language)
    here = _selector([chart.title.of(language)])
    across, down = (
        context.label(name) or context.source(name).label.of(language)
        for name in (chart.series, chart.by[0])
    )
    return [
        f'{here} {cell}::after {{ content: "{_quoted(text)}"; }}'
        for cell, text in (
            ("thead tr:nth-child(2) .pvtAxisLabel", f"{across} →"),
            ("thead tr:nth-child(3) .pvtAxisLabel", f"{down} ↓"),
            (":is(thead tr:first-child .pvtTotalLabel, .pvtRowTotalLabel)", _SUM.of(language)),
        )
    ]


def _places(here: str, count: int, columns: int) -> list[str]:
    rules = []
    for number in range(count):
        row, column = number // columns * 3, number % columns + 1
        for offset, cell in enumerate(
            (
                f"th:nth-child({number + 1})",
                f"td:nth-child({number + 1})",
                f"td:nth-child({count + number + 1})",
            ),
            start=1,
        ):
            rules.append(f"{here} {cell} {{ grid-area: {row + offset} / {column}; }}")
    return rules
