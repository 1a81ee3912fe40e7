"""One blocking check per feed: what arrived is tested before any model reads it."""

import dagster as dg

from orchestration.defs.quality.reporting import check_result, suite_spec
from orchestration.defs.refresh.resource import Refresh
from orchestration.quality.rules import Suite
from orchestration.quality.suites import arrival_suites
from orchestration.refresh.checking import ARRIVAL, check_feed
from orchestration.settings import Settings


def definitions(settings: Settings) -> dg.Definitions:
    """A check and a suite asset for every feed that is switched on."""
    suites = arrival_suites(settings)
    return dg.Definitions(
        assets=[suite_spec(suite, _key(feed)) for feed, suite in suites.items()],
        asset_checks=[arrival_check(suite) for suite in suites.values()],
    )


def arrival_check(suite: Suite) -> dg.AssetChecksDefinition:
    """The check of one feed. It waits for the feeds that its references look into."""
    others = sorted({r.feed for r in suite.references} - {suite.subject})

    @dg.asset_check(
        asset=_key(suite.subject),
        name=ARRIVAL,
        blocking=True,
        additional_deps=[_key(feed) for feed in others],
        description=f"What arrived for {suite.subject} keeps its contract and is as usual.",
        metadata={"suite": suite.name, "expectations": len(suite.rules)},
        # before the loads still to come: those go on beside, and keep the server busy meanwhile
        op_tags={"dagster/priority": "1"},
    )
    def check(context: dg.AssetCheckExecutionContext, refresh: Refresh) -> dg.AssetCheckResult:
        return check_result(context, check_feed(refresh.session, suite.subject))

    return check


def _key(feed: str) -> dg.AssetKey:
    return dg.AssetKey(["raw", feed.replace(".", "__")])
