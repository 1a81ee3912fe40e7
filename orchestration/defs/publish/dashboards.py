"""The dashboards, as assets on the served marts: deployed, then their caches emptied and warmed."""

from collections.abc import Iterator

import dagster as dg

from orchestration.defs.publish.marts import served_key
from orchestration.defs.refresh.resource import Refresh
from orchestration.publication import published_marts
from orchestration.refresh.dashboards import Dashboard, deploy, read_dashboards
from orchestration.refresh.instance import DASHBOARDS_STEP
from orchestration.settings import Settings


def definitions(settings: Settings) -> dg.Definitions:
    """An asset per dashboard; one step deploys them all."""
    keys = {table.table: served_key(table) for table in published_marts(settings)}
    boards = read_dashboards()
    if not boards:
        return dg.Definitions()

    @dg.multi_asset(name=DASHBOARDS_STEP, specs=[_spec(board, keys) for board in boards])
    def superset(
        context: dg.AssetExecutionContext, refresh: Refresh
    ) -> Iterator[dg.MaterializeResult]:
        said = deploy(refresh.session.settings)
        context.log.info(said.text)
        address = f"http://127.0.0.1:{refresh.session.settings.superset_port}"
        for board in boards:
            link = dg.MetadataValue.url(f"{address}/superset/dashboard/{board.slug}/")
            if said.deployed:
                yield dg.MaterializeResult(asset_key=_key(board), metadata={"dashboard": link})

    return dg.Definitions(assets=[superset])


def _spec(board: Dashboard, keys: dict[str, dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        _key(board),
        deps=[keys[table] for table in board.tables if table in keys],
        group_name="dashboards",
        kinds={"superset"},
        description=board.title,
        skippable=True,
    )


def _key(board: Dashboard) -> dg.AssetKey:
    return dg.AssetKey(["dashboards", board.slug])
