"""Every model, seed and test of the dbt project."""

from orchestration.defs.dbt.assets import definitions

__all__ = ["definitions"]
