"""Sources that are databases: a period's rows, read through dlt, become files that are loaded.

``connecting``  from a connection's name to an engine, and from an error to what to do
``reading``     the table, its rows between a period's bounds, and what the source counts
``values``      a database's values as the text a file would hold
``pulling``     the period's folder with its manifest, whole or not at all
``due``         which periods are to be pulled
"""

from __future__ import annotations

from orchestration.sources.due import due_periods
from orchestration.sources.pulling import Pulled, pull_period

__all__ = ["Pulled", "due_periods", "pull_period"]
