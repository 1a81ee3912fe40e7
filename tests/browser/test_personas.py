"""Each persona, in both languages, on a desk and on a phone: whole, readable and right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from superset_assets.builder.reading import read_specs
from superset_assets.builder.specs import Tab
from superset_assets.builder.text import LANGUAGES
from tests.browser.pages import DESKTOP, PHONE, Board, Visitor, number, rounding
from tests.browser.wanted import Wanted, WantedOfGroups, WantedOfPeople
from tests.conftest import Demo

pytestmark = pytest.mark.browser

SPECS = read_specs()


def address(slug: str, language: str) -> str:
    return slug if language == "zh" else f"{slug}-en"


#: person → the dashboard they land on
PEOPLE = {
    "chen_province": "retention-province",
    "li_city_a": "retention-city",
    "wang_city_b": "retention-city",
    "zhao_county": "retention-city",
    "sun_area": "retention-city",
    "zhou_account": "retention-city",
    "wu_analyst": "retention-city",
    "zheng_engineer": "retention-province",
}
#: person → what they look at of group customers
GROUPS = {
    "chen_province": "value-province",
    "li_city_a": "value-city",
    "wang_city_b": "value-city",
    "zhao_county": "value-county",
    "sun_area": "value-county",
    "zhou_account": "value-mine",
    "wu_analyst": "value-mine",
    "zheng_engineer": "value-province",
}
#: person → what they look at of individual customers
PEOPLES = {
    "chen_province": "people-province",
    "li_city_a": "people-city",
    "wang_city_b": "people-city",
    "zhou_account": "people-mine",
    "wu_analyst": "people-mine",
    "zheng_engineer": "people-province",
}
#: what the warehouse is asked, by the beginning of the page's name
ASKED = {"retention": Wanted, "value": WantedOfGroups, "people": WantedOfPeople}
WIDTHS = (("desk", DESKTOP), ("phone", PHONE))
#: each person sees their dashboard in both languages and at both widths; each dashboard is seen in
#: every language at every width, by one person or another
VISITS = [
    (person, PEOPLE[person], language, WIDTHS[(number_ + place) % 2])
    for place, person in enumerate(PEOPLE)
    for number_, language in enumerate(LANGUAGES)
]
#: those of one layout: each is seen in both languages, at both widths
VISITS += [
    (person, slug, LANGUAGES[place % 2], WIDTHS[place // 2 % 2])
    for pages in (GROUPS, PEOPLES)
    for place, (person, slug) in enumerate(
        (person, slug) for slug in dict.fromkeys(pages.values())
        for person, theirs in pages.items() if theirs == slug
    )
]  # fmt: skip
SEEN = [
    pytest.param(person, (address(slug, language), language, width),
                 id=f"{person}-{slug}-{language}-{name}")
    for person, slug, language, (name, width) in VISITS
]  # fmt: skip


def title(chart: str, language: str) -> str:
    return SPECS.charts[chart].title.of(language)


@pytest.mark.parametrize("person", PEOPLE)
def test_lands_on_their_dashboard(person: str, visitor: Callable[[str], Visitor]) -> None:
    assert f"/superset/dashboard/{PEOPLE[person]}" in visitor(person).landing


def test_the_visits_leave_nothing_out() -> None:
    seen = {(slug, language, width) for _, slug, language, (_, width) in VISITS}
    assert {slug for slug, _, _ in seen} == set(SPECS.dashboards)
    for slug in set(PEOPLE.values()):
        assert len({visit for visit in seen if visit[0] == slug}) == len(LANGUAGES) * len(WIDTHS)
    for pages in (GROUPS, PEOPLES):
        for slug in set(pages.values()):
            assert {language for of, language, _ in seen if of == slug} == set(LANGUAGES)
        assert len({visit[1:] for visit in seen if visit[0] in pages.values()}) == 4


@pytest.mark.parametrize(("person", "page"), SEEN)
def test_whole_readable_and_right(
    person: str, page: tuple[str, str, int], visitor: Callable[[str], Visitor], demo: Demo
) -> None:
    place, language, width = page
    slug = place.removesuffix("-en")
    wanted = ASKED[slug.partition("-")[0]](demo.settings, person)
    board = visitor(person).open(place, language, width)
    try:
        assert f"/{place}/" in board.page.url
        header_is_right(board, wanted, language)
        tiles_are_right(board, wanted, language)
        shots = demo.settings.home / "screenshots"
        for number_, tab in enumerate(SPECS.dashboards[slug].tabs):
            if number_:
                board.show_tab(number_)
            assert board.errors() == []
            nothing_is_blank_without_reason(board, wanted, tab, language)
            nothing_is_cut_off(board, width)
            board.shoot(shots / f"{person}-{place}-{width}-{number_ + 1}.png")
            lists_are_complete(board, wanted, tab, language)
        assert board.failures == []
    finally:
        board.close()


def header_is_right(board: Board, wanted: Wanted, language: str) -> None:
    said, state = board.cells(title(wanted.header, language)), wanted.state()
    name = "state_name" if language == "zh" else "state_name_en"
    assert said[name] == state[name]
    assert said["cut_off_at_text"] == state["cut_off"]
    assert said["stat_month"] == f"{state['stat_month']:%Y-%m}"


def tiles_are_right(board: Board, wanted: Wanted, language: str) -> None:
    """To the last digit shown."""
    for chart, numbers in wanted.tiles(wanted.month()).items():
        cells = board.cells(title(chart, language))
        for name, value in numbers.items():
            shown = cells.get(name) or cells[f"{name}_tile"]
            if value is None:
                assert shown in ("N/A", ""), (chart, name)
                continue
            off = rounding(shown) + 1e-6
            assert abs(number(shown) - value) <= off, (chart, name, shown, value)


def nothing_is_blank_without_reason(board: Board, wanted: Wanted, tab: Tab, language: str) -> None:
    """A chart says "no data" exactly where the warehouse has none for this person."""
    month = wanted.month()
    for name in (n for row in tab.rows for tile in row for n in tile.charts):
        chart = SPECS.charts[name]
        conditions = ["true"] if chart.history else [f"stat_month = '{month}'"]
        for given in chart.where:
            (word,) = set(given) - {"column"}
            value = given[word]
            conditions.append(
                f"{given['column']} is {value}"
                if isinstance(value, bool)
                else f"{given['column']} {'<>' if word == 'is_not' else '='} '{value}'"
            )
        if not chart.ignores:
            conditions += wanted.chosen(chart.mart, month)
        (row,) = wanted.ask(
            f"select exists (select from {wanted.mart}.{chart.mart}"
            f" where {' and '.join(conditions)}) as has_rows"
        )
        assert board.is_blank(chart.title.of(language)) is not row["has_rows"], name


def nothing_is_cut_off(board: Board, width: int) -> None:
    """No title and no card reaches beyond its place, and the page does not scroll aside."""
    cut = board.page.evaluate(
        """() => [...document.querySelectorAll(
            '.dashboard-grid .header-title, .dashboard-grid .header-title span,'
            + ' .dashboard-header-container input')]
            .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1 && e.clientWidth)
            .map(e => e.innerText || e.value)"""
    )
    assert cut == []
    beyond = board.page.evaluate(
        """width => [...document.querySelectorAll('.dashboard-component-chart-holder')]
            .filter(e => e.offsetParent)
            .filter(e => { const r = e.getBoundingClientRect();
                           return r.width < 40 || r.left < 0 || r.right > width + 1; })
            .map(e => e.innerText.slice(0, 40))""",
        width,
    )
    assert beyond == []
    assert board.page.evaluate("document.documentElement.scrollWidth") <= width


def lists_are_complete(board: Board, wanted: Wanted, tab: Tab, language: str) -> None:
    """The search box of a list says how many rows it has."""
    shown = {name for row in tab.rows for tile in row for name in tile.charts}
    for name, count in wanted.lists(wanted.month()).items():
        if count and name in shown:
            box = board.chart(title(name, language)).locator(".dt-global-filter input")
            assert number(box.get_attribute("placeholder")) == count, name


#: what a person without scope does not see of a page, and of which mart its header tells
HIDDEN: dict[str, tuple[type[Wanted], tuple[str, ...]]] = {
    "retention-city": (Wanted, ("tiles_cohort", "tiles_customers", "retention_trend")),
    "value-city": (WantedOfGroups, ("value_tiles", "value_tiles_grade", "value_reasons")),
    "people-city": (WantedOfPeople, ("people_tiles", "people_tiles_brand", "people_types")),
}


@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("place", HIDDEN)
def test_a_person_without_scope_meets_a_word_not_broken_tiles(
    place: str, language: str, width: int, visitor: Callable[[str], Visitor], demo: Demo
) -> None:
    slug, (wanted, charts) = address(place, language), HIDDEN[place]
    board = visitor("qian_noscope").open(slug, language, width)
    try:
        header_is_right(board, wanted(demo.settings, "qian_noscope"), language)
        notice = board.page.locator(".dashboard-markdown blockquote h3")
        assert notice.is_visible()
        assert notice.inner_text() in (
            "这里还没有您可以查看的数据",
            "There is nothing here for you to see yet",
        )
        for chart in charts:
            assert not board.chart(title(chart, language)).is_visible()
        assert not board.tabs().first.is_visible()
        assert board.errors() == []
        assert board.failures == []
        board.shoot(demo.settings.home / f"screenshots/qian_noscope-{slug}-{width}.png")
    finally:
        board.close()


def test_nobody_with_rows_sees_the_notice(visitor: Callable[[str], Visitor]) -> None:
    board = visitor("li_city_a").open("retention-city")
    try:
        assert not board.page.locator(".dashboard-markdown blockquote").is_visible()
    finally:
        board.close()
