"""The data dictionary of the core: a page for analysts, made from the models' YAML.

One entry per dimension, bridge and fact: its grain, what its columns mean, what it refers to, and
a query to begin with (``meta.example``; tests run them all). The diagram shows the references that
dbt tests, so a line is a join that is known to hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.settings import ROOT

CORE = ROOT / "dbt_project/models/core"
PAGE = ROOT / "docs/core.md"
_KINDS = {"dim": "Dimensions", "bridge": "Bridges", "fct": "Facts"}
_HEAD = """\
# The conformed core

Generated from `dbt_project/models/core`; do not edit, run `make docs`.

Analysts read the published marts; data engineers and those who build marts read these tables, in
the schema `core`. `stat_month` is the first day of the business month (业务月). A fact carries the
area it belonged to in its month (as-was); the columns `*_current` of the dimensions say where it
belongs today (as-is).
"""


@dataclass(frozen=True)
class Reference:
    """A foreign key that dbt tests: ``columns`` of one model lead to another."""

    columns: tuple[str, ...]
    to: str


@dataclass(frozen=True)
class Entity:
    """A dimension, bridge or fact of the core, as its YAML and SQL describe it.

    Attributes:
        grain: what one row is, from the first line of the SQL.
        columns: name, type and description of each column that the YAML describes.
        example: a query to begin with; empty if there is none.
    """

    name: str
    subject: str
    grain: str
    description: str
    columns: tuple[tuple[str, str, str], ...]
    references: tuple[Reference, ...]
    example: str

    @property
    def kind(self) -> str:
        """``dim``, ``bridge`` or ``fct``."""
        return self.name.split("_")[0]


def entities(folder: Path = CORE) -> list[Entity]:
    """Every dimension, bridge and fact below ``folder``, by subject and name."""
    found = []
    for said in _models(folder):
        (path,) = folder.rglob(f"{said['name']}.sql")
        if said["name"].split("_")[0] in _KINDS:
            found.append(_entity(said, path, folder))
    return sorted(found, key=lambda e: (e.subject, e.name))


def page(known: list[Entity]) -> str:
    """The dictionary as Markdown."""
    names = {entity.name for entity in known}
    parts = [_HEAD, _contents(known)]
    for subject in dict.fromkeys(e.subject for e in known):
        mine = [e for e in known if e.subject == subject]
        parts.append(f"## {subject.capitalize()}\n")
        parts.append(_diagram(mine, names))
        for kind in _KINDS:
            parts += [_section(e) for e in mine if e.kind == kind]
    return "\n".join(parts)


def write_page() -> Path:
    """Write ``docs/core.md``."""
    PAGE.write_text(page(entities()), encoding="utf-8")
    return PAGE


def _models(folder: Path) -> Iterator[dict[str, Any]]:
    import yaml  # noqa: PLC0415

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in sorted(folder.rglob("*.yml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=loader) or {}  # noqa: S506
        yield from document.get("models", [])


def _entity(said: dict[str, Any], path: Path, folder: Path) -> Entity:
    inside = path.relative_to(folder).parts
    config = said.get("config", {})
    return Entity(
        name=said["name"],
        subject=inside[0] if len(inside) > 1 else "customer",
        grain=_grain(path.read_text(encoding="utf-8")),
        description=_flat(said["description"]),
        columns=tuple(
            (c["name"], c.get("data_type", ""), _flat(c.get("description", "")))
            for c in said.get("columns", [])
        ),
        references=tuple(_references(said)),
        example=str(config.get("meta", {}).get("example", "")).strip(),
    )


def _grain(text: str) -> str:
    """The comment the SQL begins with, which may go on over several lines."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("--") or line.strip() == "--":
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines).removeprefix("grain:").strip()


def _references(said: dict[str, Any]) -> Iterator[Reference]:
    tests = [(None, test) for test in said.get("data_tests", [])]
    for column in said.get("columns", []):
        tests += [(column["name"], test) for test in column.get("data_tests", [])]
    for column_name, test in tests:
        if not isinstance(test, dict):
            continue
        for given in _targets(test):
            to = re.search(r"ref\(\s*['\"](\w+)['\"]", str(given["to"]))
            columns = given.get("columns") or [column_name or given.get("column_name")]
            if to:
                yield Reference(tuple(columns), to[1])


def _targets(test: dict[str, Any]) -> list[dict[str, Any]]:
    """What a test of references says of each: ``to`` and ``columns``."""
    for name in ("references_in_month", "relationships", "refers_in_month"):
        if name in test:
            given = test[name].get("arguments", test[name])
            return list(given.get("references", [given]))
    return []


def _contents(known: list[Entity]) -> str:
    rows = ["| table | one row per | what it holds |", "|---|---|---|"]
    rows += [
        f"| [`{e.name}`](#{e.name}) | {e.grain.removeprefix('one row per ')} | {_first(e)} |"
        for e in known
    ]
    return "\n".join(rows) + "\n"


def _first(entity: Entity) -> str:
    return re.split(r"(?<=[.])\s", entity.description)[0]


def _diagram(mine: list[Entity], names: set[str]) -> str:
    lines = []
    for entity in mine:
        for reference in dict.fromkeys(entity.references):
            if reference.to in names:
                many = "||--o|" if reference.to == entity.name else "}o--||"
                lines.append(
                    f'    {entity.name} {many} {reference.to} : "{", ".join(reference.columns)}"'
                )
    if not lines:
        return ""
    return "\n".join(["```mermaid", "erDiagram", *lines, "```", ""])


def _section(entity: Entity) -> str:
    parts = [f"### {entity.name}\n", f"{entity.description} Grain: {entity.grain}.\n"]
    rows = ["| column | type | meaning |", "|---|---|---|"]
    rows += [f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in entity.columns]
    parts.append("\n".join(rows) + "\n")
    if entity.example:
        parts.append(f"```sql\n{entity.example}\n```\n")
    return "\n".join(parts)


def _flat(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
