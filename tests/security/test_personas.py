"""Each person sees exactly the rows of his scope, in every published table, and no others."""

from __future__ import annotations

import pytest

from tests.miniature import SEES, TABLES, Miniature

#: all of a row, so that a masked, changed or doubled row would be noticed as much as a missing one
_DIGEST = "select count(*), md5(string_agg(t::text, '|' order by t::text)) from retention.{} as t"


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(("person", "rule"), SEES.items(), ids=SEES)
def test_sees_exactly_the_scope(world: Miniature, person: str, rule: str, table: str) -> None:
    query = _DIGEST.format(table)
    with world.owner() as owner, world.person(person) as connection:
        expected = owner.execute(f"{query} where {rule}").fetchone()
        assert connection.execute(query).fetchone() == expected


def test_the_scopes_differ(world: Miniature) -> None:
    """The comparison above means something: cities, county, area and customers differ in size."""
    with world.owner() as owner:
        sizes = {
            person: owner.execute(
                f"select count(*) from retention.mart_retention__warning where {rule}"
            ).fetchone()[0]
            for person, rule in SEES.items()
        }
    assert sizes["chen_province"] == 240
    assert sizes["li_city_a"] == sizes["wang_city_b"] == 120
    assert (sizes["zhao_county"], sizes["sun_area"], sizes["zhou_account"]) == (60, 30, 15)
    assert sizes["he_both"] == 45
    assert sizes["qian_noscope"] == sizes["feng_expired"] == sizes["han_future"] == 0


def test_everybody_reads_the_state_of_the_data(world: Miniature) -> None:
    for person in SEES:
        assert (
            world.one("select state from status.data_state where mart = 'retention'", person)
            == "current"
        )


def test_a_closed_area_stays_with_its_last_parent_and_a_moved_one_goes(world: Miniature) -> None:
    """B22 is closed after August; B21 moves to city A in October."""
    from orchestration.access import expand_scopes

    def areas(owner, person):
        rows = owner.execute(
            "select area_id from access.person_area where person = %s order by 1", [person]
        )
        return [row[0] for row in rows]

    with world.owner() as owner:
        owner.execute(
            "delete from core.dim_org_unit where area_id = 'B22' and stat_month > '2026-08-01'"
        )
        owner.execute(
            "update core.dim_org_unit set city_id = 'A', county_id = 'A2'"
            " where area_id = 'B21' and stat_month = '2026-10-01'"
        )
        # one row goes from city B, three come for those of city A (one of them ended long ago)
        assert expand_scopes(owner, "Asia/Shanghai") == 4
        assert areas(owner, "wang_city_b") == ["B11", "B12", "B22"]
        assert areas(owner, "li_city_a") == ["A11", "A12", "A21", "A22", "B21"]
        owner.rollback()


def test_an_ended_scope_ends_at_midnight_of_the_warehouse(world: Miniature) -> None:
    """Neither a session's time zone nor a prepared statement stretches it."""
    count = "select count(*) from retention.mart_retention__warning"
    with (
        world.owner(autocommit=True) as owner,
        world.person("chen_province", autocommit=True) as connection,
    ):
        connection.execute("set plan_cache_mode = force_generic_plan")
        connection.execute(f"prepare counted as {count}")
        assert connection.execute("execute counted").fetchone() == (240,)
        owner.execute(
            "update access.person_all set valid_until = now() where person = 'chen_province'"
        )
        try:
            connection.execute("set time zone 'Etc/GMT+12'")
            assert connection.execute("execute counted").fetchone() == (0,)
            assert connection.execute(count).fetchone() == (0,)
        finally:
            owner.execute(
                "update access.person_all set valid_until = 'infinity'"
                " where person = 'chen_province'"
            )
        assert connection.execute("execute counted").fetchone() == (240,)


def test_scope_days_are_inclusive_in_the_warehouses_time_zone(world: Miniature) -> None:
    from orchestration.access import expand_scopes

    with world.owner() as owner:
        owner.execute("set local time zone 'America/New_York'")
        owner.execute(
            "update access.person_scope set valid_from = '2026-05-01', valid_to = '2026-05-31'"
            " where person = 'sun_area'"
        )
        expand_scopes(owner, "Asia/Shanghai")
        row = owner.execute(
            "select valid_from = '2026-05-01 00:00+08', valid_until = '2026-06-01 00:00+08'"
            " from access.person_area where person = 'sun_area'"
        ).fetchall()
        assert row == [(True, True)]
        owner.rollback()
