"""A block of subscribers, and the lives they lead.

Memory follows the size of a block. What a block holds depends on its number alone, so blocks may be
made in any order, by any number of processes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from orchestration.sample.behaviour import Behaviour
from orchestration.sample.channel.openings import place_openings
from orchestration.sample.lives import live
from orchestration.sample.operator import Block, Operator
from orchestration.sample.population import draw_population
from orchestration.sample.scale import Cut


def draw_block(
    operator: Operator, cut: Cut, beyond: Mapping[str, np.ndarray] | None = None
) -> Block:
    """The subscribers of a block, and the lives they lead."""
    seed, span, places = operator.seed, operator.span, operator.places
    people = draw_population(seed, cut.number, (cut.first, cut.count), span, places)
    lives = live(seed, cut.number, people, span, places)
    behaviour = Behaviour(seed, people, lives, span, cut.number)
    ids = pl.Series(people.subscriber_id)
    block = Block(cut.number, cut.first, people, lives, behaviour, ids, beyond or {})
    behaviour.silent = place_openings(operator, block).fake
    return block
