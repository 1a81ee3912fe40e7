"""People files: what is wrong with them is said exactly, and what they say becomes true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from orchestration.access import ApplyResult, apply_people, audit
from orchestration.access.people_files import people_folder, read_people
from orchestration.errors import TelmartError
from orchestration.settings import ROOT
from tests.miniature import PEOPLE, SCOPES, Miniature, write_people

COUNT = "select count(*) from retention.mart_retention__warning"


@pytest.fixture
def people(world: Miniature) -> Iterator[Miniature]:
    """The miniature, with its people put back afterwards."""
    yield world
    write_people(world.settings)
    apply_people(world.settings)


def apply(world: Miniature, people: str = PEOPLE, scopes: str = SCOPES) -> ApplyResult:
    write_people(world.settings, people, scopes)
    return apply_people(world.settings)


BAD = {
    "odd name": ("Chen-Lan,,陈,Chen,manager,zh", "", "row 14, column person, value 'Chen-Lan'"),
    "short name": ("ab,,陈,Chen,manager,zh", "", "column person, value 'ab': use 3 to 41"),
    "reserved name": ("postgres,,陈,Chen,manager,zh", "", "'postgres': this name is reserved"),
    "reserved prefix": ("telmart_x,,陈,Chen,manager,zh", "", "'telmart_x': this name is reserved"),
    "twice": ("sun_area,,孙,Sun,manager,zh", "", "'sun_area': already in row 6"),
    "no name": ("new_one,,,Chen,manager,zh", "", "column display_name, value ''"),
    "persona": ("new_one,,陈,Chen,boss,zh", "", "column persona, value 'boss': use one of exec"),
    "language": ("new_one,,陈,Chen,manager,fr", "", "column language, value 'fr'"),
    "unknown person": ("", "nobody,all,*,2025-01-01,", "row 15, column person, value 'nobody'"),
    "unknown type": ("", "sun_area,region,A,2025-01-01,", "column scope_type, value 'region'"),
    "unknown unit": ("", "sun_area,city,C,2025-01-01,", "column scope_id, value 'C': no month"),
    "wrong level": ("", "sun_area,city,A1,2025-01-01,", "column scope_id, value 'A1': no month"),
    "unknown manager": ("", "sun_area,account_manager,M-X,2025-01-01,", "core.dim_staff has this"),
    "id for all": ("", "sun_area,all,A,2025-01-01,", "column scope_id, value 'A': 'all' names"),
    "no id": ("", "sun_area,city,,2025-01-01,", "column scope_id, value '': name the city"),
    "star": ("", "sun_area,city,*,2025-01-01,", "column scope_id, value '*': name the city"),
    "no begin": ("", "sun_area,city,A,,", "column valid_from, value '': write a date"),
    "bad date": ("", "sun_area,city,A,2025-02-30,", "value '2025-02-30': write a date"),
    "backwards": ("", "sun_area,city,A,2025-02-01,2025-01-31", "lies before valid_from 2025-02-01"),
    "overlap": ("", "li_city_a,city,A,2026-01-01,", "value '2026-01-01': overlaps row 3"),
}


@pytest.mark.parametrize(("person", "scope", "says"), BAD.values(), ids=BAD)
def test_a_fault_is_named_and_nothing_changes(
    people: Miniature, person: str, scope: str, says: str
) -> None:
    with pytest.raises(TelmartError) as caught:
        apply(people, PEOPLE + person + "\n", SCOPES + scope + "\n")
    assert says in caught.value.message, caught.value.message
    assert "people.csv, row" in caught.value.message or "scope.csv, row" in caught.value.message
    assert people.one("select count(*) from access.person") == 12
    assert people.one(COUNT, "li_city_a") == 120


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE + "a,,x,x,boss,fr\n")
    (tmp_path / "person_scope.csv").write_text(SCOPES + "nobody,region,A,x,y\n")
    with pytest.raises(TelmartError) as caught:
        read_people(tmp_path)
    assert caught.value.message.count("row 14, column") == 3
    assert caught.value.message.count("row 15, column") == 4


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"person,persona\nx,y\n", "Missing: staff_id, display_name, display_name_en, language"),
        (PEOPLE.replace("persona", "role", 1).encode(), "Not known: 'role'"),
        (PEOPLE.encode() + b"new_one,E1\n", "row 14: 2 values for 6 columns"),
        (b"", "row 1: the columns must be person,staff_id"),
        (PEOPLE.encode() + b"new_one,,\xff\xff,x,manager,zh\n", "neither UTF-8 nor GB18030"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "people.csv").write_bytes(data)
    (tmp_path / "person_scope.csv").write_text(SCOPES)
    with pytest.raises(TelmartError) as caught:
        read_people(tmp_path)
    assert says in caught.value.message and str(tmp_path / "people.csv") in caught.value.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_what_spreadsheets_save_is_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "people.csv").write_bytes(PEOPLE.replace("\n", "\r\n").encode(encoding))
    (tmp_path / "person_scope.csv").write_bytes((SCOPES + ",,,,\n").encode(encoding))
    read = read_people(tmp_path)
    assert read.people[0].display_name == "陈岚"
    assert len(read.people) == 12 and len(read.scopes) == 13


def test_one_file_alone_is_not_enough(people: Miniature) -> None:
    (people.settings.home / "people/person_scope.csv").unlink()
    with pytest.raises(TelmartError, match=r"person_scope\.csv cannot be read"):
        apply_people(people.settings)


@pytest.mark.fast
def test_the_sample_people_are_right() -> None:
    read = read_people(ROOT / "seeds/sample")
    assert {"chen_province", "li_city_a", "qian_noscope"} <= {p.person for p in read.people}


def test_people_of_the_sample_lose_what_its_size_lacks(
    people: Miniature, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One city has no second: everybody else gets in all the same."""
    monkeypatch.setattr("orchestration.access.apply.SAMPLE", people_folder(people.settings))
    result = apply(people, scopes=SCOPES + "qian_noscope,city,NOWHERE,2025-01-01,\n")
    assert result.warnings == [
        "A sample of this size has no city NOWHERE: qian_noscope does not see it."
    ]
    assert people.one(COUNT, "li_city_a") == 120
    assert people.one(COUNT, "qian_noscope") == 0


