"""A page per feed for the owners of the source systems, and a picture of how feeds hang together.

Generated from the contracts into ``docs/feeds`` by ``make docs``; a test fails while it is old.
"""

from __future__ import annotations

from pathlib import Path

from orchestration.contracts.feed import Column, Feed
from orchestration.contracts.reading import EARLIEST, LATEST, read_contracts
from orchestration.settings import ROOT

FOLDER = ROOT / "docs/feeds"
_MADE = "<!-- Generated from expectations/contracts by `make docs`; do not edit. -->\n"


def pages(feeds: dict[str, Feed]) -> dict[str, str]:
    """Text of every page by file name."""
    return {"README.md": index_page(feeds)} | {
        f"{name}.md": feed_page(feed, feeds) for name, feed in feeds.items()
    }


def write_pages(folder: Path = FOLDER) -> list[Path]:
    """Write all pages of the standard feeds; pages of feeds that are gone go too."""
    wanted = pages(read_contracts(ROOT / "expectations/contracts"))
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        if old.name not in wanted:
            old.unlink()
    written = []
    for name, text in wanted.items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def index_page(feeds: dict[str, Feed]) -> str:
    """The list of all feeds by system, and the picture."""
    lines = [
        _MADE,
        f"# Feeds 数据源接口 ({len(feeds)})",
        "",
        "What telmart takes from an operator's systems: one contract per feed. A feed whose",
        "contract is a draft is off: no mart reads it yet. What you do not have is switched off",
        "with `telmart feeds off FEED`; `telmart feeds template FEED --to FOLDER` writes an empty",
        "file and one with an example row, to send to the owner of the source system.",
        "",
    ]
    for system in _systems(feeds):
        lines += ["", f"## {system}", "", "| feed | 名称 | what it holds | comes | due |"]
        lines += ["|---|---|---|---|---|"]
        for feed in (f for f in feeds.values() if f.system == system):
            off = "" if feed.enabled else " (draft)"
            lines.append(
                f"| [{feed.name}]({feed.name}.md){off} | {feed.name_zh} | {feed.description}"
                f" | {feed.cadence}, by {feed.period_kind} | {_due(feed)} |"
            )
    lines += ["", "## How they reference each other", "", picture(feeds)]
    return "\n".join(lines)


def picture(feeds: dict[str, Feed]) -> str:
    """A Mermaid graph: an arrow from each feed to those whose keys it carries."""
    lines = ["```mermaid", "flowchart LR"]
    for system in _systems(feeds):
        lines.append(f"  subgraph {system}")
        lines += [
            f'    {f.table}["{f.entity}<br/>{f.name_zh}"]'
            for f in feeds.values()
            if f.system == system
        ]
        lines.append("  end")
    arrows = {
        (feed.table, feeds[column.references[0]].table)
        for feed in feeds.values()
        for column in feed.columns
        if column.references and column.references[0] != feed.name
    }
    lines += [f"  {a} --> {b}" for a, b in sorted(arrows)]
    return "\n".join([*lines, "```", ""])


def feed_page(feed: Feed, feeds: dict[str, Feed]) -> str:
    """Everything the owner of the source system has to know about one feed."""
    totals = ", ".join(f"`{t}`" for t in feed.control_totals) or "none"
    carried = sorted(
        {
            f.name
            for f in feeds.values()
            for c in f.columns
            if (c.references or ("",))[0] == feed.name
        }
        - {feed.name}
    )
    lines = [
        _MADE,
        f"# {feed.name} {feed.name_zh}",
        "",
        feed.description,
        "",
        feed.description_zh,
        "",
        "| | |",
        "|---|---|",
        f"| owner 责任部门 | {feed.owner} |",
        f"| grain 粒度 | {feed.grain} |",
        f"| comes 频率 | {feed.cadence}; one load replaces one {_replaces(feed)} |",
        f"| due 时限 | {_due(feed)} |",
        f"| key 主键 | {', '.join(f'`{k}`' for k in feed.key)} |",
        f"| control totals 控制总量 | {totals} |",
        f"| bad rows tolerated 容忍度 | {feed.tolerance:.1%} |",
        f"| serves 支撑需求 | {', '.join(feed.requirements) or '-'} |",
        f"| version 版本 | {_versions(feed)} |",
        f"| state 状态 | {'active' if feed.enabled else 'draft: off'} |",
        "",
        "| column | 名称 | type | | meaning | rules | personal data | serves |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(c) for c in feed.columns),
    ]
    if carried:
        links = ", ".join(f"[{name}]({name}.md)" for name in carried)
        lines += ["", f"Its keys are carried by {links}."]
    lines += [
        "",
        f"Files go to `<landing>/{feed.system}/{feed.entity}/{_folder(feed)}/`;"
        " [Bringing data in](../loading.md) says what a file may be.",
        "",
    ]
    return "\n".join(lines)


def _row(column: Column) -> str:
    mark = "key" if column.is_key else "" if column.required else "may be empty"
    meaning = f"{column.description} {column.description_zh}"
    if column.references:
        name, key = column.references
        meaning += f" → [{name}.{key}]({name}.md)"
    pii = "" if column.pii == "none" else column.pii
    cells = (
        f"`{column.name}`", ", ".join([column.name_zh, *column.aliases]), column.sql_type, mark,
        meaning, _rules(column), pii, ", ".join(column.requirements),
    )  # fmt: skip
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rules(column: Column) -> str:
    parts = []
    if column.min not in {None, EARLIEST}:
        parts.append(f"≥ {column.min}")
    if column.max not in {None, LATEST}:
        parts.append(f"≤ {column.max}")
    if column.allowed:
        parts.append(", ".join(f"`{a}`" for a in column.allowed))
    if column.timing != "any":
        parts.append(column.timing.replace("_", " "))
    return "; ".join(parts)


def _due(feed: Feed) -> str:
    if feed.due_day is None:
        return "on change"
    return f"day {feed.due_day} of the next month, {feed.due_time}"


def _versions(feed: Feed) -> str:
    return "; ".join(
        [feed.version, *(f"{v.version} until {v.valid_until}" for v in reversed(feed.earlier))]
    )


def _replaces(feed: Feed) -> str:
    return "whole list" if feed.period_kind == "full" else feed.period_kind


def _folder(feed: Feed) -> str:
    return {"month": "2026-10", "day": "2026-10-15"}.get(feed.period_kind, "full")


def _systems(feeds: dict[str, Feed]) -> list[str]:
    return sorted({feed.system for feed in feeds.values()})
