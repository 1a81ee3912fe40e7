"""One asset per feed: ``raw/<system>__<feed>``, loaded from whatever arrived for it."""

import hashlib

import dagster as dg

from orchestration.contracts import Feed, all_feeds
from orchestration.defs.refresh.resource import Refresh
from orchestration.engine.databases import connect
from orchestration.settings import Settings

_CURRENT = "select load_id, rows_loaded from ops.load where feed = %s and is_current order by 1"


def definitions(settings: Settings) -> dg.Definitions:
    """The assets of all feeds that are switched on."""
    feeds = [feed for feed in all_feeds(settings).values() if feed.enabled]
    return dg.Definitions(assets=[feed_asset(feed) for feed in feeds])


def feed_asset(feed: Feed) -> dg.AssetsDefinition:
    """The asset of one feed.

    It is not partitioned by Dagster: the load ledger says which periods arrived, and late data
    touch periods in any order (docs/decisions).
    """

    @dg.asset(
        key=["raw", feed.table],
        group_name="raw",
        kinds={"postgres"},
        description=f"{feed.description} {feed.name_zh}：{feed.description_zh}",
        metadata={
            "contract": dg.MetadataValue.path(str(feed.path)),
            "contract version": feed.version,
            "grain": feed.grain,
            "owner": feed.owner,
            "comes": f"by {feed.period_kind}, due on day {feed.due_day}",
        },
        op_tags={"feed": feed.name},
    )
    def load(context: dg.AssetExecutionContext, refresh: Refresh) -> dg.MaterializeResult:
        session = refresh.session
        done = session.load(feed.name, _chosen(context))
        for result in done.results:
            context.log.info(f"{result.period}: {result.state} {result.error}".strip())
        if done.refused:
            raise dg.Failure(
                description="; ".join(
                    f"{feed.name} {r.period} was {r.state}: {r.error} {r.remedy}".strip()
                    for r in done.refused
                ),
                metadata={"periods refused": ", ".join(r.period for r in done.refused)},
            )
        with connect(session.settings) as warehouse:
            loads = warehouse.execute(_CURRENT, [feed.name]).fetchall()
        return dg.MaterializeResult(
            metadata={
                "periods loaded now": len(done.results),
                "rows loaded now": done.rows,
                "periods": len(loads),
                "dagster/row_count": sum(rows or 0 for _, rows in loads),
            },
            data_version=dg.DataVersion(
                hashlib.sha256(str([i for i, _ in loads]).encode()).hexdigest()[:16]
            ),
        )

    return load


def _chosen(context: dg.AssetExecutionContext) -> set[str] | None:
    """Feeds of this run when somebody materialises some by hand; None for a run of everything."""
    selected = context.run.asset_selection
    if not selected:
        return None
    # raw tables are named <system>__<entity>, and neither part holds a double underscore
    return {key.path[1].replace("__", ".", 1) for key in selected if key.path[0] == "raw"}
