"""What Dagster loads: ``dagster-webserver -m orchestration.definitions``. It only collects."""

from __future__ import annotations

import os

from orchestration.refresh.manifest import dbt_environment, prepare
from orchestration.settings import settings

_SETTINGS = settings()
os.environ |= dbt_environment(_SETTINGS)  # dbt and its profile read addresses from there
prepare(_SETTINGS)

import dagster as dg  # noqa: E402

from orchestration.defs import dbt, feeds, publish, quality, refresh  # noqa: E402

defs = dg.Definitions.merge(
    *(part.definitions(_SETTINGS) for part in (feeds, dbt, quality, publish, refresh))
)
