"""Mart checks: what dbt built for the months of this run is tested before people see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from orchestration.quality.evaluation import Evaluation
from orchestration.quality.profile import (
    aggregates,
    dates,
    keep,
    measured,
    profile_query,
    query_numbers,
)
from orchestration.quality.rules import Outcome, Suite
from orchestration.quality.validator import Validator


def check_mart(
    connection: psycopg.Connection[Any],
    validator: Validator,
    suite: Suite,
    months: Sequence[date],
) -> list[Outcome]:
    """Test ``months`` of one mart in the schema ``build``.

    Args:
        connection: to the warehouse; the numbers measured are committed on it.

    Returns:
        One outcome per rule (and month, where it failed).
    """
    periods = {m.isoformat(): f"{m:%Y-%m}" for m in sorted(months)}
    table = sql.Identifier("build", suite.subject)
    # dbt has just filled it: without statistics the reconciling joins are planned badly
    connection.execute(sql.SQL("analyze {}").format(table))
    numbers = aggregates(connection, table, "stat_month", suite.measures, list(periods))
    extra: dict[str, None] = {}
    for query in suite.queries:
        for period, row in query_numbers(connection, query, list(periods)).items():
            if period in numbers:
                numbers[period] |= row
                extra |= dict.fromkeys(row)
    keep(connection, suite.subject, numbers)
    connection.commit()
    measures = measured(suite, extra)

    def batch(name: str, chosen: list[str]) -> str:
        if name == "profile":
            return profile_query(connection, suite.subject, measures, chosen)
        query = sql.SQL("select * from {} where stat_month in ({})").format(table, dates(chosen))
        return query.as_string(connection)

    return Evaluation(connection, validator, suite, batch).run(suite.rules, periods)
