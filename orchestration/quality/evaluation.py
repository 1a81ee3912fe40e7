"""Testing a whole suite: all periods together first, one by one only where something failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.rows import dict_row

from orchestration.quality.rules import Outcome, Rule, Suite
from orchestration.quality.validator import Validator
from orchestration.quality.wording import profile_text, span

#: name of a batch and periods (as date literals) to the SQL of that batch
BatchQuery = Callable[[str, list[str]], str]


@dataclass(frozen=True)
class Evaluation:
    """One suite against the warehouse.

    A suite reads its periods in one pass. Where a rule fails on several of them together it is
    tested again on each, so that the result names the period at fault.
    """

    connection: psycopg.Connection[Any]
    validator: Validator
    suite: Suite
    batch: BatchQuery

    def run(self, rules: Sequence[Rule], periods: Mapping[str, str]) -> list[Outcome]:
        """Test ``rules`` on ``periods`` (date literal to the period's name)."""
        outcomes: list[Outcome] = []
        for name in ("rows", "profile"):
            chosen = [rule for rule in rules if rule.batch == name]
            if chosen and periods:
                outcomes += self._on_batch(name, chosen, periods)
        return outcomes

    def _on_batch(
        self, name: str, rules: Sequence[Rule], periods: Mapping[str, str]
    ) -> list[Outcome]:
        outcomes = self._validate(name, rules, periods)
        failed = [o.rule for o in outcomes if not o.success]
        if failed and len(periods) > 1:
            single = [
                outcome
                for literal, label in periods.items()
                for outcome in self._validate(name, failed, {literal: label})
            ]
            located = {o.rule.id for o in single if not o.success}
            outcomes = [o for o in outcomes if o.success or o.rule.id not in located]
            outcomes += [o for o in single if o.rule.id in located]
        if name == "profile":
            literals = {label: literal for literal, label in periods.items()}
            outcomes = [self._with_numbers(o, literals.get(o.period)) for o in outcomes]
        return outcomes

    def _validate(
        self, name: str, rules: Sequence[Rule], periods: Mapping[str, str]
    ) -> list[Outcome]:
        label = span(list(periods.values()))
        return self.validator.run(
            self.suite, rules, batch=name, query=self.batch(name, list(periods)), period=label
        )

    def _with_numbers(self, outcome: Outcome, literal: str | None) -> Outcome:
        """A profile has one row per period: say the numbers in it, not "1 of 1 rows"."""
        if literal is None:
            return outcome
        query = self.batch("profile", [literal])
        row = self.connection.cursor(row_factory=dict_row).execute(query.encode()).fetchone() or {}
        return replace(
            outcome,
            observed=profile_text(outcome.rule, row),
            observed_zh=profile_text(outcome.rule, row, zh=True),
        )
