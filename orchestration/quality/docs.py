"""Data Docs for a closed network: Great Expectations' pages without what they fetch from elsewhere.

Its pages load styles, scripts and images from half a dozen public hosts, and its index is drawn by
one of those scripts: behind an operator's firewall they are blank. Here each page gets one small
style sheet of its own, and the index is a page that needs no script.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

#: what a page asks of other hosts, and the scripts that need it
_FOREIGN = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*https?://[^>]*>|<img\b[^>]*https?://[^>]*>", re.S | re.I
)
_STYLE = """\
:root { color-scheme: light; --line: #d9dee5; --ink: #1f2933; --soft: #667; }
body { margin: 0 auto; max-width: 1200px; padding: 24px 32px; color: var(--ink);
  font: 14px/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
h1 { font-size: 22px; } h2 { font-size: 16px; margin: 28px 0 8px; } h5, h6 { margin: 12px 0 4px; }
a { color: #14508c; text-decoration: none; } a:hover { text-decoration: underline; }
table { border-collapse: collapse; width: 100%; margin: 8px 0 16px; }
th, td { border-bottom: 1px solid var(--line); padding: 6px 10px; text-align: left;
  vertical-align: top; } th { color: var(--soft); font-weight: 600; }
.good, .text-success { color: #12733a; } .bad, .text-danger { color: #b3261e; }
.text-warning { color: #8a5a00; } .soft { color: var(--soft); } td.number { text-align: right; }
.fa-check-circle::before { content: "✓"; } .fa-times::before { content: "✗"; }
.fa-exclamation-triangle::before { content: "!"; }
nav ol { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 8px; }
.card, .collapse, [data-toggle="collapse"], .ge-navigation-sidebar-container, footer {
  display: none; }
code, pre { background: #f3f5f8; padding: 1px 4px; white-space: pre-wrap; }
"""


@dataclass(frozen=True)
class Page:
    """The result of one suite's batch in one run, and its page."""

    run: str
    time: str
    suite: str
    period: str
    passed: int
    tested: int
    href: str


def make_self_contained(docs: Path, results: Path, timezone: str) -> None:
    """Rewrite the pages below ``docs`` and write its index from the stored ``results``."""
    for page in docs.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        clean = _FOREIGN.sub("", text).replace("</head>", f"<style>{_STYLE}</style></head>", 1)
        page.write_text(clean, encoding="utf-8")
    pages = [_page(path, results) for path in results.rglob("*.json")]
    (docs / "index.html").write_text(_index(pages, ZoneInfo(timezone)), encoding="utf-8")


def _page(path: Path, results: Path) -> Page:
    content = json.loads(path.read_text(encoding="utf-8"))
    inside = path.relative_to(results).with_suffix(".html")
    statistics = content["statistics"]
    *suite, run, time, _ = inside.parts
    return Page(
        run=run,
        time=time,
        suite=".".join(suite),
        period=content["meta"]["active_batch_definition"]["data_asset_name"].split("@")[1],
        passed=statistics["successful_expectations"],
        tested=statistics["evaluated_expectations"],
        href=f"validations/{inside.as_posix()}",
    )


def _index(pages: list[Page], zone: ZoneInfo) -> str:
    runs: dict[str, list[Page]] = {}
    for page in sorted(pages, key=lambda p: p.time, reverse=True):
        runs.setdefault(page.run, []).append(page)
    body = "".join(_run(run, found, zone) for run, found in runs.items())
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<title>telmart: quality checks 数据质量</title><style>{_STYLE}</style></head><body>"
        "<h1>Quality checks 数据质量检查</h1><p class='soft'>The latest runs, newest first. All"
        " results are in <code>quality.check_result</code>. 最近几次运行的检查结果。</p>"
        f"{body}</body></html>"
    )


def _run(run: str, pages: list[Page], zone: ZoneInfo) -> str:
    rows = "".join(
        f"<tr><td><a href='{html.escape(p.href)}'>{html.escape(p.suite)}</a></td>"
        f"<td>{html.escape(p.period)}</td><td class='number'>{p.tested}</td>"
        + (
            "<td class='good'>✓ passed 通过</td>"
            if p.passed == p.tested
            else f"<td class='bad'>✗ {p.tested - p.passed} failed 未通过</td>"
        )
        + "</tr>"
        for p in sorted(pages, key=lambda p: (p.passed == p.tested, p.suite, p.period))
    )
    latest = datetime.strptime(max(p.time for p in pages), "%Y%m%dT%H%M%S.%fZ")
    when = latest.replace(tzinfo=UTC).astimezone(zone)
    return (
        f"<h2>{when:%Y-%m-%d %H:%M} <span class='soft'>run {html.escape(run[:8])}</span></h2>"
        "<table><tr><th>Suite 检查集</th><th>Period 账期</th><th>Expectations 项数</th>"
        f"<th>Result 结果</th></tr>{rows}</table>"
    )
