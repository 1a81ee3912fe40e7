"""The list of attacks, sent through Superset: as custom metrics, and through SQL Lab."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.security.attacks import ATTACKS, METRIC_ATTACKS, Attack, Target
from tests.security.superset.bundle import SEGMENT, SUBSCRIBER
from tests.security.superset.portal import Portal, text_of
from tests.security.test_attacks import TARGET, neutral

ANALYST = Target(**{**TARGET.__dict__, "person": "wu_analyst"})
#: a viewer, who has charts only, and an analyst
METRIC_SENDERS = ("li_city_a", "wu_analyst")
#: in a chart's SQL there is no need to name the table, and no way to
FRAGMENTS = {
    "or_true": "1 = 1 OR 1 = 1",
    "closed_bracket": "1 = 1) OR (1 = 1",
    "comment": "1 = 1 OR 1 = 1 --",
    "union": f"1 = 1) UNION SELECT city_name, 1 FROM retention.{SEGMENT} --",
    "subquery": f"EXISTS (SELECT 1 FROM retention.{SEGMENT} WHERE city_id = 'B')",
    "scopes": "area_id IN (SELECT area_id FROM access.person_area)",
    "jinja": "area_id = '{{ current_username() }}' OR 1 = 1",
    "jinja_dataset": "area_id IN (SELECT area_id FROM {{ dataset(1) }} AS d)",
    "function": "query_to_xml('select 1', true, true, '') IS NOT NULL",
    "stacked": "1 = 1); SET ROLE telmart; --",
}


def metric(expression: str) -> dict[str, Any]:
    """A custom metric, as anybody can type one into a request."""
    return {"expressionType": "SQL", "sqlExpression": expression, "label": "x"}


def seen(answer: requests.Response, sent: str) -> list[str]:
    """Markers from outside the scope in an answer, but for what the sender typed himself."""
    said = text_of(answer)
    return [marker for marker in TARGET.markers if marker in said and marker not in sent]


@pytest.mark.parametrize("person", METRIC_SENDERS)
@pytest.mark.parametrize("attack", METRIC_ATTACKS, ids=lambda a: a.name)
def test_as_a_custom_metric(portal: Portal, person: str, attack: Attack) -> None:
    expression = attack.expression(Target(**{**TARGET.__dict__, "person": person}))
    answer = portal.visitor(person).ask(SUBSCRIBER, metrics=[metric(expression)])
    if attack.verdict == "refused":
        assert answer.status_code != 200, text_of(answer)[:500]
    assert not seen(answer, expression), text_of(answer)[:500]


@pytest.mark.parametrize("place", ["where", "having"])
@pytest.mark.parametrize("fragment", FRAGMENTS.values(), ids=FRAGMENTS)
def test_as_a_piece_of_a_condition(portal: Portal, fragment: str, place: str) -> None:
    asked = {"columns": ["city_name"], "metrics": ["subscriber_cnt"], "extras": {place: fragment}}
    answer = portal.visitor("li_city_a").ask(SEGMENT, **asked)
    assert not seen(answer, fragment), text_of(answer)[:500]


@pytest.mark.parametrize("fragment", ["(select max(city_name) from retention.{0})",
                                      "string_agg(city_name, ',') over ()"])  # fmt: skip
def test_as_a_column_or_an_order(portal: Portal, fragment: str) -> None:
    sql = fragment.format(SUBSCRIBER)
    column = {"expressionType": "SQL", "sqlExpression": sql, "label": "c"}
    visitor = portal.visitor("li_city_a")
    ranked = {
        "series_limit": 1,
        "series_limit_metric": metric(sql),
        "series_columns": ["city_name"],
    }
    for asked in (
        {"columns": [column]},
        {"columns": ["city_name"], "orderby": [[column, True]]},
        {"columns": ["city_name"], **ranked},
    ):
        answer = visitor.ask(SUBSCRIBER, **asked)
        assert not seen(answer, sql), text_of(answer)[:500]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.name)
def test_through_sql_lab(portal: Portal, attack: Attack) -> None:
    """Superset may refuse a statement before the database does; either will do."""
    analyst = portal.visitor("wu_analyst")
    statement = attack.statement(ANALYST)
    answer = analyst.sql(statement)
    if attack.verdict == "refused":
        assert answer.status_code != 200, text_of(answer)[:800]
    if attack.verdict == "blind":
        other = analyst.sql(attack.statement(ANALYST, absent=True))
        assert answer.status_code == other.status_code
        assert told(answer) == told(other)
    else:
        assert not seen(answer, statement), text_of(answer)[:800]


def told(answer: requests.Response) -> str:
    """Rows or error of a query, without the values asked for."""
    said = answer.json()
    found = said["data"] if answer.status_code == 200 else said.get("errors", said)
    return neutral(str(found), TARGET)


@pytest.mark.parametrize("person", ["chen_province", "li_city_a", "zhou_account"])
def test_viewers_have_no_sql(portal: Portal, person: str) -> None:
    visitor = portal.visitor(person)
    assert visitor.sql("select 1").status_code == 403
    assert visitor.get("/sqllab/", allow_redirects=False).status_code in (302, 403)
    number = portal.number("database", "telmart")
    for path in ("/api/v1/sqllab/", "/api/v1/query/", "/api/v1/saved_query/", "/api/v1/database/",
                 f"/api/v1/database/{number}/tables/?q=(schema_name:retention)"):  # fmt: skip
        assert visitor.get(path).status_code in (403, 404), path


def test_explain_is_answered_from_inside_the_scope(portal: Portal) -> None:
    """The plan of a count tells how many rows there are; only one's own may be counted."""
    plan = f"explain (analyze, timing off, summary off) select * from retention.{SUBSCRIBER}"
    answer = portal.visitor("wu_analyst").sql(plan)
    told = str(answer.json()["data"])  # beside it stand times, which may hold any digits
    assert "actual rows=" in told
    assert "240" not in told
    assert not seen(answer, plan)


def test_the_markers_would_be_seen(portal: Portal) -> None:
    """The checks above mean something: who may see the markers does."""
    answer = portal.visitor("zheng_engineer").sql(f"select * from retention.{SUBSCRIBER}")
    assert set(seen(answer, "")) == set(TARGET.markers)
