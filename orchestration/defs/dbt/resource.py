"""dbt as a Dagster resource, without the two things that cost seconds before every command."""

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Any

from dagster_dbt import DbtCliResource
from packaging.version import Version, parse


class Dbt(DbtCliResource):
    """``DbtCliResource`` that knows its version and leaves the adapter to dbt's own process."""

    @cached_property
    def _cli_version(self) -> Version:
        # Upstream starts `dbt --version`: a whole start of dbt and two network look-ups.
        return parse(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        # Upstream loads dbt here as well, to fetch column metadata that we do not ask for.
        return None
