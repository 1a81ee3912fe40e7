"""Deploying: idempotent, pruning, readable when refused; and what it makes fresh."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from orchestration.access import apply_people
from tests.miniature import PEOPLE, SCOPES, write_people
from tests.security.superset.bundle import SEGMENT, chart, small, uid, write
from tests.security.superset.portal import Portal


@pytest.fixture
def restored(portal: Portal) -> Iterator[Portal]:
    """Whatever a test deploys, the whole bundle and all people are back afterwards."""
    yield portal
    write(small(), portal.bundle)
    write_people(portal.settings)
    apply_people(portal.settings)
    done = portal.deploy()
    assert done.returncode == 0, done.stderr


def charts(portal: Portal) -> set[str]:
    return {name for (name,) in portal.metadata("select slice_name from slices")}


def test_a_second_deployment_changes_nothing_and_is_quick(portal: Portal) -> None:
    state = """
        select 'dashboards', slug, changed_on from dashboards
        union all select 'slices', slice_name, changed_on from slices
        union all select 'tables', table_name, changed_on from tables
        union all select 'users', username, changed_on from ab_user order by 1, 2
    """
    portal.deploy()
    before = portal.metadata(state)
    began = time.monotonic()
    done = portal.deploy()
    assert time.monotonic() - began < 5
    assert done.returncode == 0
    assert "unchanged" in done.stdout
    assert portal.metadata(state) == before


def test_what_changes_changes_what_is_gone_goes_and_what_people_made_stays(
    restored: Portal,
) -> None:
    analyst = restored.visitor("wu_analyst")
    number = restored.number("dataset", SEGMENT)
    made = analyst.post(
        "/api/v1/chart/",
        {"slice_name": "my own", "viz_type": "table", "datasource_id": number,
         "datasource_type": "table", "params": "{}"},
    )  # fmt: skip
    assert made.status_code == 201, made.text
    before = charts(restored)
    try:
        files = small()
        del files["charts/virtual.yaml"]
        for name, said in files.items():
            if name.startswith("dashboards/"):
                said["position"]["ROW-1"]["children"].pop()
                del said["position"]["CHART-5"]
        controls = {"row_limit": 10, "metric": "subscriber_cnt", "groupby": ["city_name"]}
        files["charts/tile.yaml"] = chart("On net today", SEGMENT, "funnel", **controls)
        files["charts/tile.yaml"]["uuid"] = uid("chart On net")
        write(files, restored.bundle)
        done = restored.deploy("--warm", "--budget", "10")
        assert done.returncode == 0, done.stderr
        assert "removed chart Areas, virtual" in done.stdout
        assert charts(restored) == before - {"Areas, virtual", "On net"} | {"On net today"}
        ((left,),) = restored.metadata(
            "select count(*) from dashboard_slices s join dashboards d on d.id = s.dashboard_id"
            " where d.slug = 'retention-city'"
        )
        assert left == 5
        # a kind of chart that warming does not know is said to be cold, and stops nothing
        assert "not warmed: On net today: charts of the kind funnel are not known" in done.stdout
    finally:
        analyst.http.delete(f"{restored.url}/api/v1/chart/{made.json()['id']}")


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        ("charts/tile.yaml", {"dataset_uuid": uid("nothing")},
         "charts/tile.yaml: dataset_uuid"),
        ("charts/tile.yaml", {"uuid": "11111111-0000-4000-a000-000000000000"},
         "charts/tile.yaml: uuid 11111111"),
        ("charts/tile.yaml", {"uuid": uid("chart Areas")},
         "is also in"),
        ("dashboards/retention-city.yaml", {"slug": "somewhere"},
         "roles.yaml: personas may open retention-city, which the bundle does not hold"),
        ("dashboards/retention-city.yaml", {"slug": "somewhere"},
         "dashboards/retention-city.yaml: slug somewhere is given to nobody in roles.yaml"),
        (f"datasets/telmart/{SEGMENT}.yaml", {"columns": [{"column_name": "area_id"}]},
         f"datasets/telmart/{SEGMENT}.yaml: columns has no account_manager_id"),
    ],
)  # fmt: skip
def test_a_fault_is_named_before_anything_is_done(
    restored: Portal, file: str, change: dict, says: str
) -> None:
    files = small()
    files[file] |= change
    write(files, restored.bundle)
    refused(restored, says)


def test_a_missing_chart_is_refused_rather_than_dropped(restored: Portal) -> None:
    files = small()
    del files["charts/trend.yaml"]
    write(files, restored.bundle)
    refused(restored, "dashboards/retention-city.yaml: position.CHART-3 shows chart")


def test_broken_yaml_is_named(restored: Portal) -> None:
    (restored.bundle / "charts/tile.yaml").write_text("a: [1,\n b: 2")
    refused(restored, "charts/tile.yaml is not valid YAML")


def test_a_missing_bundle_is_named(restored: Portal) -> None:
    write({}, restored.bundle)
    refused(restored, "There is no bundle in")


def test_what_superset_refuses_is_named_and_mended_by_the_next_deployment(
    restored: Portal,
) -> None:
    """Also when the bundle is then the one deployed before: nothing is taken for done."""
    files = small()
    files["charts/units.yaml"] |= {"viz_type": None, "unheard_of": 1}
    write(files, restored.bundle)
    done = refused(restored, "charts/units.yaml: viz_type: Field may not be null.")
    assert "charts/units.yaml: unheard_of: Unknown field." in done
    write(small(), restored.bundle)
    done = restored.deploy().stdout
    assert "6 charts" in done and "unchanged" not in done


def refused(portal: Portal, says: str) -> str:
    """Deploy what must be refused with a message; returns all of it."""
    done = portal.deploy()
    assert done.returncode == 1, done.stdout
    assert says in done.stderr, done.stderr
    assert "What to do:" in done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_who_leaves_is_locked_out_and_who_returns_is_let_in(restored: Portal) -> None:
    visitor = restored.sign_in("sun_area", restored.password("sun_area"))
    without = [line for line in PEOPLE.splitlines() if not line.startswith("sun_area")]
    scopes = [line for line in SCOPES.splitlines() if not line.startswith("sun_area")]
    write_people(restored.settings, "\n".join(without), "\n".join(scopes))
    apply_people(restored.settings)
    # at once, even before the deployment: the connection stays at the gate
    assert visitor.ask(SEGMENT, columns=["area_id"]).status_code == 400
    done = restored.deploy()
    assert "1 locked out" in done.stdout, done.stderr
    assert visitor.ask(SEGMENT, columns=["area_id"]).status_code in (302, 401, 403)
    with pytest.raises(AssertionError, match="could not sign in"):
        restored.sign_in("sun_area", restored.password("sun_area"))
    write_people(restored.settings)
    apply_people(restored.settings)
    # whoever has set a password keeps it through all deployments
    mine, first = "MY-own-secret-42", password_hash(restored, "sun_area")
    chosen = restored.sign_in("he_both", restored.password("he_both"))
    own_page = f"{restored.url}/api/v1/me/"
    assert chosen.http.put(own_page, json={"password": "short"}).status_code == 400
    kept = password_hash(restored, "he_both")
    assert chosen.http.put(own_page, json={"password": mine}).status_code == 200
    try:
        assert restored.deploy().returncode == 0
        back = restored.sign_in("sun_area", restored.password("sun_area"))
        assert back.rows(SEGMENT, columns=["area_id"]) == [{"area_id": "B22"}]
        assert password_hash(restored, "sun_area") == first
        restored.sign_in("he_both", mine)
    finally:
        # the one given at first is not long enough for the rules a person's own must follow
        restored.metadata("update ab_user set password = %s where username = 'he_both'", kept)


def password_hash(portal: Portal, person: str) -> str:
    ((found,),) = portal.metadata("select password from ab_user where username = %s", person)
    return str(found)


def test_a_change_of_scope_is_seen_at_once(restored: Portal) -> None:
    """No deployment, no purge: an answer cached before the change is not given again."""
    visitor = restored.visitor("li_city_a")
    asked = {"columns": ["city_name"], "metrics": ["billed_amt"]}
    assert [row["city_name"] for row in visitor.rows(SEGMENT, **asked)] == ["A市"]
    assert visitor.ask(SEGMENT, **asked).json()["result"][0]["is_cached"]
    moved = SCOPES.replace("li_city_a,city,A", "li_city_a,area,B11")
    write_people(restored.settings, scopes=moved)
    apply_people(restored.settings)
    time.sleep(3.1)  # what serving.warehouse.STAMP_SECONDS promises
    assert [row["city_name"] for row in visitor.rows(SEGMENT, **asked)] == ["B市"]


def test_new_data_are_seen_at_once(portal: Portal) -> None:
    """Publication changes the state of the data; answers from before it are not given again."""
    visitor = portal.visitor("wang_city_b")
    asked = {"columns": ["city_name"], "metrics": ["subscriber_cnt"]}
    first = visitor.rows(SEGMENT, **asked)
    assert visitor.ask(SEGMENT, **asked).json()["result"][0]["is_cached"]
    change = (
        "update retention.mart_retention__segment_month set subscriber_cnt = subscriber_cnt + {}"
        " where city_id = 'B'; update status.data_state set published_at = clock_timestamp()"
    )
    with portal.world.owner(autocommit=True) as owner:
        owner.execute(change.format(1))  # type: ignore[call-overload]
        try:
            time.sleep(3.1)
            assert (
                visitor.rows(SEGMENT, **asked)[0]["subscriber_cnt"]
                == 2 * first[0]["subscriber_cnt"]
            )
        finally:
            owner.execute(change.format(-1))  # type: ignore[call-overload]
