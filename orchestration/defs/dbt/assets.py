"""dbt's models, seeds and tests as assets and checks, built by one dbt command."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation, dbt_assets

from orchestration.dbt_folder import dbt_folder
from orchestration.defs.dbt.resource import Dbt
from orchestration.defs.refresh.resource import Refresh
from orchestration.errors import TelmartError
from orchestration.publication import open_hold, resolve_holds
from orchestration.refresh.dbt_results import CHECK, failed_nodes, reasons
from orchestration.refresh.lock import forget_child, note_child
from orchestration.refresh.manifest import target
from orchestration.refresh.progress import Stage, current
from orchestration.refresh.session import Session
from orchestration.rules import require_sound
from orchestration.settings import Settings

#: folders of artefacts (log, run results) that are kept, one per command
_KEPT = 10


class Translator(DagsterDbtTranslator):
    """Assets are grouped by layer; a mart by its own name."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        if dbt_resource_props["resource_type"] == "seed":
            return "reference"
        folders = dbt_resource_props["fqn"][1:-1]
        return folders[-1] if folders else "staging"


def definitions(settings: Settings) -> dg.Definitions:
    """All models as one multi-asset: dbt orders them better than one process each could."""

    @dbt_assets(
        manifest=target(settings) / "manifest.json",
        name="dbt_build",
        dagster_dbt_translator=Translator(),
        # after all loads and checks, also those of feeds that no model reads yet: what is to be
        # built and published is noted when this step begins
        op_tags={"dagster/priority": "-1"},
    )
    def models(context: dg.AssetExecutionContext, dbt: Dbt, refresh: Refresh) -> Iterator[Any]:
        session = refresh.session
        work = session.work
        if not work.months:
            context.log.info("No month to build.")
            return
        _refuse_faulty_rules(session)
        # Unit tests are about code, not about this month's data: CI runs them.
        command = ["build", "--exclude-resource-type", "unit_test"]
        if work.full_refresh:
            command.append("--full-refresh")
        with current().working(Stage.MODELS, len(context.selected_asset_keys)):
            with _months(() if work.full_refresh else work.months):
                invocation = dbt.cli(command, context=context)
            yield from _build(session, invocation)

    executable = str(Path(sys.executable).with_name("dbt"))
    project = str(dbt_folder(settings))
    return dg.Definitions(
        assets=[models],
        resources={
            "dbt": Dbt(project_dir=project, profiles_dir=project, dbt_executable=executable)
        },
    )


def _refuse_faulty_rules(session: Session) -> None:
    """A rule table that contradicts itself stops the build before a row of it is loaded."""
    try:
        require_sound(session.settings)
    except TelmartError as error:
        first = error.message.splitlines()[1] if "\n" in error.message else error.message
        open_hold(
            session.settings, check_name=CHECK, reason=f"规则表有误：{first}",
            reason_en=f"The rule tables have faults: {first}",
        )  # fmt: skip
        current().fail(Stage.MODELS, error.message)
        raise


@contextlib.contextmanager
def _months(months: Sequence[date]) -> Iterator[None]:
    """Tell dbt the months by its environment: a variable would have it parse the project anew."""
    os.environ["TELMART_MONTHS"] = " ".join(month.isoformat() for month in months)
    try:
        yield
    finally:
        del os.environ["TELMART_MONTHS"]


def _build(session: Session, dbt: DbtCliInvocation) -> Iterator[Any]:
    """Pass dbt's events on; a failed model or test holds publication."""
    note_child(session.settings, dbt.process.pid)
    try:
        for event in dbt.stream():
            if isinstance(event, dg.Output):
                current().advance(Stage.MODELS, text=event.output_name.rpartition("__")[2])
            yield event
    except Exception:
        failed = failed_nodes(dbt.target_path)
        reason, reason_en = reasons(failed)
        open_hold(session.settings, check_name=CHECK, reason=reason, reason_en=reason_en)
        current().fail(Stage.MODELS, reason_en)
        raise
    finally:
        forget_child(session.settings)
        _prune(target(session.settings))
    resolve_holds(session.settings, check_name=CHECK)


def _prune(folder: Path) -> None:
    """Keep the artefacts of the latest commands only."""
    made = sorted(folder.glob("dbt_build-*"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in made[_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
