"""Through every way Superset has of showing rows, each person sees exactly their own."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest

from tests.miniature import SEES
from tests.security.superset.bundle import ENGLISH, SEGMENT, STATE, SUBSCRIBER
from tests.security.superset.portal import Portal, text_of

#: people whose scope is empty today, whatever the reason
NOTHING = ("qian_noscope", "feng_expired", "han_future")


def owned(portal: Portal, person: str, column: str, table: str = SEGMENT) -> list[str]:
    """Values a person may see, counted by the owner past every rule."""
    query = f"select distinct {column} from retention.{table} where {SEES[person]} order by 1"
    with portal.world.owner() as owner:
        return [row[0] for row in owner.execute(query)]  # type: ignore[call-overload]


@pytest.mark.parametrize("person", SEES)
@pytest.mark.parametrize("dataset", [SEGMENT, ENGLISH])
def test_chart_data(portal: Portal, person: str, dataset: str) -> None:
    rows = portal.visitor(person).rows(dataset, columns=["area_id"], metrics=["subscriber_cnt"])
    with portal.world.owner() as owner:
        expected = owner.execute(
            f"select area_id, sum(subscriber_cnt)::int from retention.{SEGMENT}"  # type: ignore[call-overload]
            f" where {SEES[person]} group by 1"
        ).fetchall()
    assert sorted((r["area_id"], r["subscriber_cnt"]) for r in rows) == sorted(expected)


@pytest.mark.parametrize("person", SEES)
def test_filter_values(portal: Portal, person: str) -> None:
    rows = portal.visitor(person).rows(
        SEGMENT, columns=["area_id"], orderby=[["area_id", True]], dashboard="retention-city"
    )
    assert [row["area_id"] for row in rows] == owned(portal, person, "area_id")


@pytest.mark.parametrize("person", SEES)
@pytest.mark.parametrize("result_type", ["samples", "drill_detail"])
def test_rows_behind_a_number(portal: Portal, person: str, result_type: str) -> None:
    rows = portal.visitor(person).rows(
        SUBSCRIBER, columns=["subscriber_id", "area_id"], result_type=result_type
    )
    assert {row["area_id"] for row in rows} == set(owned(portal, person, "area_id", SUBSCRIBER))


@pytest.mark.parametrize("person", SEES)
def test_drill_to_detail(portal: Portal, person: str) -> None:
    path = "/datasource/samples?force=false&datasource_type=table&per_page=500&page=1"
    path += f"&datasource_id={portal.number('dataset', SUBSCRIBER)}"
    visitor = portal.visitor(person)
    answer = visitor.post(path, {"filters": []})
    assert answer.status_code == 200, text_of(answer)[:500]
    seen = {row["area_id"] for row in answer.json()["result"]["data"]}
    assert seen == set(owned(portal, person, "area_id", SUBSCRIBER))
    foreign = "B11" if person not in ("chen_province", "zheng_engineer") else "C99"
    if foreign not in seen:
        asked = visitor.post(path, {"filters": [{"col": "area_id", "op": "==", "val": foreign}]})
        assert asked.json()["result"]["data"] == []


@pytest.mark.parametrize("person", SEES)
def test_downloads(portal: Portal, person: str) -> None:
    visitor, own = portal.visitor(person), owned(portal, person, "subscriber_id", SUBSCRIBER)
    asked = {"columns": ["subscriber_id"], "metrics": ["listed_cnt"]}
    text = visitor.ask(SUBSCRIBER, **asked, result_format="csv").content.decode("utf-8-sig")
    assert sorted(row["subscriber_id"] for row in csv.DictReader(io.StringIO(text))) == sorted(own)
    sheet = visitor.ask(SUBSCRIBER, **asked, result_format="xlsx")
    with zipfile.ZipFile(io.BytesIO(sheet.content)) as book:
        names = book.namelist()
        shared = book.read("xl/sharedStrings.xml").decode() if own else ""
        assert "xl/worksheets/sheet1.xml" in names
    assert {s for s in (f"S{n}" for n in range(1, 81)) if f">{s}<" in shared} == set(own)


@pytest.mark.parametrize("person", ["wu_analyst", "zheng_engineer"])
def test_column_values(portal: Portal, person: str) -> None:
    number = portal.number("dataset", SEGMENT)
    answer = portal.visitor(person).get(f"/api/v1/datasource/table/{number}/column/area_id/values/")
    assert sorted(answer.json()["result"]) == owned(portal, person, "area_id")


@pytest.mark.parametrize("person", ["wu_analyst", "zheng_engineer"])
def test_sql_lab(portal: Portal, person: str) -> None:
    statement = f"select area_id, sum(subscriber_cnt) as n from retention.{SEGMENT} group by 1"
    forms = [
        statement,
        f"with t as ({statement}) select t.area_id, u.n from t join t as u using (area_id)",
        f"select area_id from retention.{SEGMENT} union select area_id from retention.{SUBSCRIBER}",
        f'select "area_id" from telmart.retention.{SEGMENT} as s where 1 = 1 or true',
    ]
    for form in forms:
        answer = portal.visitor(person).sql(form)
        assert answer.status_code == 200, text_of(answer)[:500]
        seen = {row["area_id"] for row in answer.json()["data"]}
        assert seen == set(owned(portal, person, "area_id")), form


def test_a_cached_answer_is_nobody_elses(portal: Portal) -> None:
    """The same question by everybody in turn, then again: cached, and still their own."""
    asked = {"columns": ["city_name", "area_id"], "metrics": ["billed_amt"]}
    first = {name: portal.visitor(name).ask(SEGMENT, **asked).json()["result"][0] for name in SEES}
    for name in SEES:
        again = portal.visitor(name).ask(SEGMENT, **asked).json()["result"][0]
        assert again["is_cached"], name
        assert again["data"] == first[name]["data"]
        assert {row["area_id"] for row in again["data"]} == set(owned(portal, name, "area_id"))
    keys = [first[name]["cache_key"] for name in SEES]
    assert len(set(keys)) == len(keys), "two people share a key"


@pytest.mark.parametrize("person", NOTHING)
def test_who_has_no_scope_still_has_a_working_dashboard(portal: Portal, person: str) -> None:
    visitor = portal.visitor(person)
    assert visitor.rows(SEGMENT, metrics=["subscriber_cnt"]) == [{"subscriber_cnt": None}]
    told = {
        row["mart"]: row["state_name"]
        for row in visitor.rows(STATE, columns=["mart", "state_name"])
    }
    assert told["retention"] == "最新"


def test_an_administrator_sees_no_rows(portal: Portal) -> None:
    """Superset's administrator is not a person of the warehouse."""
    admin = portal.visitor("admin")
    for asked in ({"columns": ["area_id"]}, {"metrics": ["subscriber_cnt"]},
                  {"columns": ["area_id"], "result_type": "samples"}):  # fmt: skip
        answer = admin.ask(SEGMENT, **asked)
        assert answer.status_code == 400
        assert "permission denied" in text_of(answer)
    answer = admin.sql(f"select * from retention.{SEGMENT}")
    assert answer.status_code != 200
    assert "permission denied" in text_of(answer)


