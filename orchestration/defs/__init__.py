"""The asset graph: one folder per part, each giving its ``definitions()``.

``feeds``    a raw table per contract
``dbt``      every model, seed and test
``quality``  arrival and mart suites, as blocking checks
``publish``  the served marts and the dashboards on them
``refresh``  the job over all of it, the resource its steps share, the sensor that starts it

No ``from __future__ import annotations`` below this folder: Dagster reads the types of a step's
parameters when it is defined.
"""

import os

import dagster as dg

from orchestration.refresh.manifest import dbt_environment, prepare
from orchestration.settings import Settings


def load(settings: Settings) -> dg.Definitions:
    """All definitions of an installation; parses the dbt project first if it changed.

    Raises:
        TelmartError: a contract, a suite or the dbt project cannot be read.
    """
    os.environ |= dbt_environment(settings)  # dbt and its profile read addresses from there
    prepare(settings)
    from orchestration.defs import dbt, feeds, publish, quality, refresh  # noqa: PLC0415

    parts = (feeds, dbt, quality, publish, refresh)
    return dg.Definitions.merge(*(part.definitions(settings) for part in parts))
