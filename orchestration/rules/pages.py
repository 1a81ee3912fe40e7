"""docs/rule-tables.md: every rule table, its columns, its meaning and where its numbers come from.

Generated from the seeds' YAML and the CSVs by ``make docs``; a test fails while it is old.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from orchestration.dbt_folder import REFERENCE
from orchestration.rules.reading import Row, read
from orchestration.rules.tables import RuleTable, rule_tables
from orchestration.settings import ROOT

PAGE = ROOT / "docs/rule-tables.md"
_MADE = "<!-- Generated from the rule tables and their YAML by `make docs`; do not edit. -->\n"
_COMMON = {"rule_id", "valid_from", "valid_to", "source", "note"}
_INTRO = """
What each table decides, its columns, and which of its numbers a document gives. `source` of a row
is the requirement its number comes from ([requirements.csv](requirements.csv)) or `ours`: the
documents give no number, and the default is telmart's. How to change one: [rules.md](rules.md).

Nearly every table has `rule_id` (name of the row), `valid_from` (first day it holds), `valid_to`
(first day it no longer does; empty: still), `source` and, for people, `note`.
"""


def page() -> str:
    """The text of the page, about our own tables."""
    tables = [table for name, table in sorted(rule_tables().items()) if _file(name).exists()]
    lines = [_MADE, f"# Rule tables 规则表 ({len(tables)})", _INTRO]
    lines += ["| table | 名称 | rows | numbers from the documents | requirements |"]
    lines += ["|---|---|---|---|---|"]
    for table in tables:
        rows = read(table, _file(table.name), "").rows
        given = sum(row.values.get("source") != "ours" for row in rows)
        lines.append(
            f"| [{table.name}](#{table.name}) | {table.label_zh} | {len(rows)}"
            f" | {given or 'none, all ours'} | {', '.join(table.requirements)} |"
        )
    for table in tables:
        lines += _section(table, read(table, _file(table.name), "").rows)
    return "\n".join(lines) + "\n"


def write_page(path: Path = PAGE) -> Path:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")
    return path


def _section(table: RuleTable, rows: list[Row]) -> Iterator[str]:
    yield from ["", f"## {table.name}", "", table.description, ""]
    yield f"File: `seeds/reference/{table.name}.csv`."
    yield from ["", "| column | type | meaning |", "|---|---|---|"]
    for column, kind in table.types.items():
        if column not in _COMMON:
            yield f"| {column} | {kind} | {table.columns.get(column, '')} |"
    yield from ["", *_promises(table)]
    notes = [(row[table.key], row.values.get("source"), row.values.get("note")) for row in rows]
    told = [f"- `{key}` ({source}): {note}" for key, source, note in notes if note]
    if told:
        yield from ["", "Where the numbers come from:", "", *told]


def _promises(table: RuleTable) -> Iterator[str]:
    """What must be true of every row, in the words the YAML has for it."""
    says = [
        str(rule["says"])
        for invariant in table.invariants
        if invariant.test == "each_row"
        for rule in invariant.arguments["rules"]
    ]
    if says:
        yield from ["It must hold:", "", *(f"- {text}" for text in says)]


def _file(name: str) -> Path:
    return REFERENCE / f"{name}.csv"
