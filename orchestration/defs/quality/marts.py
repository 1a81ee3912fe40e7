"""One blocking check per mart table: what dbt built is tested before people see it."""

import dagster as dg

from orchestration.defs.quality.reporting import check_result, suite_spec
from orchestration.defs.refresh.resource import Refresh
from orchestration.publication import PublishedTable, published_marts
from orchestration.quality.rules import Suite
from orchestration.quality.suites import mart_suites
from orchestration.refresh.checking import check_built
from orchestration.settings import Settings

CHECK = "trustworthy"


def definitions(settings: Settings) -> dg.Definitions:
    """A check and a suite asset for every published table that has a suite."""
    suites = mart_suites(settings)
    tables = [table for table in published_marts(settings) if table.table in suites]
    return dg.Definitions(
        assets=[suite_spec(suites[table.table], built_key(table)) for table in tables],
        asset_checks=[mart_check(table, suites[table.table]) for table in tables],
    )


def mart_check(table: PublishedTable, suite: Suite) -> dg.AssetChecksDefinition:
    """The check of one table in the build schema."""

    @dg.asset_check(
        asset=built_key(table),
        name=CHECK,
        blocking=True,
        description=f"The months built in {table.table} add up and are plausible.",
        metadata={"suite": suite.name, "expectations": len(suite.rules)},
    )
    def check(context: dg.AssetCheckExecutionContext, refresh: Refresh) -> dg.AssetCheckResult:
        return check_result(context, check_built(refresh.session, table))

    return check


def built_key(table: PublishedTable) -> dg.AssetKey:
    """The dbt model, as Dagster names it."""
    return dg.AssetKey([table.build_schema, table.table])
