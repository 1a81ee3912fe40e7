"""The queries to begin with, which the data dictionary shows: every fact has one, and it runs."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from orchestration.dictionary import Entity, entities
from orchestration.settings import Settings
from tests.models.warehouse import rows

FACTS = [e for e in entities() if e.kind in {"bridge", "fct"}]
EACH = pytest.mark.parametrize("entity", FACTS, ids=lambda entity: entity.name)


@pytest.mark.fast
@EACH
def test_an_example_asks_one_question_of_its_fact(entity: Entity) -> None:
    assert entity.example, f"{entity.name} has no config.meta.example"
    question, *query = entity.example.splitlines()
    assert question.startswith("-- ") and question.endswith("?")
    assert 3 <= len(query) <= 12
    (statement,) = sqlglot.parse(entity.example, dialect="postgres")
    assert isinstance(statement, exp.Select)
    tables = list(statement.find_all(exp.Table))
    assert {table.db for table in tables} == {"core"}
    assert entity.name in {table.name for table in tables}


@EACH
def test_an_example_runs(everything: Settings, entity: Entity) -> None:
    rows(everything, entity.example)


def test_most_examples_have_an_answer(everything: Settings) -> None:
    silent = [e.name for e in FACTS if not rows(everything, e.example)]
    assert len(silent) <= len(FACTS) / 3, f"no row: {', '.join(silent)}"