def test_an_operator_without_people_gets_no_sample_people(
    people: Miniature, tmp_path: Path
) -> None:
    from dataclasses import replace

    settings = replace(people.settings, operator=tmp_path, home=tmp_path)
    assert people_folder(settings) is None
    (tmp_path / "people").mkdir()
    (tmp_path / "people/people.csv").touch()
    assert people_folder(settings) == tmp_path / "people"
    assert people_folder(replace(settings, operator=None, home=tmp_path / "x")) == (
        ROOT / "seeds/sample"
    )


def test_a_second_apply_changes_nothing(people: Miniature) -> None:
    state = """
        select (select md5(string_agg(r::text, '' order by rolname)) from (select rolname, rolsuper,
                rolinherit, rolcanlogin, rolconnlimit, rolconfig from pg_roles) as r),
            (select md5(string_agg(m::text, '' order by oid)) from pg_auth_members as m),
            (select md5(string_agg(c::text, '' order by oid)) from (select oid, relacl,
                relrowsecurity, xmin from pg_class where relkind = 'r') as c),
            (select md5(string_agg(p::text || xmin, '' order by oid)) from pg_policy as p),
            (select md5(string_agg(p::text || xmin, '' order by p)) from access.person as p),
            (select md5(string_agg(p::text || xmin, '' order by p)) from access.person_area as p)
    """
    with people.owner(autocommit=True) as owner:
        before = owner.execute(state).fetchall()
        result = apply_people(people.settings)
        assert (result.created, result.removed, result.scopes_changed) == ([], [], False)
        assert result.warnings == []
        assert owner.execute(state).fetchall() == before


