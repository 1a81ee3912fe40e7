"""The served marts, and the dashboards on them."""

import dagster as dg

from orchestration.defs.publish import dashboards, marts
from orchestration.settings import Settings


def definitions(settings: Settings) -> dg.Definitions:
    """Both kinds of assets."""
    return dg.Definitions.merge(marts.definitions(settings), dashboards.definitions(settings))
