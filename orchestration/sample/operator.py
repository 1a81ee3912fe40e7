"""What every part of the sample operator is made from, and the two kinds of parts.

A part makes the tables of a few feeds. An ``OperatorPart`` (groups, dealers, work orders …) makes
those of the whole operator. A ``SubscriberPart`` makes those that have rows per subscriber, block
by block, so that memory follows the size of a block and not that of the operator.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ClassVar, ParamSpec, Protocol, TypeVar, runtime_checkable

import numpy as np
import polars as pl

from orchestration.sample.behaviour import Behaviour, Columns
from orchestration.sample.calendar import Month
from orchestration.sample.lives import Lives
from orchestration.sample.places import Places
from orchestration.sample.population import Population
from orchestration.sample.scale import Scale

#: ``(feed, table)`` of one month
Tables = Iterator[tuple[str, pl.DataFrame]]
#: what was drawn already, by the function that draws it (see ``once``)
Drawn = dict[Any, Any]


@dataclass(frozen=True)
class Operator:
    """The operator whose extracts are made: its organisation, its size, its months."""

    seed: int
    span: list[Month]
    places: Places
    scale: Scale
    drawn: Drawn = field(default_factory=dict, repr=False, compare=False)

    def rng(self, stream: str, *numbers: int) -> np.random.Generator:
        """Random numbers of ``stream`` (and, say, a month or block), the same for a seed.

        Every stream is independent of every other, so that a part added later changes none.
        """
        return np.random.default_rng([self.seed, zlib.crc32(stream.encode()), *numbers])


@dataclass(frozen=True)
class Block:
    """Some of the subscribers with their whole lives. ``first`` is the place of the first of them
    among all subscribers; other arrays of a block are by place within it.

    Feeds of whole groups come with the first block (number 0), which is made last: ``beyond`` is
    what the other blocks told of themselves (see ``Telling``).
    """

    number: int
    first: int
    people: Population
    lives: Lives
    behaviour: Behaviour
    ids: pl.Series
    beyond: Mapping[str, np.ndarray]
    drawn: Drawn = field(default_factory=dict, repr=False, compare=False)

    @property
    def tag(self) -> str:
        """Keeps numbers given within a block apart from those of other blocks."""
        return f"{self.number:03d}" if self.number else ""


@dataclass(frozen=True)
class BlockMonth:
    """What a block did in month ``t``: ``here`` are the places of those who were on net."""

    t: int
    here: np.ndarray
    usage: Columns
    bill: Columns
    recharges: Columns


class OperatorPart(Protocol):
    """Made once as ``Part(operator)``; asked for each month in order."""

    #: the feeds it makes
    feeds: ClassVar[tuple[str, ...]]

    def __init__(self, operator: Operator) -> None: ...

    def of_month(self, t: int) -> Tables:
        """Tables of month ``t``, with the columns of their contracts (see ``tables``)."""

    def truth(self) -> dict[str, Any]:
        """What was planted, for the truth file; keys are the part's own. Empty if nothing."""


class SubscriberPart(Protocol):
    """Made once per block as ``Part(operator, block)``; asked for each month in order."""

    feeds: ClassVar[tuple[str, ...]]

    def __init__(self, operator: Operator, block: Block) -> None: ...

    def of_month(self, made: BlockMonth) -> Tables:
        """The block's rows of one month."""

    def truth(self) -> dict[str, Any]:
        """Lists (by key) of what was planted in this block; those of all blocks are joined."""


@runtime_checkable
class Telling(Protocol):
    """A ``SubscriberPart`` of which the first block must know something in all other blocks."""

    def tell(self) -> dict[str, np.ndarray]:
        """Truth values by key; those of several blocks are joined with *or*."""


Asked = ParamSpec("Asked")
Found = TypeVar("Found")


def once(draw: Callable[Asked, Found]) -> Callable[Asked, Found]:
    """Let ``draw(operator)`` or ``draw(operator, block)`` work once for all parts that ask.

    The result is kept with the operator or the block and goes with it; nobody may change it.
    """

    @wraps(draw)
    def remembered(*args: Asked.args, **kwargs: Asked.kwargs) -> Found:
        drawn: Drawn = getattr(args[-1], "drawn")  # noqa: B009 - the type of the last one is open
        if draw not in drawn:
            drawn[draw] = draw(*args, **kwargs)
        found: Found = drawn[draw]
        return found

    return remembered
