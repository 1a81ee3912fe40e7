"""The served marts: a step each, which copies its checked months in one transaction."""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.quality.marts import built_key
from orchestration.defs.refresh.resource import Refresh
from orchestration.publication import PublishedTable, published_marts
from orchestration.publication.manifest import by_mart
from orchestration.refresh.publishing import publish_work
from orchestration.settings import Settings


def definitions(settings: Settings) -> dg.Definitions:
    """A step per mart: one that is held back holds back no other."""
    marts = by_mart(published_marts(settings))
    return dg.Definitions(assets=[_step(mart, tables) for mart, tables in marts.items()])


def _step(mart: str, tables: list[PublishedTable]) -> dg.AssetsDefinition:
    """An asset per served table of a mart; they change together."""

    @dg.multi_asset(
        name=f"publish_{mart}",
        specs=[
            dg.AssetSpec(
                served_key(table),
                deps=[built_key(table)],
                group_name="published",
                kinds={"postgres"},
                description=table.comment,
                skippable=True,
            )
            for table in tables
        ],
    )
    def publish(
        context: dg.AssetExecutionContext, refresh: Refresh
    ) -> Iterator[dg.MaterializeResult]:
        result = publish_work(refresh.session, mart)
        months = [f"{month:%Y-%m}" for month in result.months]
        context.log.info(f"Published {', '.join(months) or 'nothing'} in {result.seconds:.1f} s")
        for table in tables:
            yield dg.MaterializeResult(
                asset_key=served_key(table),
                metadata={
                    "rows copied": result.rows.get(table.served, 0),
                    "months": ", ".join(months),
                    "seconds": result.seconds,
                },
            )

    return publish


def served_key(table: PublishedTable) -> dg.AssetKey:
    """The table people read."""
    return dg.AssetKey([table.mart, table.table])
