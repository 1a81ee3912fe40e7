"""One module per family of charts: from a spec to what Superset calls ``params``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from superset_assets.builder.viz import pivot, series, table
from superset_assets.builder.viz.context import Context

Maker = Callable[[Context], dict[str, Any]]

KINDS: Mapping[str, Maker] = {
    "state": table.state,
    "tiles": table.tiles,
    "table": table.grouped,
    "list": table.rows,
    "line": series.line,
    "stack": series.stack,
    "bar": series.bar,
    "pivot": pivot.pivot,
}
