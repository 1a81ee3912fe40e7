"""A raw table per contract."""

from orchestration.defs.feeds.assets import definitions

__all__ = ["definitions"]
