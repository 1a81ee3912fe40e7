"""Keeping outcomes in ``quality.check_result``, and putting failures into words for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from orchestration.quality.rules import Outcome, Suite

_INSERT = """
    insert into quality.check_result (
        run_id, suite, expectation, subject, period, success, observed, expected, severity,
        description, description_zh, owner
    ) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
#: a reason names this many rules in full; the rest is a count
SHOWN = 3


@dataclass(frozen=True)
class Failure:
    """Why one period of a feed or mart may not be published, in both languages."""

    subject: str
    period: str
    reason: str
    reason_en: str


def keep_outcomes(
    connection: psycopg.Connection[Any], run_id: str, suite: Suite, outcomes: Sequence[Outcome]
) -> None:
    """Append the outcomes of one suite to ``quality.check_result`` and commit."""
    with connection.cursor() as cursor:
        cursor.executemany(
            _INSERT,
            [
                (run_id, suite.name, o.rule.id, suite.subject, o.period, o.success, o.observed,
                 o.expected, o.rule.severity, o.rule.description, o.rule.description_zh,
                 o.rule.owner)
                for o in outcomes
            ],
        )  # fmt: skip
    connection.commit()


def failures(suite: Suite, outcomes: Sequence[Outcome]) -> list[Failure]:
    """One failure per period with a blocking outcome: what, where, and the numbers."""
    by_period: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.blocks:
            by_period.setdefault(outcome.period, []).append(outcome)
    return [
        Failure(
            subject=suite.subject,
            period=period,
            reason=_sentence(f"{suite.title_zh}（{suite.subject}）{period}：", found, zh=True),
            reason_en=_sentence(f"{suite.subject} {period}: ", found),
        )
        for period, found in sorted(by_period.items())
    ]


def _sentence(subject: str, found: Sequence[Outcome], *, zh: bool = False) -> str:
    parts = []
    for outcome in found[:SHOWN]:
        if zh:
            parts.append(f"应满足“{outcome.rule.description_zh.rstrip('。')}”，"
                         f"实际：{outcome.observed_zh}")  # fmt: skip
        else:
            must = outcome.rule.description.rstrip(".")
            parts.append(f"expected “{must}”, found {outcome.observed}")
    rest = len(found) - SHOWN
    if rest > 0:
        parts.append(f"另有 {rest} 项未通过" if zh else f"and {rest} more")
    return subject + ("；" if zh else "; ").join(parts) + ("。" if zh else ".")
