"""What group customers buy from competitors, and which of them can be won over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.sample.groups.customers import LOST_TO_COMPETITOR, NEVER, Groups
from orchestration.sample.operator import Operator
from orchestration.sample.population import day_number

COMPETITORS = ["op_b", "op_c"]
#: bound so little, and to so few kinds of business, that a group can be won when its contract ends
WINNABLE_SHARE = 0.22
WON = 0.45
#: share of all lines that a competitor has when a group has dropped because of it
TAKES = 0.6


@dataclass(frozen=True)
class Rivals:
    """One entry per group; a competitor is a position in ``COMPETITORS``, a kind in
    ``portfolio.BUSINESS_KINDS``.

    ``uses[i, c, k]`` says whether group ``i`` has kind ``k`` from ``c``, ``share[i, c]`` is the
    share of its lines with ``c`` at the beginning, ``first_end[i, c, k]`` the day on which the
    contract of that runs out first, ``term`` how long it is then renewed for (days). ``winnable``
    groups are bound little by their one competitor ``mainly[i]``; ``won_in`` is the month in
    which one is won over (``NEVER``).
    """

    uses: np.ndarray
    share: np.ndarray
    first_end: np.ndarray
    term: np.ndarray
    mainly: np.ndarray
    winnable: np.ndarray
    won_in: np.ndarray

    def shares(self, groups: Groups, t: int) -> np.ndarray:
        """Share of each group's lines with each competitor in month ``t``: (N, 2)."""
        share = self.share * np.where(self.won_in <= t, 0.1, 1.0)[:, None]
        falls = groups.drop_reason == LOST_TO_COMPETITOR
        grown = np.where(falls, np.clip((t - groups.drop_from + 2) / 4, 0, 1), 0.0)
        target = np.where(np.arange(2)[None, :] == self.mainly[:, None], TAKES, share)
        return share + grown[:, None] * (np.maximum(target, share) - share)

    def ends(self, day: int) -> np.ndarray:
        """Day on which each contract in force on ``day`` runs out: (N, 2, 3)."""
        over = np.maximum(day - self.first_end, 0)
        return self.first_end + -(-over // self.term) * self.term


def draw_rivals(operator: Operator, groups: Groups) -> Rivals:
    """What ``groups`` have from whom; competitors are stronger where customers leave faster."""
    rng, n, span = operator.rng("rivals"), len(groups), operator.span
    first, last = day_number(span[0].first), day_number(span[-1].last)
    strong = np.log(operator.places.churn_factor)[groups.area]
    mainly = (rng.random(n) < 0.4).astype(np.int64)
    base = np.array([0.55, 0.22, 0.18])
    side = np.where(np.arange(2)[None, :] == mainly[:, None], 1.0, 0.35)
    odds = base[None, None, :] * side[:, :, None] * np.exp(0.35 * strong)[:, None, None]
    uses = rng.random((n, 2, 3)) < odds
    falls = groups.drop_reason == LOST_TO_COMPETITOR
    uses[falls, mainly[falls], 0] = True
    share = np.clip(
        np.exp(-1.5 + 0.3 * strong[:, None] + 0.6 * rng.standard_normal((n, 2))), 0, 0.4
    )
    share = np.where(uses[:, :, 0], share, 0.015)
    # the more kinds somebody buys there, the more of everything
    share = np.clip(share * (1 + 0.25 * (uses.sum(axis=2) - 1).clip(0)), 0, 0.45)
    term = rng.choice([365, 730], size=(n, 2, 3), p=[0.55, 0.45])
    first_end = first + (rng.random((n, 2, 3)) * term).astype(np.int64)

    breadth = uses.sum(axis=(1, 2))
    winnable = (breadth == 1) & (share.sum(axis=1) < WINNABLE_SHARE) & ~falls
    winnable &= groups.lost_from == NEVER
    used = np.argmax(uses.reshape(n, 6), axis=1)
    end = first_end.reshape(n, 6)[np.arange(n), used]
    month = np.array([day_number(m.first) for m in span])
    when = np.searchsorted(month, end, side="right")
    wins = winnable & (rng.random(n) < WON) & (end < last - 31) & (groups.opens < 0)
    mainly = np.where(breadth == 1, used // 3, mainly)
    return Rivals(
        uses=uses,
        share=share,
        first_end=first_end,
        term=term,
        mainly=mainly,
        winnable=winnable,
        won_in=np.where(wins & (when < len(span)), when, NEVER),
    )
