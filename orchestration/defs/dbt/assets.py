"""dbt's models, seeds and tests as assets and checks, built by one dbt command."""

import contextlib
import os
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliInvocation, DbtProject, dbt_assets

from orchestration.dbt_folder import dbt_folder
from orchestration.defs.dbt.resource import Dbt
from orchestration.defs.refresh.resource import Refresh
from orchestration.errors import TelmartError
from orchestration.publication import open_hold, open_holds, resolve_holds
from orchestration.publication.ledger import note_published
from orchestration.publication.manifest import (
    always_needed,
    apart_from,
    sources_of,
    tests_of_seeds,
)
from orchestration.refresh.checking import ARRIVAL
from orchestration.refresh.dbt_results import BESIDE, CHECK, failed_nodes, hold_failed
from orchestration.refresh.lock import forget_child, note_child
from orchestration.refresh.manifest import target
from orchestration.refresh.progress import Stage, current
from orchestration.refresh.session import Session
from orchestration.rules import require_sound
from orchestration.rules.invariants import OF_ROWS, OF_TABLES
from orchestration.settings import Settings

#: folders of artefacts (log, run results) that are kept, one per command
_KEPT = 10


class Translator(DagsterDbtTranslator):
    """Assets are grouped by layer; a mart by its own name.

    Only the feeds that every mart is built from are upstream in Dagster's eyes: a fault in another
    would skip the step that builds the other marts, too. What reads the other feeds is built in the
    same step, after their loads and checks, without those that are on hold.

    Args:
        needed: raw tables of the feeds that every mart is built from.
    """

    def __init__(self, needed: Collection[str]) -> None:
        super().__init__()
        self._needed = frozenset(needed)

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        return spec.replace_attributes(deps=[d for d in spec.deps if self._stands(d.asset_key)])

    def _stands(self, key: dg.AssetKey) -> bool:
        return key.path[0] != "raw" or key.path[-1] in self._needed

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        if dbt_resource_props["resource_type"] == "seed":
            return "reference"
        folders = dbt_resource_props["fqn"][1:-1]
        return folders[-1] if folders else "staging"


def definitions(settings: Settings) -> dg.Definitions:
    """All models as one multi-asset: dbt orders them better than one process each could."""

    needed = {name.replace(".", "__") for name in always_needed(settings)}

    @dbt_assets(
        manifest=target(settings) / "manifest.json",
        name="dbt_build",
        dagster_dbt_translator=Translator(needed),
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
        command += ["--indirect-selection", "cautious", "--exclude", " ".join(_unchanged(session))]
        for source in sources_of(session.settings, _held_feeds(session)):
            context.log.warning(f"{source} is on hold: nothing that reads it is built.")
            command += ["--exclude", f"source:{source}+"]
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


def _unchanged(session: Session) -> list[str]:
    """What dbt need not do again. A test goes where all it looks at goes.

    The rule tables were judged from their files, and what our own staging only renames by the
    loader and the arrival suites. Unless everything is built, seeds are by the fingerprint as they
    were, and so is what none of the feeds loaded now is above. A month that somebody asks for is
    built whole, and so is every month while a model beside the marts has failed. A mart to be
    published has all its tables built: Dagster would skip its step otherwise.
    """
    settings = session.settings
    found: list[str] = []
    if settings.operator is None:
        found.append("path:models/staging,resource_type:test")
    if session.work.everything:
        return [*found, *tests_of_seeds(settings, {*OF_ROWS, *OF_TABLES})]
    with session.warehouse() as warehouse:
        mending = any(hold.check_name == BESIDE for hold in open_holds(warehouse))
    changed = None if session.month or mending else session.work.feeds
    marts = [mart for mart, work in session.work.marts.items() if work.months]
    return [*found, "resource_type:seed", *apart_from(settings, changed, marts)]


def _held_feeds(session: Session) -> set[str]:
    """Feeds whose rows failed their checks, and which some mart can do without."""
    with session.warehouse() as warehouse:
        holds = open_holds(warehouse)
    held = {hold.feed for hold in holds if hold.feed and hold.check_name == ARRIVAL}
    return held - always_needed(session.settings)


def _build(session: Session, dbt: DbtCliInvocation) -> Iterator[Any]:
    """Pass dbt's events on; a failed model or test holds the marts that are built from it."""
    note_child(session.settings, dbt.process.pid)
    try:
        for event in dbt.stream():
            if isinstance(event, dg.Output):
                current().advance(Stage.MODELS, text=event.output_name.rpartition("__")[2])
            yield event
    except Exception:
        if hold_failed(session.settings, failed_nodes(dbt.target_path)):
            raise
        # the other marts were built and tested; the refresh ends with the holds' reasons
    else:
        resolve_holds(session.settings, check_name=CHECK)
        resolve_holds(session.settings, check_name=BESIDE)
    finally:
        forget_child(session.settings)
        _prune(target(session.settings))
    with session.warehouse() as warehouse:
        note_published(warehouse, session.settings, session.work.beside, (), datetime.now(UTC))
        warehouse.commit()


def _prune(folder: Path) -> None:
    """Keep the artefacts of the latest commands only."""
    made = sorted(folder.glob("dbt_build-*"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in made[_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
