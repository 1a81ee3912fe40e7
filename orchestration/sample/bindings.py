"""Contracts that bind subscribers: handset contracts and prepaid fees, with their ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from orchestration.sample.calendar import Month
from orchestration.sample.population import Population, day_number

#: product, binding type, months; the products are those of family bundling
KINDS = [("B024", 0, 24), ("B012", 0, 12), ("B112", 1, 12), ("B124", 1, 24)]
BINDING_TYPES = ["handset", "prepaid_fee"]
UNBROKEN = 10_000
#: monthly chance of binding anew, for an ordinary subscriber and for one whose contract just ended
NEW_BINDING = 0.012
RENEWAL = 0.4


@dataclass
class Bindings:
    """Contracts, one position each, and the state that the month loop needs.

    ``ends_in[i]`` is the month (position) in which subscriber i's contract ends (-100 when none),
    ``last_day[i]`` its last day, ``current[i]`` its position; ``broken`` lists the contracts that
    ended early because the subscriber left, with the month.
    """

    span: list[Month]
    subscriber: list[np.ndarray] = field(default_factory=list)
    kind: list[np.ndarray] = field(default_factory=list)
    starts: list[np.ndarray] = field(default_factory=list)
    ends: list[np.ndarray] = field(default_factory=list)
    commit: list[np.ndarray] = field(default_factory=list)
    ends_in: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    last_day: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    current: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    count: int = 0
    broken: list[tuple[np.ndarray, int]] = field(default_factory=list)

    def sign(
        self,
        rng: np.random.Generator,
        people: Population,
        who: np.ndarray,
        month: int,
        not_before: np.ndarray | None = None,
    ) -> None:
        """Sign a contract for each of ``who`` on a day of month ``month`` (may be negative)."""
        if not len(who):
            return
        kind = np.where(
            rng.random(len(who)) < 0.55,
            np.where(rng.random(len(who)) < 0.6, 0, 1),
            np.where(rng.random(len(who)) < 0.7, 2, 3),
        )
        term = np.array([k[2] for k in KINDS])[kind]
        first, length = self._month_days(month)
        day = (rng.random(len(who)) * length).astype(np.int64)
        start = first + day
        if not_before is not None:
            start = np.maximum(start, not_before)
            day = np.minimum(start - first, length - 1)
        ends_in = month + term
        # the last day is the day before the same day of the month `term` months later
        end = np.empty(len(who), np.int64)
        for value in np.unique(ends_in):
            pick = ends_in == value
            begin, days = self._month_days(int(value))
            end[pick] = begin + np.minimum(day[pick], days - 1) - 1
        self.subscriber.append(who)
        self.kind.append(kind)
        self.starts.append(start)
        self.ends.append(end)
        worth = np.exp(0.6 * people.worth[who])
        self.commit.append((np.clip(np.round(3.5 * worth), 1, 40) * 1000).astype(np.int64))
        self.ends_in[who] = ends_in
        self.last_day[who] = end
        self.current[who] = np.arange(self.count, self.count + len(who))
        self.count += len(who)

    def leave(self, who: np.ndarray, day: np.ndarray, month: int) -> None:
        """``who`` left the network on ``day``: a contract still running then is broken."""
        running = who[self.last_day[who] >= day]
        self.broken.append((self.current[running], month))
        self.ends_in[who] = -100
        self.last_day[who] = -1

    def bound(self, month: int) -> np.ndarray:
        """Whether each subscriber's contract runs through month ``month``."""
        return self.ends_in > month

    def just_ended(self, month: int) -> np.ndarray:
        return (self.ends_in <= month) & (self.ends_in >= month - 2)

    def _month_days(self, month: int) -> tuple[int, int]:
        """First day and length of a month given by position, also outside the span."""
        base = self.span[0].first
        year, index = divmod(base.year * 12 + base.month - 1 + month, 12)
        this = Month(date(year, index + 1, 1))
        return day_number(this.first), this.days

    def table(self) -> dict[str, np.ndarray]:
        """All contracts: subscriber, kind, starts, ends (days), commit (cents a month), and
        ``broken_in``, the month in which it was broken.
        """
        names = ("subscriber", "kind", "starts", "ends", "commit")
        empty = np.empty(0, np.int64)
        table = {n: np.concatenate([empty, *getattr(self, n)]) for n in names}
        table["broken_in"] = np.full(self.count, UNBROKEN)
        for contracts, month in self.broken:
            table["broken_in"][contracts] = month
        return table


def existing_bindings(rng: np.random.Generator, people: Population, span: list[Month]) -> Bindings:
    """Contracts that residents signed before the sample begins."""
    count = len(people)
    made = Bindings(
        span,
        ends_in=np.full(count, -100),
        last_day=np.full(count, -1),
        current=np.full(count, -1),
    )
    appetite = 1 / (1 + np.exp(-(people.worth - 0.6)))
    resident = (people.opens < 0) & ~people.long_gone
    holders = resident & (rng.random(count) < 0.75 * appetite)
    age = rng.integers(1, 26, count)
    begun = day_number(span[0].first) - people.opened
    for months_ago in range(25, 0, -1):
        who = np.flatnonzero(holders & (age == months_ago) & (begun > 31 * (months_ago + 1)))
        made.sign(rng, people, who, -months_ago)
    return made
