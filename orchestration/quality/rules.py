"""What a suite consists of, free of any library: rules, suites and their outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["critical", "warning"]


@dataclass(frozen=True)
class Rule:
    """One expectation.

    Attributes:
        id: its name within the suite; results and holds refer to it.
        type: name of a class of ``great_expectations.expectations``.
        kwargs: that class's own arguments.
        batch: which of the suite's batches it is tested on: ``rows`` (the data of the periods in
            question) or ``profile`` (one row of numbers per period).
        description, description_zh: what must hold, for people.
        reason: why anybody cares; what goes wrong when it does not hold.
        owner: who answers for it.
        severity: ``critical`` stops publication, ``warning`` is only recorded.
    """

    id: str
    type: str
    kwargs: Mapping[str, Any]
    description: str
    description_zh: str
    reason: str
    owner: str
    batch: Literal["rows", "profile"] = "rows"
    severity: Severity = "critical"


@dataclass(frozen=True)
class Reference:
    """A column whose values must exist in another feed's data of the same period."""

    column: str
    feed: str
    to_column: str

    @property
    def measure(self) -> str:
        """Name of the profile measure that counts rows without a counterpart."""
        return f"{self.column}_orphan_cnt"


@dataclass(frozen=True)
class Suite:
    """The rules for one feed or mart, and what is measured for them.

    Attributes:
        name: ``arrival.<system>__<feed>`` or ``marts.<table>``.
        subject: the feed (``boss.recharge``) or the mart's table.
        title, title_zh: what people call the subject.
        measures: name to SQL aggregate over the rows of one period.
        queries: further SQL; each gives ``period`` and one column per measure.
        references: columns checked against other feeds; each becomes a measure.
    """

    name: str
    subject: str
    title: str
    title_zh: str
    rules: tuple[Rule, ...]
    measures: Mapping[str, str] = field(default_factory=dict)
    queries: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def asset_key(self) -> list[str]:
        """Key of the suite's asset in Dagster."""
        return ["suites", *self.name.split(".", 1)]


@dataclass(frozen=True)
class Outcome:
    """What became of one rule on one period (or on all of them together, when it held).

    ``observed`` holds counts and aggregates only: results and Data Docs are read by people who
    may not see a subscriber's row.
    """

    rule: Rule
    period: str
    success: bool
    observed: str
    observed_zh: str
    expected: str

    @property
    def blocks(self) -> bool:
        """Whether this outcome stops publication."""
        return not self.success and self.rule.severity == "critical"
