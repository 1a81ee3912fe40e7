"""What people do with a dashboard: filter, click, drill, switch month and language; and a hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from orchestration.publication.holds import open_hold, resolve_holds
from tests.browser.pages import PHONE, Board, Visitor, number, rounding
from tests.browser.test_personas import tiles_are_right, title
from tests.browser.wanted import Wanted
from tests.conftest import Demo

pytestmark = pytest.mark.browser


@pytest.fixture
def province(visitor: Callable[[str], Visitor]) -> Iterator[Board]:
    """The executive's dashboard, Chinese, on a desk."""
    board = visitor("chen_province").open("retention-province")
    yield board
    board.close()


@pytest.fixture
def wanted(demo: Demo) -> Wanted:
    return Wanted(demo.settings, "chen_province")


def tiles_match(
    board: Board, expected: dict[str, dict[str, float | None]], language: str = "zh"
) -> None:
    for chart, numbers in expected.items():
        cells = board.cells(title(chart, language))
        for name, value in numbers.items():
            assert value is not None
            shown = cells.get(name) or cells[f"{name}_tile"]
            off = rounding(shown) + 1e-6
            assert abs(number(shown) - value) <= off, (chart, name, shown, value)


def test_filters_cascade_from_city_to_area(province: Board, wanted: Wanted) -> None:
    cities = wanted.ask(
        "select distinct city_name, county_name, area_name"
        " from retention.mart_retention__segment_month"
    )
    city = sorted({row["city_name"] for row in cities})[0]
    counties = {row["county_name"] for row in cities if row["city_name"] == city}
    assert set(province.options("county")) == {row["county_name"] for row in cities}
    province.page.keyboard.press("Escape")
    province.choose("city", city)
    assert set(province.options("county")) == counties
    province.page.keyboard.press("Escape")
    county = sorted(counties)[0]
    province.choose("county", county)
    areas = {row["area_name"] for row in cities if row["county_name"] == county}
    assert set(province.options("area")) == areas
    province.page.keyboard.press("Escape")
    tiles_match(province, wanted.tiles(wanted.month(), city=city, county=county))
    assert province.errors() == []


def test_a_click_on_a_unit_filters_the_page(province: Board, wanted: Wanted) -> None:
    month = wanted.month()
    units = wanted.by_unit("county", month)
    rows = province.rows(title("retention_by_county", "zh"))
    assert [row["county_name"] for row in rows] == [unit["name"] for unit in units]
    for row, unit in zip(rows, units, strict=True):
        assert abs(number(row["customer_retention_rate"]) - float(unit["customers"])) <= 0.0501
        assert abs(number(row["revenue_retention_rate"]) - float(unit["revenue"])) <= 0.0501
    worst = units[0]["name"]
    card = province.chart(title("retention_by_county", "zh"))
    card.locator("tbody td", has_text=worst).first.click()
    province.settle()
    tiles_match(province, wanted.tiles(month, county=worst))
    areas = wanted.ask(
        "select distinct area_name from retention.mart_retention__cohort_month"
        " where county_name = %(county)s and stat_month = %(month)s",
        county=worst,
        month=month,
    )
    shown = {row["area_name"] for row in province.rows(title("retention_by_area", "zh"))}
    assert shown == {row["area_name"] for row in areas}
    card.locator("tbody td", has_text=worst).first.click()
    province.settle()
    tiles_match(province, wanted.tiles(month))


def test_drill_by_works(province: Board, wanted: Wanted) -> None:
    units = wanted.by_unit("county", wanted.month())
    card = province.chart(title("retention_by_county", "zh"))
    ways = province.page.locator('[data-test="drill-by-submenu"] [role=menuitem]')
    modal = province.page.locator(".ant-modal:visible")
    offered: list[str] = []
    for _ in range(8):  # the menus slide in, and a pointer that arrives too early is not noticed
        if not ways.count():
            province.page.keyboard.press("Escape")
            card.locator("tbody td", has_text=units[0]["name"]).first.click(button="right")
            province.page.get_by_text("查看明细", exact=True).hover()
            province.page.get_by_text("按维度下钻", exact=True).hover()
            province.page.wait_for_timeout(2500)
        if ways.filter(has_text="片区").count():
            offered = ways.all_inner_texts()
            ways.filter(has_text="片区").click()
            province.page.wait_for_timeout(2500)
        if modal.count():
            break
    assert {"片区", "客户经理"} <= set(offered)
    assert not [name for name in offered if "编码" in name or "英文" in name]
    modal.wait_for()
    province.settle()
    shown = modal.locator("tbody td[aria-labelledby='header-area_name']").all_inner_texts()
    rates = modal.locator("tbody td[aria-labelledby='header-customer_retention_rate']")
    assert all(text.endswith("%") for text in rates.all_inner_texts())
    areas = wanted.ask(
        "select distinct area_name from retention.mart_retention__cohort_month"
        " where county_name = %(county)s and stat_month = %(month)s",
        county=units[0]["name"],
        month=wanted.month(),
    )
    assert set(shown) == {row["area_name"] for row in areas}
    assert not modal.locator(".ant-alert-error").count()
    assert province.failures == []


