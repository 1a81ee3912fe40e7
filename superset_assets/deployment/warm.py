"""Filling the cache: what each browser will ask, asked beforehand as the person it belongs to.

Landing pages come first, and who signed in last before others; time is limited: with hundreds of
people the rest meet a dashboard that takes a second instead of none.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import yaml
from superset import db, security_manager
from superset.charts.schemas import ChartDataQueryContextSchema
from superset.commands.chart.data.get_data_command import ChartDataCommand
from superset.models.dashboard import Dashboard
from superset.utils import json
from superset.utils.core import override_user

from superset_assets.deployment.boards import Board, chosen
from superset_assets.deployment.questions import (
    Filters,
    UnknownQuestionError,
    of_chart,
    of_filter,
)
from superset_assets.serving.landing import ROLES, in_language


def run(people: dict[str, Any], budget: float) -> Iterator[str]:
    """Warm everybody's dashboards, what is in sight at first before what is on further tabs.

    Args:
        people: by name; see ``serving.people``.
        budget: seconds after which no further dashboard is begun.

    Yields:
        Progress lines.
    """
    began = time.monotonic()
    visits = _visits(people)
    for behind, part in ((False, "first views"), (True, "further tabs")):
        asked = done = 0
        unknown: set[str] = set()
        for visit in visits:
            if time.monotonic() - began > budget:
                left = len(visits) - done
                yield f"Cache: {part} of {left} of {len(visits)} dashboards left cold, time is up"
                break
            with override_user(visit.user):
                visit.open(behind=behind)
            asked, done = asked + visit.asked, done + 1
            unknown |= visit.unknown
        yield from sorted(f"Cache: not warmed: {reason}" for reason in unknown)
        seconds = time.monotonic() - began
        yield f"Cache: {part} of {done} dashboards warmed after {seconds:.1f} s, {asked} questions"


def _visits(people: dict[str, Any]) -> list[Visit]:
    """Who opens what, who signed in last and landing pages first."""
    personas = yaml.safe_load(ROLES.read_text(encoding="utf-8"))["personas"]
    users = sorted(
        (u for u in security_manager.get_all_users() if u.username in people and u.active),
        key=lambda user: str(user.last_login or ""),
        reverse=True,
    )
    boards = {board.slug: board for board in db.session.query(Dashboard)}
    visits = []
    for user in users:
        person = people[user.username]
        persona = personas[person.persona]
        rest = [slug for slug in persona["dashboards"] if slug != persona["landing"]]
        for turn, slug in enumerate([persona["landing"], *rest]):
            dashboard = boards.get(in_language(slug, person.language))
            if dashboard is not None:
                visits.append((turn, Visit(user, Board(dashboard))))
    visits.sort(key=lambda visit: visit[0])  # keeps the order of people within a turn
    return [visit for _, visit in visits]


class Visit:
    """One person opening one dashboard.

    Attributes:
        asked: how many questions were put in the last opening.
        unknown: what could not be asked in it, and why.
    """

    def __init__(self, user: Any, board: Board) -> None:
        self.user = user
        self._board = board
        self._first: dict[str, Filters] = {}
        self.asked = 0
        self.unknown: set[str] = set()

    def open(self, *, behind: bool) -> None:
        """Ask what the filter bar asks and what each chart in sight asks; or the charts behind."""
        self.asked, self.unknown = 0, set()
        if not behind:
            self._settle()
        for chart, reach in self._board.charts(behind=behind):
            filters = [f for key in reach for f in self._first.get(key, [])]
            try:
                question = of_chart(json.loads(chart.params), chart.datasource_id, filters)
            except UnknownQuestionError as error:
                self.unknown.add(f"{chart.slice_name}: {error}")
                continue
            self._ask(chart.slice_name, question)

    def _settle(self) -> None:
        """What the filter bar asks, until every filter stands on its first value."""
        first = self._first
        for board_filter in self._board.filters:
            given = [f for above in self._board.above(board_filter) for f in first.get(above, [])]
            values: list[Any] = []
            # The bar asks at once, and again when a filter above has settled on its value.
            for filters in [[], given] if given else [[]]:
                question = of_filter(
                    board_filter.column, board_filter.ascending, board_filter.metric,
                    board_filter.dataset, filters,
                )  # fmt: skip
                values = [row[board_filter.column] for row in self._ask(board_filter.key, question)]
            first[board_filter.key] = chosen(board_filter, values)

    def _ask(self, name: str, question: dict[str, Any]) -> list[dict[str, Any]]:
        """Put one question; its rows as the browser would read them."""
        self.asked += 1
        try:
            context = ChartDataQueryContextSchema().load(question)
            command = ChartDataCommand(context)
            command.validate()
            data = command.run()["queries"][0]["data"]
        except Exception as error:  # one cold chart must not keep the others cold
            db.session.rollback()
            self.unknown.add(f"{self._board.title}, {name}: {str(error).splitlines()[0]}")
            return []
        text = json.dumps(data, default=json.json_int_dttm_ser, ignore_nan=True)
        rows: list[dict[str, Any]] = json.loads(text)
        return [{key: _as_number(value) for key, value in row.items()} for row in rows]


def _as_number(value: Any) -> Any:
    """A moment is whole milliseconds to the browser."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