def test_a_user_made_by_hand_sees_no_rows(portal: Portal) -> None:
    """An administrator adds a user in Superset and gives the role of a manager: still no rows."""
    admin = portal.visitor("admin")
    ((role,),) = portal.metadata("select id from ab_role where name = 'manager'")
    body = {
        "username": "maker", "first_name": "m", "last_name": "m", "email": "m@example.invalid",
        "active": True, "roles": [role], "password": "LOng-enough-12345",
    }  # fmt: skip
    made = admin.post("/api/v1/security/users/", body)
    assert made.status_code == 201, made.text
    try:
        maker = portal.sign_in("maker", body["password"])
        answer = maker.ask(SEGMENT, columns=["area_id"])
        assert answer.status_code == 400
        assert "permission denied" in text_of(answer)
    finally:
        admin.http.delete(f"{portal.url}/api/v1/security/users/{made.json()['id']}")


def test_a_user_who_bears_the_name_of_a_machine_role_is_nobody(portal: Portal) -> None:
    """Not even an administrator can make a user whose connection is the owner's."""
    admin = portal.visitor("admin")
    ((role,),) = portal.metadata("select id from ab_role where name = 'data_engineer'")
    body = {
        "username": "telmart", "first_name": "t", "last_name": "t", "email": "t@example.invalid",
        "active": True, "roles": [role], "password": "LOng-enough-12345",
    }  # fmt: skip
    made = admin.post("/api/v1/security/users/", body)
    assert made.status_code == 201, made.text
    try:
        owner = portal.sign_in("telmart", body["password"])
        assert "permission denied" in text_of(owner.ask(SEGMENT, columns=["area_id"]))
        assert owner.sql("select * from raw.crm__subscriber").status_code != 200
    finally:
        admin.http.delete(f"{portal.url}/api/v1/security/users/{made.json()['id']}")
