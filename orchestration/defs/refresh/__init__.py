"""The job, and the resource its steps share."""

from orchestration.defs.refresh.job import definitions

__all__ = ["definitions"]
