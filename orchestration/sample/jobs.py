"""One job of making a sample: what the whole operator writes, or what one block does.

Jobs share nothing but the landing area, where they write different files. So they run one after the
other or in several processes, and the files are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from orchestration.sample import truth
from orchestration.sample.blocks import draw_block
from orchestration.sample.calendar import months
from orchestration.sample.contract_words import chinese_headers
from orchestration.sample.files import ODD_SHAPES, Piece, write_piece
from orchestration.sample.operator import BlockMonth, Operator, Tables, Telling
from orchestration.sample.parts import FULL_FEEDS, OPERATOR_PARTS, SUBSCRIBER_PARTS
from orchestration.sample.places import read_places
from orchestration.sample.scale import Cut, SampleOptions

#: files of a month that are encoded at the same time as the next tables are made
WRITERS = 2
#: tables that may wait for it
WAITING = 3


@dataclass(frozen=True)
class Task:
    """What a job is told. ``cut`` is None for the whole operator's; ``one_of`` how many blocks
    there are; ``scratch`` a folder for what was planted.
    """

    options: SampleOptions
    landing: Path
    scratch: Path
    cut: Cut | None
    one_of: int
    beyond: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Outcome:
    """What a job made: pieces of feed-months, what it planted, what the first block must know."""

    pieces: list[Piece]
    planted: dict[str, Path]
    told: dict[str, np.ndarray]


def run(task: Task, month_done: Callable[[], None]) -> Outcome:
    """Make the files of ``task``; ``month_done`` is called after each month."""
    options = task.options
    size = options.size
    places = read_places(options.seed, size.tree)
    operator = Operator(options.seed, months(options.months), places, size)
    if task.cut is None:
        return _of_operator(task, operator, month_done)
    return _of_block(task, task.cut, operator, month_done)


def _of_operator(task: Task, operator: Operator, month_done: Callable[[], None]) -> Outcome:
    parts = [part(operator) for part in OPERATOR_PARTS]

    def tables(t: int) -> Tables:
        for part in parts:
            yield from part.of_month(t)

    pieces = _write(task, operator, tables, month_done)
    planted = truth.save(task.scratch / "operator", _joined(part.truth() for part in parts))
    return Outcome(pieces, planted, {})


def _of_block(task: Task, cut: Cut, operator: Operator, month_done: Callable[[], None]) -> Outcome:
    block = draw_block(operator, cut, task.beyond)
    parts = [part(operator, block) for part in SUBSCRIBER_PARTS]

    def tables(t: int) -> Tables:
        made = BlockMonth(t, *block.behaviour.month(t))
        for part in parts:
            yield from part.of_month(made)

    pieces = _write(task, operator, tables, month_done)
    folder = task.scratch / f"block{cut.number:04d}"
    planted = truth.save(folder, _joined(part.truth() for part in parts))
    told = _joined(part.tell() for part in parts if isinstance(part, Telling))
    return Outcome(pieces, planted, told)


def _joined(found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """All in one; keys are the parts' own."""
    return {key: value for each in found for key, value in each.items()}


def _write(
    task: Task,
    operator: Operator,
    tables: Callable[[int], Tables],
    month_done: Callable[[], None],
) -> list[Piece]:
    """Write the tables of all months; of a block other than the first only those with rows.

    A part may give a table of many rows in several pieces, one after the other.
    """
    headers = chinese_headers({feed for feed, _ in ODD_SHAPES})
    block = task.cut.number if task.cut and task.one_of > 1 else None
    stem = "" if block is None else f"b{block + 1:02d}"
    made: list[Piece] = []
    with ThreadPoolExecutor(max_workers=WRITERS) as pool:
        for t, month in enumerate(operator.span):
            waiting: list[Future[Piece]] = []
            turn: Counter[str] = Counter()
            for feed, table in tables(t):
                if block and not table.height:
                    continue
                turn[feed] += 1
                label = stem + (f"p{turn[feed]}" if turn[feed] > 1 else "")
                period = "full" if feed in FULL_FEEDS else month.period
                job = (task.landing, feed, period, table, headers.get(feed, {}))
                waiting.append(pool.submit(write_piece, *job, label=label))
                # what waits to be written holds memory
                if len(waiting) > WAITING:
                    made.append(waiting.pop(0).result())
            made += [piece.result() for piece in waiting]
            month_done()
    return made