def test_another_month_changes_the_numbers_not_the_trends(province: Board, wanted: Wanted) -> None:
    """Tiles, mixes and lists show one month; trends are asked again for none."""
    asked: list[str] = []
    province.page.on(
        "request",
        lambda r: asked.append(r.url) if "/api/v1/chart/data" in r.url else None,
    )
    months = wanted.ask(
        "select distinct stat_month from retention.mart_retention__cohort_month order by 1"
    )
    earlier = months[-2]["stat_month"]
    province.choose("month", f"{earlier:%Y-%m}")
    assert asked
    tiles_match(province, wanted.tiles(earlier))
    trend = province.chart(title("retention_trend", "zh")).get_attribute("data-test-chart-id")
    assert not [url for url in asked if f"slice_id%22%3A{trend}%7D" in url]


def test_a_click_on_a_customer_shows_all_about_it(visitor: Callable[[str], Visitor]) -> None:
    board = visitor("li_city_a").open("value-city")
    try:
        board.show_tab(1)
        warnings = board.chart(title("value_warnings", "zh"))
        name = warnings.locator('tbody td[aria-labelledby="header-group_name"]').first
        chosen = name.inner_text()
        assert len(board.rows(title("value_customers", "zh"))) > 1
        name.click()
        board.settle()
        board.show_tab(2)
        (profile,) = board.rows(title("customer_profile", "zh"))
        assert profile["group_name"] == chosen
    finally:
        board.close()


def test_the_link_leads_to_the_other_language(visitor: Callable[[str], Visitor]) -> None:
    board = visitor("li_city_a").open("retention-city")
    try:
        board.page.locator(".dashboard-markdown a", has_text="English").click()
        board.page.wait_for_url("**/retention-city-en/**")
        board.settle()
        assert board.chart("Customer and revenue retention").is_visible()
        board.page.locator(".dashboard-markdown a", has_text="中文").click()
        board.page.wait_for_url("**/retention-city/**")
    finally:
        board.close()


def test_a_hold_is_told_in_red_with_its_reason(
    visitor: Callable[[str], Visitor], demo: Demo, wanted: Wanted
) -> None:
    """At once, to everybody, in both languages; the published numbers stay."""
    before = wanted.tiles(wanted.month())
    open_hold(
        demo.settings,
        feed="boss.subscriber_bill",
        period="2026-11",
        check_name="browser_test",
        reason="账单只有往常的一半",
        reason_en="bills are half of the usual",
    )
    try:
        for language, slug, state, reason in (
            ("zh", "retention-province", "暂缓发布", "账单只有往常的一半"),
            ("en", "retention-province-en", "On hold", "bills are half of the usual"),
        ):
            for width in (1440, PHONE):
                board = visitor("chen_province").open(slug, language, width)
                line = board.chart(title("data_state", language))
                assert line.locator("td").first.inner_text().endswith(state)
                told = line.locator("td").last
                assert reason in told.inner_text()
                assert told.is_visible()
                red, green, blue = told.evaluate(
                    "e => getComputedStyle(e).color.match(/\\d+/g).map(Number)"
                )
                assert red > 2 * green
                assert red > 2 * blue
                box = told.bounding_box()
                assert 0 <= box["x"] < box["x"] + box["width"] <= width
                board.shoot(demo.settings.home / f"screenshots/hold-{slug}-{width}.png")
                tiles_match(board, before, language)
                board.close()
    finally:
        resolve_holds(demo.settings, check_name="browser_test")
    board = visitor("chen_province").open("retention-province")
    try:
        assert board.cells(title("data_state", "zh"))["reason"] == "N/A"
        tiles_are_right(board, wanted, "zh")
    finally:
        board.close()
