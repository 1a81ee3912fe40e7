"""Running rules with Great Expectations: pushed down to PostgreSQL, results without row values.

The only module that touches Great Expectations. Its import costs seconds, so it happens when the
first rule is run; ``preload`` starts it beside other work.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestration.errors import TelmartError
from orchestration.quality.rules import Outcome, Rule, Suite
from orchestration.quality.wording import expected_text, observed_text
from orchestration.settings import Settings

#: Counts only. Lists of unexpected values would put customers' data into results and Data Docs.
RESULT_FORMAT = {
    "result_format": "SUMMARY",
    "exclude_unexpected_values": True,
    "partial_unexpected_count": 0,
    "return_unexpected_index_query": False,
}
#: Data Docs show this many runs; quality.check_result keeps all
RUNS_KEPT = 5


def preload() -> None:
    """Begin importing Great Expectations in the background, while loads are running."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    threading.Thread(target=_import, name="import-gx", daemon=True).start()


class Validator:
    """One ephemeral context per run, kept so that the Data Docs of a run are written once.

    Args:
        settings: the installation.
        run_id: name of the run, as it appears in Data Docs.
    """

    def __init__(self, settings: Settings, run_id: str) -> None:
        self.settings = settings
        self.run_id = run_id
        self._gx = _import()
        self._context = self._new_context()
        url = settings.database_url().replace("postgresql://", "postgresql+psycopg://", 1)
        self._source = self._context.data_sources.add_postgres(
            "warehouse", connection_string=url.replace("$", "%24")
        )
        self._written: list[Any] = []
        self._number = itertools.count(1)

    @property
    def docs(self) -> Path:
        """Where the Data Docs are: open ``index.html`` in a browser."""
        return self.settings.home / "data_docs"

    def run(
        self, suite: Suite, rules: Sequence[Rule], *, batch: str, query: str, period: str
    ) -> list[Outcome]:
        """Test ``rules`` on the rows of ``query``, the suite's ``batch`` for ``period``.

        Raises:
            TelmartError: a rule could not be evaluated (a column is missing, its SQL is wrong).
        """
        gx, name = self._gx, f"{suite.name}.{batch}.{period}"
        by_name = {rule.id: rule for rule in rules}
        asset = self._source.add_query_asset(f"{name} {next(self._number)}", query=query)
        definition = self._context.validation_definitions.add(
            gx.ValidationDefinition(
                name=asset.name,
                data=asset.add_batch_definition_whole_table(period),
                suite=self._suite(f"{suite.name}.{batch}", rules),
            )
        )
        checkpoint = self._context.checkpoints.add(
            gx.Checkpoint(
                name=asset.name, validation_definitions=[definition], result_format=RESULT_FORMAT
            )
        )
        result = checkpoint.run(run_id=gx.RunIdentifier(run_name=self.run_id))
        self._written += list(result.run_results)
        outcomes = []
        for item in next(iter(result.run_results.values())).results:
            rule = by_name[item.expectation_config.meta["id"]]
            _refuse_exception(suite, rule, item.exception_info)
            seen = dict(item.result)
            outcomes.append(
                Outcome(
                    rule=rule,
                    period=period,
                    success=bool(item.success),
                    observed=observed_text(seen),
                    observed_zh=observed_text(seen, zh=True),
                    expected=expected_text(rule),
                )
            )
        return outcomes

    def write_docs(self) -> Path | None:
        """Write the Data Docs of what ran so far. Returns the folder, or None if nothing ran."""
        if not self._written:
            return None
        self._prune()
        # Pages of earlier runs stand already; making them again took longer than the checks.
        suites = self._context.stores["suites"].list_keys()
        self._context.build_data_docs(resource_identifiers=[*suites, *self._written])
        return self.docs

    # ---- steps ------------------------------------------------------------------------------
    def _suite(self, name: str, rules: Sequence[Rule]) -> Any:
        gx = self._gx
        built = [self._expectation(rule) for rule in rules]
        with contextlib.suppress(Exception):  # asked again for one period: a shorter suite
            self._context.suites.delete(name)
        return self._context.suites.add(gx.ExpectationSuite(name=name, expectations=built))

    def _expectation(self, rule: Rule) -> Any:
        kind = getattr(self._gx.expectations, rule.type, None)
        if kind is None:
            raise TelmartError(
                f"Rule {rule.id}: Great Expectations has no {rule.type}.",
                "Correct `type` in the suite's file.",
            )
        return kind(
            **rule.kwargs,
            description=f"{rule.description} {rule.description_zh}",
            notes=rule.reason,
            severity=rule.severity,
            meta={"id": rule.id, "owner": rule.owner, "reason": rule.reason},
        )

    def _new_context(self) -> Any:
        from great_expectations.data_context.types.base import DataContextConfig  # noqa: PLC0415

        def store(kind: str, backend: dict[str, str] | None = None) -> dict[str, Any]:
            return {
                "class_name": kind,
                "store_backend": backend or {"class_name": "InMemoryStoreBackend"},
            }

        config = DataContextConfig(
            expectations_store_name="suites",
            validation_results_store_name="results",
            checkpoint_store_name="checkpoints",
            stores={
                "suites": store("ExpectationsStore"),
                "checkpoints": store("CheckpointStore"),
                "validation_definition_store": store("ValidationDefinitionStore"),
                "results": store("ValidationResultsStore", _files(self._results)),
            },
            data_docs_sites={
                "telmart": {
                    "class_name": "SiteBuilder",
                    "show_how_to_buttons": False,
                    "store_backend": _files(self.docs),
                    "site_index_builder": {
                        "class_name": "DefaultSiteIndexBuilder",
                        "show_cta_footer": False,
                    },
                    "site_section_builders": {"profiling": "None"},
                }
            },
            analytics_enabled=False,
        )
        context = self._gx.get_context(mode="ephemeral", project_config=config)
        context.variables.progress_bars = {"globally": False}
        return context

    @property
    def _results(self) -> Path:
        return self.settings.home / "quality/results"

    def _prune(self) -> None:
        """Forget all but the latest runs; the folders are <suite…>/<run>/<time>."""
        runs: dict[str, list[Path]] = {}
        for file in self._results.rglob("*.json"):
            runs.setdefault(file.parents[1].name, []).append(file.parents[1])
        newest = sorted(runs, key=lambda r: max(p.stat().st_mtime for p in runs[r]), reverse=True)
        for run in newest[RUNS_KEPT:]:
            for folder in set(runs[run]):
                shutil.rmtree(folder, ignore_errors=True)
                page = self.docs / "validations" / folder.relative_to(self._results)
                shutil.rmtree(page, ignore_errors=True)


def _files(folder: Path) -> dict[str, str]:
    return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}


def _import() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations  # noqa: PLC0415
    import great_expectations.expectations  # noqa: PLC0415

    return great_expectations


def _refuse_exception(suite: Suite, rule: Rule, info: Any) -> None:
    """A rule that cannot be evaluated is a fault of ours, never a pass."""
    infos = [info, *info.values()] if isinstance(info, dict) else [info]
    for one in infos:
        if isinstance(one, dict) and one.get("raised_exception"):
            message = str(one.get("exception_message") or "").strip().splitlines()
            raise TelmartError(
                f"{suite.name}: rule {rule.id} could not be evaluated:"
                f" {message[0] if message else 'no message'}",
                "Correct the rule in expectations/suites, or the model it reads.",
            )
