"""Which tables are published, as dbt's manifest tells: every model below ``models/marts/``."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.errors import TelmartError
from orchestration.settings import Settings


@dataclass(frozen=True)
class PublishedTable:
    """One model of ``models/marts/<mart>/`` and where people read it.

    Attributes:
        mart: the folder; also the served schema.
        table: name in both schemas.
        build_schema: where dbt builds it.
        comment: English and Chinese, as psql and SQL Lab show it.
        column_comments: the same for each described column.
        reach_months: how many later months a change in one month can touch.
    """

    mart: str
    table: str
    build_schema: str
    comment: str
    column_comments: dict[str, str]
    reach_months: int

    @property
    def served(self) -> str:
        """Name people use."""
        return f"{self.mart}.{self.table}"


def manifest_path(settings: Settings) -> Path:
    """Where dbt leaves its manifest (``DBT_TARGET_PATH``)."""
    return settings.home / "dbt/manifest.json"


def published_marts(settings: Settings) -> list[PublishedTable]:
    """Every table that is published, by mart and name.

    Raises:
        TelmartError: dbt has not run yet, or its manifest has no marts.
    """
    found = [_table(node) for node in _read(settings)["nodes"].values() if _is_published(node)]
    if not found:
        raise TelmartError(
            f"dbt's manifest {manifest_path(settings)} has no model below models/marts/.",
            "Run `telmart run`; if that does not help, look for disabled models.",
        )
    return sorted(found, key=lambda t: (t.mart, t.table))


def always_needed(settings: Settings) -> set[str]:
    """Feeds that every mart is built from: a fault in one of them leaves nothing to publish."""
    return set.intersection(*feeds_by_mart(settings).values())


def by_mart(tables: Collection[PublishedTable]) -> dict[str, list[PublishedTable]]:
    """The tables of each mart."""
    found: dict[str, list[PublishedTable]] = {}
    for table in tables:
        found.setdefault(table.mart, []).append(table)
    return found


def needed_feeds(settings: Settings) -> set[str]:
    """Feeds that some published table is built from, directly or through other models."""
    return set().union(*feeds_by_mart(settings).values())


def feeds_by_mart(settings: Settings) -> dict[str, set[str]]:
    """The same by mart."""
    manifest = _read(settings)
    return {mart: _feeds_above(manifest, keys) for mart, keys in _roots(manifest).items()}


def below_marts(settings: Settings) -> dict[str, set[str]]:
    """By mart, dbt's ids of everything its tables are built from, and of the tests of that.

    A test belongs to the model it is written at, whatever else it looks into; one that is written
    at none, to all it reads.
    """
    manifest = _read(settings)
    tests = {
        key: [node["attached_node"]] if node.get("attached_node") else manifest["parent_map"][key]
        for key, node in manifest["nodes"].items() if node["resource_type"] == "test"
    }  # fmt: skip
    found = {}
    for mart, keys in _roots(manifest).items():
        above = _above(manifest, keys)
        found[mart] = above | {key for key, at in tests.items() if above.issuperset(at)}
    return found


def marts_above_seed(settings: Settings, seed: str) -> set[str]:
    """Marts that are built from a rule table."""
    manifest = _read(settings)
    ids = {key for key, node in manifest["nodes"].items()
           if node["resource_type"] == "seed" and node["name"] == seed}  # fmt: skip
    return {
        mart for mart, keys in _roots(manifest).items()
        if ids.intersection(_above(manifest, keys))
    }  # fmt: skip


def apart_from(
    settings: Settings, feeds: Collection[str] | None, marts: Collection[str] = ()
) -> list[str]:
    """Names of the models that none of ``feeds`` is above; None: that no feed is above.

    Args:
        marts: to be published now. Their tables are never among the names: a mart's step runs when
            every table of it was built.
    """
    manifest = _read(settings)
    whole = {key for mart, keys in _roots(manifest).items() if mart in marts for key in keys}
    found = []
    for key, node in manifest["nodes"].items():
        if node["resource_type"] == "model" and key not in whole:
            above = _feeds_above(manifest, [key])
            if not (above if feeds is None else above.intersection(feeds)):
                found.append(node["name"])
    return sorted(found)


def tests_of_seeds(settings: Settings, kinds: Collection[str]) -> list[str]:
    """Names of the tests of these ``kinds`` (``not_null``) that look at nothing but seeds."""
    nodes = _read(settings)["nodes"]
    seeds = {key for key, node in nodes.items() if node["resource_type"] == "seed"}
    return sorted(
        node["name"] for node in nodes.values()
        if (node.get("test_metadata") or {}).get("name") in kinds
        and seeds.issuperset(node["depends_on"]["nodes"])
    )  # fmt: skip


def sources_of(settings: Settings, feeds: Collection[str]) -> list[str]:
    """dbt's names (``raw.points__movement``) of the tables that ``feeds`` are loaded into."""
    return sorted(
        f"{source['source_name']}.{source['name']}"
        for source in _read(settings)["sources"].values()
        if _meta(source)["feed"] in feeds
    )


def _roots(manifest: dict[str, Any]) -> dict[str, list[str]]:
    """dbt's ids of the published tables, by mart."""
    roots: dict[str, list[str]] = {}
    for key, node in manifest["nodes"].items():
        if _is_published(node):
            roots.setdefault(node["fqn"][2], []).append(key)
    return roots


def _feeds_above(manifest: dict[str, Any], roots: list[str]) -> set[str]:
    sources = manifest["sources"]
    return {str(_meta(sources[key])["feed"]) for key in _above(manifest, roots) if key in sources}


def _above(manifest: dict[str, Any], roots: list[str]) -> set[str]:
    """The roots and everything they are built from."""
    parents, waiting = manifest["parent_map"], list(roots)
    seen = set(waiting)
    while waiting:
        for parent in parents.get(waiting.pop(), ()):
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return seen


def _read(settings: Settings) -> dict[str, Any]:
    path = manifest_path(settings)
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
        manifest["nodes"], manifest["sources"], manifest["parent_map"]
    except (OSError, ValueError, KeyError) as error:
        raise TelmartError(
            f"dbt's manifest {path} cannot be read: {error}.",
            "Run `telmart run`, which builds the models and then publishes them.",
        ) from error
    return manifest


def _is_published(node: dict[str, Any]) -> bool:
    fqn = node["fqn"]  # project, 'marts', mart, model
    return (
        node["resource_type"] == "model"
        and len(fqn) >= 4
        and fqn[1] == "marts"
        and _meta(node).get("served", True)
    )


def _table(node: dict[str, Any]) -> PublishedTable:
    return PublishedTable(
        mart=node["fqn"][2],
        table=node["alias"],
        build_schema=node["schema"],
        comment=_comment(node),
        column_comments={name: _comment(column) for name, column in node["columns"].items()},
        reach_months=int(_meta(node).get("reach_months", 0)),
    )


def _meta(entry: dict[str, Any]) -> dict[str, Any]:
    return {**(entry.get("meta") or {}), **((entry.get("config") or {}).get("meta") or {})}


def _comment(entry: dict[str, Any]) -> str:
    """ "Label 中文名: description 中文说明", with whatever of it there is."""
    meta = _meta(entry)
    label = " ".join(filter(None, [meta.get("label"), meta.get("label_zh")]))
    text = " ".join(filter(None, [entry.get("description"), meta.get("description_zh")]))
    return ": ".join(filter(None, [label, " ".join(text.split())]))
