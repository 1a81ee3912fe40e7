"""Reading ``expectations/suites``: one YAML file per feed or mart becomes a ``Suite``.

Errors name the file and the entry. See expectations/suites/README.md for the format.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestration.contracts import Feed, all_feeds
from orchestration.errors import TelmartError
from orchestration.quality.contract_rules import between, contract_rules
from orchestration.quality.rules import Reference, Rule, Suite
from orchestration.settings import ROOT, Settings

STANDARD = ROOT / "expectations/suites"
_KEYS = {
    "feed", "mart", "title", "title_zh", "owner", "volume", "drift", "references", "measures",
    "queries", "expectations",
}  # fmt: skip


def arrival_suites(settings: Settings) -> dict[str, Suite]:
    """The arrival suite of every enabled feed, by feed name.

    A feed without a file of its own still gets what its contract says, and the quarantine rules.
    """
    feeds = {name: f for name, f in all_feeds(settings).items() if f.enabled}
    folder = (settings.operator / "suites" if settings.operator else STANDARD) / "arrival"
    return {name: _arrival(feed, feeds, folder) for name, feed in feeds.items()}


def mart_suites(settings: Settings) -> dict[str, Suite]:
    """The suite of every mart, by the mart's table; an operator's own files come on top."""
    folders = [STANDARD / "marts"]
    if settings.operator:
        folders.append(settings.operator / "suites/marts")
    suites = {}
    for path in (p for folder in folders for p in sorted(folder.glob("*.yaml"))):
        entry = _read(path, "mart")
        title, title_zh = entry.get("title", entry["mart"]), entry.get("title_zh", entry["mart"])
        suites[entry["mart"]] = Suite(
            name=f"marts.{entry['mart']}",
            subject=entry["mart"],
            title=title,
            title_zh=title_zh,
            rules=tuple(_rules(path, entry, {})),
            measures=_measures(entry),
            queries=tuple(entry.get("queries") or ()),
        )
    return suites


def _arrival(feed: Feed, feeds: dict[str, Feed], folder: Path) -> Suite:
    path = folder / f"{feed.table}.yaml"
    entry: dict[str, Any] = _read(path, "feed") if path.exists() else {"feed": feed.name}
    if entry["feed"] != feed.name:
        raise TelmartError(
            f"{path}: feed is {entry['feed']!r}, the file's name says {feed.name!r}.",
            "Correct one of them.",
        )
    references = []
    for item in entry.get("references") or ():
        target = feeds.get(item["to"])
        if target is None or target.period_kind != feed.period_kind:
            continue  # switched off, or not comparable period by period
        references.append(
            Reference(item["column"], item["to"], item.get("to_column") or item["column"])
        )
    entry.setdefault("owner", feed.owner)
    return Suite(
        name=f"arrival.{feed.table}",
        subject=feed.name,
        title=feed.description,
        title_zh=feed.name_zh,
        rules=(
            *contract_rules(feed),
            *_delivery_rules(feed),
            *_default_volume(feed, entry),
            *_rules(path, entry, {r.column: r for r in references}),
        ),
        measures=_measures(entry),
        references=tuple(references),
    )


def _read(path: Path, kind: str) -> dict[str, Any]:
    import yaml  # noqa: PLC0415

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        entry = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    except yaml.YAMLError as error:
        raise TelmartError(f"{path} is not YAML: {error}", "Correct the file.") from error
    if not isinstance(entry, dict) or kind not in entry:
        raise TelmartError(f"{path} does not say which {kind} it is for.", f"Add `{kind}: …`.")
    unknown = set(entry) - _KEYS
    if unknown:
        raise TelmartError(
            f"{path}: nobody reads {', '.join(sorted(unknown))}.",
            f"Known are {', '.join(sorted(_KEYS))}.",
        )
    return entry


def _measures(entry: dict[str, Any]) -> dict[str, str]:
    drift = {item["measure"]: item["sql"] for item in entry.get("drift") or ()}
    return {"row_cnt": "count(*)", **drift, **(entry.get("measures") or {})}


def _rules(path: Path, entry: dict[str, Any], references: dict[str, Reference]) -> list[Rule]:
    try:
        owner = entry["owner"]
        rules = []
        if volume := entry.get("volume"):
            rules.append(_usual("volume", "row_cnt", volume, owner, ("number of rows", "行数")))
        rules += [
            _usual(f"{d['measure']}_steady", d["measure"], d, owner, (d["label"], d["label_zh"]))
            for d in entry.get("drift") or ()
        ]
        rules += [
            _reference(references[r["column"]], r["reason"], owner)
            for r in entry.get("references") or ()
            if r["column"] in references
        ]
        rules += [_free(e, owner) for e in entry.get("expectations") or ()]
    except KeyError as error:
        raise TelmartError(
            f"{path}: an entry lacks {error.args[0]!r}.",
            "Every entry needs its description (en, zh), reason and thresholds; see the README.",
        ) from error
    return rules


def _usual(
    id: str, measure: str, entry: dict[str, Any], owner: str, labels: tuple[str, str]
) -> Rule:
    low, high = entry["at_least"], entry["at_most"]
    share = (f"{low:.0%}", f"{high:.0%}")
    return Rule(
        id=id,
        type="ExpectColumnValuesToBeBetween",
        kwargs={
            "column": f"{measure}_ratio{'_beyond_noise' if entry.get('noise') else ''}",
            "min_value": low,
            "max_value": high,
        },
        batch="profile",
        description=f"The {labels[0]} is {between(*share)} of what is usual.",
        description_zh=f"{labels[1]}为往期通常值的 {between(*share, zh=True)}。",
        reason=entry["reason"],
        owner=owner,
        severity=entry.get("severity", "critical"),
    )


def _reference(reference: Reference, reason: str, owner: str) -> Rule:
    return Rule(
        id=f"{reference.column}_exists",
        type="ExpectColumnValuesToBeBetween",
        kwargs={"column": reference.measure, "min_value": 0, "max_value": 0},
        batch="profile",
        description=f"Every {reference.column} exists in {reference.feed} of the same period.",
        description_zh=f"每个 {reference.column} 都能在同账期的 {reference.feed} 中找到。",
        reason=reason,
        owner=owner,
    )


def _default_volume(feed: Feed, entry: dict[str, Any]) -> list[Rule]:
    """Feeds whose file states no volume are only watched: nobody has said what is usual."""
    if entry.get("volume") or feed.period_kind == "full":
        return []
    usual = {
        "at_least": 0.5,
        "at_most": 2.0,
        "noise": True,
        "severity": "warning",
        "reason": "Half or twice the usual rows may be a cut-off extract or one sent twice.",
    }
    return [_usual("volume", "row_cnt", usual, feed.owner, ("number of rows", "行数"))]


def _delivery_rules(feed: Feed) -> list[Rule]:
    common: dict[str, Any] = {
        "type": "ExpectColumnValuesToBeBetween",
        "batch": "profile",
        "owner": feed.owner,
    }
    rules = (
        []
        if feed.may_repeat or feed.period_kind == "full"
        else [
            Rule(
                id="not_another_periods_files",
                kwargs={"column": "repeated_cnt", "min_value": 0, "max_value": 0},
                description="No other period was loaded from the same files.",
                description_zh="没有其他账期由相同的文件加载。",
                reason="One period's extract sent under another's name is counted twice. Have the"
                " right one sent; a list that stays as it is says mayRepeat in its contract.",
                **common,
            ),
        ]
    )
    return [
        *rules,
        Rule(
            id="no_key_or_date_in_quarantine",
            kwargs={"column": "quarantined_key_or_date_cnt", "min_value": 0, "max_value": 0},
            description="No row waits in quarantine for a faulty key or date.",
            description_zh="隔离区内没有主键或日期有误的记录。",
            reason="A faulty key or date is a fault of the extract, not of one row: who else is"
            " missing? Load a corrected file, or replay or drop the rows (telmart quarantine).",
            **common,
        ),
        Rule(
            id="nothing_in_quarantine",
            kwargs={"column": "quarantined_cnt", "min_value": 0, "max_value": 0},
            description="No row waits in quarantine.",
            description_zh="隔离区内没有待处理记录。",
            reason="The contract tolerates a few bad rows, but somebody should look at them.",
            severity="warning",
            **common,
        ),
    ]


def _free(entry: dict[str, Any], owner: str) -> Rule:
    return Rule(
        id=entry["id"],
        type=entry["type"],
        kwargs=entry["kwargs"],
        batch=entry.get("batch", "rows"),
        description=entry["description"],
        description_zh=entry["description_zh"],
        reason=entry["reason"],
        owner=entry.get("owner", owner),
        severity=entry.get("severity", "critical"),
    )
