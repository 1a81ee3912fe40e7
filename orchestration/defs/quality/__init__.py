"""Suites: assets for lineage, and blocking checks on feeds and marts."""

import dagster as dg

from orchestration.defs.quality import arrival, marts
from orchestration.settings import Settings


def definitions(settings: Settings) -> dg.Definitions:
    """Checks of both kinds."""
    return dg.Definitions.merge(arrival.definitions(settings), marts.definitions(settings))