def test_a_new_person_sees_his_scope_and_a_removed_one_is_gone(people: Miniature) -> None:
    row = "gao_new,E20,高新,Gao Xin,manager,zh\n"
    result = apply(people, PEOPLE + row, SCOPES + "gao_new,county,A2,2025-01-01,\n")
    assert result.created == ["gao_new"] and result.scopes_changed
    assert people.one(COUNT, "gao_new") == 60
    session = people.person("gao_new", autocommit=True)
    result = apply(people)
    assert result.removed == ["gao_new"] and result.scopes_changed and result.warnings == []
    assert people.one("select count(*) from pg_roles where rolname = 'gao_new'") == 0
    with pytest.raises(psycopg.OperationalError):
        session.execute(COUNT)
    with pytest.raises(TelmartError):
        people.person("gao_new")


def test_a_removed_person_who_owns_something_is_closed_and_reported(people: Miniature) -> None:
    apply(people, PEOPLE + "gao_new,E20,高新,Gao Xin,manager,zh\n")
    with people.person("gao_new", autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        connection.execute("alter default privileges grant select on tables to public")
    with people.owner(autocommit=True) as owner:
        owner.execute("create table raw.his_own (a int)")
        owner.execute("alter table raw.his_own owner to gao_new")
        result = apply(people)
        assert "gao_new was closed, but the role could not be dropped" in result.warnings[0]
        assert owner.execute("select rolcanlogin from pg_roles where rolname = 'gao_new'"
                             ).fetchone() == (False,)  # fmt: skip
        owner.execute("alter table raw.his_own owner to telmart")
        owner.execute("drop table raw.his_own")
        # back again, and gone again: default privileges alone do not keep the role
        apply(people, PEOPLE + "gao_new,E20,高新,Gao Xin,manager,zh\n")
        assert apply(people).warnings == []
        assert owner.execute("select from pg_roles where rolname = 'gao_new'").fetchone() is None


def test_a_name_that_is_taken_on_the_server_is_refused(people: Miniature) -> None:
    with people.owner(autocommit=True) as owner:
        owner.execute("create role billing login superuser")
        try:
            with pytest.raises(TelmartError, match="this warehouse did not make: billing"):
                apply(people, PEOPLE + "billing,,账,Bill,manager,zh\n")
            assert owner.execute(
                "select rolsuper from pg_roles where rolname = 'billing'"
            ).fetchone() == (True,)
        finally:
            owner.execute("drop role billing")


def test_a_changed_scope_counts_in_open_sessions(people: Miniature) -> None:
    with people.person("li_city_a", autocommit=True) as connection:
        connection.execute("set plan_cache_mode = force_generic_plan")
        connection.execute(f"prepare counted as {COUNT}")
        assert connection.execute("execute counted").fetchone() == (120,)
        moved = SCOPES.replace("li_city_a,city,A", "li_city_a,county,A1")
        assert apply(people, scopes=moved).scopes_changed
        assert connection.execute("execute counted").fetchone() == (60,)
        apply(people, scopes=SCOPES.replace("li_city_a,city,A,2025-01-01,\n", ""))
        assert connection.execute(COUNT).fetchone() == (0,)


def test_a_wider_right_given_by_hand_is_taken_back(people: Miniature) -> None:
    with people.owner(autocommit=True) as owner:
        owner.execute("grant pg_read_all_data to li_city_a")
        owner.execute("grant telmart_scope_all to li_city_a with set true, admin true")
        owner.execute("alter role li_city_a bypassrls createrole")
        assert audit(owner)
        apply(people)
        assert audit(owner) == []
    assert people.one(COUNT, "li_city_a") == 120


def test_before_the_first_run_ids_cannot_be_checked(people: Miniature) -> None:
    with people.owner(autocommit=True) as owner:
        owner.execute("alter table core.dim_org_unit rename to away")
        try:
            result = apply(people, scopes=SCOPES + "qian_noscope,city,NOWHERE,2025-01-01,\n")
            assert "The organisation is not loaded yet" in result.warnings[0]
            assert people.one(COUNT, "chen_province") == 240
            assert people.one(COUNT, "li_city_a") == 0
        finally:
            owner.execute("alter table core.away rename to dim_org_unit")
    assert apply(people).warnings == []
    assert people.one(COUNT, "li_city_a") == 120
