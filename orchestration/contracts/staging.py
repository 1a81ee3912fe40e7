"""The staging of a feed as its contract has it: a first ``stg_<system>__<entity>`` and its YAML.

    uv run python -m orchestration.contracts.staging

writes what is missing in ``dbt_project/models/staging`` and leaves what is there alone: a staging
model is ours to edit, as long as it delivers the contract's columns (tests/models/test_yaml.py).
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

from orchestration.contracts.derive import STANDARD_CONTRACTS
from orchestration.contracts.feed import Feed
from orchestration.contracts.reading import read_contracts
from orchestration.settings import ROOT

FOLDER = ROOT / "dbt_project/models/staging"
_WIDTH = 100
_HEADER = "models:\n"


def staging_sql(feed: Feed) -> str:
    """The model: the contract's columns, with the month and the load they came with."""
    columns = [c.name for c in feed.columns] + ["_load_id as load_id"]
    if has_month(feed):
        columns.insert(0, "cast(_period as date) as stat_month")
    listed = ",\n    ".join(columns)
    source = f"{{{{ source('raw', '{feed.table}') }}}}"
    grain = textwrap.fill(
        f"grain: {feed.grain}", _WIDTH, initial_indent="-- ", subsequent_indent="-- "
    )
    return f"{grain}\nselect\n    {listed}\nfrom {source}\n"


def staging_yaml(feed: Feed) -> str:
    """The model's entry in ``stg_<system>.yml``: what staging must look like, whoever makes it."""
    key = (["stat_month"] if has_month(feed) else []) + list(feed.key)
    lines = [f"  - name: stg_{feed.table}", *_description(feed)]
    lines += ["    config:", "      contract: {enforced: true}", "    data_tests:"]
    lines += ["      - unique_combination:", f"          arguments: {{columns: {_flow(key)}}}"]
    allowed = {c.name: c.allowed for c in feed.columns if c.allowed}
    if allowed:
        lines += ["      - allowed:", "          arguments:", "            values:"]
        for column, values in allowed.items():
            lines += _values(column, values)
    lines.append("    columns:")
    types = {"stat_month": "date"} if has_month(feed) else {}
    types |= {c.name: c.sql_type for c in feed.columns} | {"load_id": "bigint"}
    for name, sql_type in types.items():
        quoted = f'"{sql_type}"' if "," in sql_type else sql_type
        lines.append(f"      - {{name: {name}, data_type: {quoted}}}")
    return "\n".join(lines) + "\n"


def has_month(feed: Feed) -> bool:
    """Whether its rows belong to a month; a list that comes whole has none."""
    return feed.period_kind != "full"


def write_missing(folder: Path = FOLDER) -> list[Path]:
    """Write the models that active contracts have and ``folder`` has not; the paths written."""
    written = []
    for feed in read_contracts(STANDARD_CONTRACTS).values():
        path = folder / f"stg_{feed.table}.sql"
        if feed.status_off or path.exists():
            continue
        path.write_text(staging_sql(feed), encoding="utf-8")
        described = folder / f"stg_{feed.system}.yml"
        before = described.read_text(encoding="utf-8") if described.exists() else _HEADER
        described.write_text(before + staging_yaml(feed), encoding="utf-8")
        written.append(path)
    return written


def _description(feed: Feed) -> list[str]:
    text = f"{feed.description.rstrip('.')} ({feed.name_zh})."
    return ["    description: >-", *textwrap.wrap(
        text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6, break_long_words=False
    )]  # fmt: skip


def _values(column: str, values: tuple[str, ...]) -> list[str]:
    start = f"{' ' * 14}{column}: "
    line = start + _flow(values)
    if len(line) <= _WIDTH:
        return [line]
    return [start.rstrip(), *(f"{' ' * 16}- {_scalar(v)}" for v in values)]


def _flow(values: list[str] | tuple[str, ...]) -> str:
    return "[" + ", ".join(_scalar(v) for v in values) + "]"


def _scalar(value: str) -> str:
    """Quoted where YAML would read something else than this text."""
    import yaml  # noqa: PLC0415

    return value if yaml.safe_load(value) == value and value.isidentifier() else json.dumps(value)


if __name__ == "__main__":
    for path in write_missing():
        print(path.relative_to(ROOT))
