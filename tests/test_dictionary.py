"""The dictionary of the core and the coverage page say what the models and the CSV say."""

from __future__ import annotations

import pytest

from orchestration import coverage, dictionary

pytestmark = pytest.mark.fast
KNOWN = {entity.name: entity for entity in dictionary.entities()}


@pytest.mark.parametrize("made", [dictionary, coverage], ids=["core", "coverage"])
def test_the_page_is_current(made) -> None:  # type: ignore[no-untyped-def]
    wanted = made.page(list(KNOWN.values())) if made is dictionary else made.page()
    assert made.PAGE.read_text(encoding="utf-8") == wanted, "it is old: run `make docs`"


def test_every_column_of_the_core_has_a_type_and_a_meaning() -> None:
    for entity in KNOWN.values():
        assert entity.grain.startswith("one row per "), entity.name
        for name, kind, meaning in entity.columns:
            assert kind and meaning, f"{entity.name}.{name}"


def test_the_diagram_shows_tested_references() -> None:
    references = {(r.columns, r.to) for r in KNOWN["fct_subscriber_month"].references}
    assert (("area_id",), "dim_org_unit") in references
    page = dictionary.page(list(KNOWN.values()))
    assert 'fct_subscriber_month }o--|| dim_org_unit : "area_id"' in page


def test_the_parts_of_the_coverage_hold_every_requirement_once() -> None:
    numbers = [n for first, last, _ in coverage._PARTS for n in range(first, last + 1)]
    assert numbers == list(range(1, 248))
