"""Lateness in Dagster: a check ``on_time`` on every raw asset, which warns and stops nothing."""

import json
from collections.abc import Iterator, Sequence

import dagster as dg

from orchestration.contracts import all_feeds
from orchestration.loader.lateness import Late, late_feeds
from orchestration.settings import Settings, settings

CHECK = "on_time"


def lateness_checks(here: Settings) -> list[dg.AssetChecksDefinition]:
    """One step for the checks of all feeds that have an agreed time."""
    names = [f.name for f in all_feeds(here).values() if f.enabled and f.period_kind != "full"]

    @dg.multi_asset_check(
        name=CHECK,
        specs=[
            dg.AssetCheckSpec(
                CHECK, asset=_key(name), description="Everything due by its contract is loaded."
            )
            for name in names
        ],
    )
    def on_time() -> Iterator[dg.AssetCheckResult]:
        late = {x.feed: x for x in late_feeds(settings())}
        for name in names:
            yield dg.AssetCheckResult(
                asset_key=_key(name),
                check_name=CHECK,
                passed=name not in late,
                severity=dg.AssetCheckSeverity.WARN,
                description=_said(late[name]) if name in late else None,
            )

    return [on_time]


def report_lateness(
    context: dg.SensorEvaluationContext, here: Settings, late: Sequence[Late]
) -> None:
    """Tell Dagster of feeds that became late or came since the last look, without a run."""
    now = {x.feed: _said(x) for x in late}
    before: dict[str, str] = json.loads(context.cursor or "{}")
    feeds = all_feeds(here)
    for name in sorted(now.keys() | before.keys()):
        if now.get(name) != before.get(name) and name in feeds and feeds[name].enabled:
            context.instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(
                    asset_key=_key(name),
                    check_name=CHECK,
                    passed=name not in now,
                    severity=dg.AssetCheckSeverity.WARN,
                    description=now.get(name),
                    metadata={},
                )
            )
    context.update_cursor(json.dumps(now))


def _said(late: Late) -> str:
    periods = ", ".join(late.periods)
    return f"Late since {late.since:%Y-%m-%d %H:%M}: {periods}. Owner: {late.owner or 'not named'}."


def _key(feed: str) -> dg.AssetKey:
    return dg.AssetKey(["raw", feed.replace(".", "__")])
