"""The results of one month under given rules, worked out in a transaction that is rolled back.

dbt compiles the models that read the changed rule tables; their SQL then runs against a schema that
nobody else ever sees, with the names of rule tables and affected models pointed there. Months that
are not built are read from the warehouse as they stand.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from orchestration.dbt_folder import dbt_folder
from orchestration.errors import TelmartError
from orchestration.refresh.manifest import dbt_environment, prepare, target
from orchestration.rules.sides import Side
from orchestration.rules.tables import rule_tables
from orchestration.settings import Settings

_SCHEMA = "telmart_rules_preview"
_BUILT = ("incremental", "table", "view")


@dataclass(frozen=True)
class Model:
    """A model that reads changed rules, directly or through others.

    Attributes:
        relation: its table, as compiled SQL names it: ``"telmart"."core"."int_rule__month"``.
        month_column: the column its rows are replaced by, None when the whole table is.
        meta: of its YAML.
    """

    unique_id: str
    name: str
    relation: str
    month_column: str | None
    meta: Mapping[str, Any]

    @property
    def is_frozen(self) -> bool:
        """Whether its rows belong to a month of their own, which later results look back at."""
        return self.month_column not in {None, "stat_month"}


@dataclass(frozen=True)
class Project:
    """What is needed of dbt's manifest.

    Attributes:
        seeds: relation of each rule table, by name.
        models: those affected, each after what it reads.
        semantics: semantic model by the name of its mart.
    """

    seeds: Mapping[str, str]
    models: Sequence[Model]
    semantics: Mapping[str, Mapping[str, Any]]


def affected_by(settings: Settings, tables: Sequence[str]) -> Project:
    """The models that read ``tables``, from the manifest (parsed anew when files changed)."""
    manifest = json.loads(prepare(settings).read_text())
    nodes = manifest["nodes"]
    seeds = {n["name"]: n["relation_name"] for n in nodes.values() if n["resource_type"] == "seed"}
    reached: set[str] = {
        key for key, node in nodes.items()
        if node["resource_type"] == "seed" and node["name"] in tables
    }  # fmt: skip
    ordered: list[Model] = []
    for key in _in_order(nodes):
        node = nodes[key]
        if node["resource_type"] == "model" and reached & set(node["depends_on"]["nodes"]):
            reached.add(key)
            if node["config"]["materialized"] in _BUILT:
                ordered.append(_model(key, node))
    semantics = {
        key.rpartition(".")[2]: semantic
        for semantic in manifest["semantic_models"].values()
        for key in semantic["depends_on"]["nodes"]
    }
    return Project(seeds, ordered, semantics)


def _model(key: str, node: Mapping[str, Any]) -> Model:
    config = node["config"]
    meta = config.get("meta") or {}
    by_month = config["materialized"] == "incremental"
    month_column = meta.get("month_column", "stat_month") if by_month else None
    return Model(key, node["name"], node["relation_name"], month_column, meta)


def _in_order(nodes: Mapping[str, Any]) -> Iterator[str]:
    """Every node after those it depends on."""
    done: set[str] = set()

    def visit(key: str) -> Iterator[str]:
        if key in nodes and key not in done:
            done.add(key)
            for parent in nodes[key]["depends_on"].get("nodes", []):
                yield from visit(parent)
            yield key

    for key in sorted(nodes):
        yield from visit(key)


def compiled(settings: Settings, models: Sequence[Model], months: Sequence[date]) -> dict[str, str]:
    """SQL of each model for ``months``, by name; of those with frozen months, for all of theirs.

    Raises:
        TelmartError: dbt cannot compile a model; its message is passed on.
    """
    by_month = [model.name for model in models if not model.is_frozen]
    frozen = [model.name for model in models if model.is_frozen]
    with tempfile.TemporaryDirectory(prefix="telmart-compile-") as name:
        folder = Path(name)
        parsed = target(settings) / "partial_parse.msgpack"
        if parsed.exists():  # saves dbt from parsing everything anew
            shutil.copy(parsed, folder)
        found = _compile(settings, folder, by_month, months) if by_month else {}
        if frozen:
            found |= _compile(settings, folder, frozen, ())
        return found


def _compile(
    settings: Settings, folder: Path, names: Sequence[str], months: Sequence[date]
) -> dict[str, str]:
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "compile"]
    environment = {
        **os.environ, **dbt_environment(settings),
        "DBT_TARGET_PATH": str(folder), "DBT_LOG_PATH": str(folder),
        "TELMART_MONTHS": " ".join(month.isoformat() for month in months),
    }  # fmt: skip
    done = subprocess.run(
        [*command, "--select", *names], cwd=dbt_folder(settings), env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise TelmartError(
            f"dbt cannot compile the models: {(done.stdout + done.stderr).strip()[-2000:]}",
            "Correct what it names.",
        )
    nodes = json.loads((folder / "manifest.json").read_text())["nodes"].values()
    wanted = set(names)
    return {
        node["name"]: node["compiled_code"]
        for node in nodes
        if node["name"] in wanted and node.get("compiled_code")
    }


class Preview:
    """A schema with rule tables and affected models of its own; see ``preview``."""

    def __init__(self, warehouse: psycopg.Connection[Any], project: Project) -> None:
        self._warehouse = warehouse
        self._project = project
        self._names = {
            relation: f'"{_SCHEMA}"."{name}"' for name, relation in project.seeds.items()
        } | {model.relation: f'"{_SCHEMA}"."{model.name}"' for model in project.models}

    def load(self, side: Side) -> None:
        """Make the rule tables as ``side`` has them; one that it lacks has no rows."""
        for name, table in rule_tables().items():
            relation = self._project.seeds[name]
            columns = ", ".join(f'"{column}" {kind}' for column, kind in table.types.items())
            self._execute(f"create table {self._names[relation]} ({columns})")
            with (
                self._warehouse.cursor() as cursor,
                cursor.copy(f"copy {self._names[relation]} from stdin") as copy,  # type: ignore[arg-type]
            ):
                for row in side.contents[name].rows if name in side.contents else []:
                    copy.write_row([row[column] for column in table.types])
            self._execute(f"analyze {self._names[relation]}")

    def build(self, model: Model, code: str, months: Sequence[date]) -> None:
        """Work the model out; what reads it sees ``months`` anew and the others as they are."""
        for relation, own in self._names.items():
            code = code.replace(relation, own)
        place = self._names[model.relation]
        if model.month_column is None or model.is_frozen or not self._exists(model.relation):
            self._execute(f"create table {place} as {code}")
            self._execute(f"analyze {place}")
            return
        fresh = f'"{_SCHEMA}"."{model.name}__fresh"'
        self._execute(f"create table {fresh} as {code}")
        self._execute(f"analyze {fresh}")
        columns = ", ".join(f'"{column}"' for column in self._columns(fresh))
        others = ", ".join(f"date '{month}'" for month in months)
        self._execute(
            f"create view {place} as select {columns} from {fresh} union all"
            f" select {columns} from {model.relation} where {model.month_column} not in ({others})"
        )

    def table_of(self, mart: Model) -> str:
        """What to select from to read ``mart``."""
        return self._names[mart.relation]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of ``query``."""
        return self._warehouse.execute(query).fetchall()  # type: ignore[arg-type]

    def _exists(self, relation: str) -> bool:
        found = self._warehouse.execute("select to_regclass(%s)", [relation.partition(".")[2]])
        return found.fetchone() != (None,)

    def _columns(self, relation: str) -> list[str]:
        empty = self._warehouse.execute(f"select * from {relation} limit 0")  # type: ignore[arg-type]
        return [column.name for column in empty.description or []]

    def _execute(self, statement: str) -> None:
        self._warehouse.execute(statement)  # type: ignore[arg-type]


@contextlib.contextmanager
def preview(warehouse: psycopg.Connection[Any], project: Project) -> Iterator[Preview]:
    """A preview whose schema is gone at the end, whatever happens: its transaction never commits.

    Raises:
        TelmartError: the warehouse lacks a table or column that today's models read.
    """
    try:
        with warehouse.transaction(force_rollback=True):
            warehouse.execute(sql.SQL("create schema {}").format(sql.Identifier(_SCHEMA)))
            yield Preview(warehouse, project)
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise TelmartError(
            f"The warehouse was built with other models than today's:"
            f" {error.diag.message_primary}.",
            "Build it first with `telmart run`, then compare.",
        ) from error
