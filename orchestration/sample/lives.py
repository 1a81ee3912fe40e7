"""What happens to subscribers month by month: opening, arrears, leaving, returning, moving."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from orchestration.sample.bindings import NEW_BINDING, RENEWAL, Bindings, existing_bindings
from orchestration.sample.calendar import Month
from orchestration.sample.places import Places
from orchestration.sample.population import NO_MANAGER, Population, day_number

UNBORN, ON_NET, SUSPENDED, OFF_NET, PORTED_OUT = range(5)
OPEN, SUSPEND, RESUME, LEAVE, PORT, RE_ENTRY = range(6)
EVENT_TYPES = ["open", "suspend", "resume", "off_net", "port_out", "re_entry"]
NO_REASON, VOLUNTARY, ARREARS, PORT_REASON = range(4)
EVENT_REASONS = ["none", "voluntary", "arrears", "port_out"]
NEVER = 10_000

#: monthly chance that an ordinary subscriber decides to leave, or falls into arrears
LEAVING = 0.0135
ARREARS_CHANCE = 0.006
#: of those who decide to leave: share who fade over 2-3 months first, and who set call forwarding
FADING = 0.65
FORWARDING = 0.22
#: competitor's campaign in the county that does worst: extra leaving from this month on
CAMPAIGN_PERIOD = "2026-03"
CAMPAIGN_FACTOR = 1.6
CAMPAIGN_ABOVE = 2.0
#: account manager (position) who leaves, the month, and who takes over
HANDOVER_PERIOD, HANDOVER_FROM, HANDOVER_TO = "2026-04", 16, 17
#: residents decide to leave before the sample begins, so its first months are like the others
WARM_UP = 3


@dataclass
class Lives:
    """The course of N subscribers over T months; arrays of shape (N, T).

    ``since``/``until`` are the first and last day of service in the month (until < since when there
    was none), ``fading`` the months still to go until the subscriber leaves (-1 when not fading),
    ``forwards`` whether calls are forwarded, ``bound`` whether a contract runs, ``loses`` the share
    of value lost while staying.
    """

    status: np.ndarray
    status_since: np.ndarray
    present: np.ndarray
    since: np.ndarray
    until: np.ndarray
    fading: np.ndarray
    forwards: np.ndarray
    loses: np.ndarray
    area: np.ndarray
    manager: np.ndarray
    bound: np.ndarray
    bindings: Bindings
    events: list[dict[str, np.ndarray]] = field(default_factory=list)
    plans: list[dict[str, np.ndarray]] = field(default_factory=list)
    value_loss: dict[str, np.ndarray] = field(default_factory=dict)

    def left_in(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Who left in month ``t``, and the second at which they did."""
        who, when = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for event in self.events:
            pick = (event["month"] == t) & np.isin(event["type"], [LEAVE, PORT])
            who.append(event["who"][pick])
            when.append(event["second"][pick])
        return np.concatenate(who), np.concatenate(when)


def live(seed: int, block: int, people: Population, span: list[Month], places: Places) -> Lives:
    """Let the population of ``block`` live through ``span``."""
    course = _Course(np.random.default_rng([seed, 3, block]), people, span, places)
    course.settle()
    course.lose_value()
    for t in range(-WARM_UP, len(span)):
        if t >= 0:
            course.carry_out(t)
            course.bind(t)
        course.decide(t)
    return course.lives


class _Course:
    """The month loop: what it draws from, what it records, and one value per subscriber to carry.

    A subscriber has at most one plan at a time: to leave, to resume, to be cut off for arrears or
    to come back.
    """

    def __init__(
        self, rng: np.random.Generator, people: Population, span: list[Month], places: Places
    ) -> None:
        self.rng, self.people, self.span, self.places = rng, people, span, places
        n, t = len(people), len(span)
        self.lives = Lives(
            status=np.zeros((n, t), np.int8),
            status_since=np.zeros((n, t), np.int32),
            present=np.zeros((n, t), bool),
            since=np.ones((n, t), np.int8),
            until=np.zeros((n, t), np.int8),
            fading=np.full((n, t), -1, np.int8),
            forwards=np.zeros((n, t), bool),
            loses=np.zeros((n, t), np.float32),
            area=np.zeros((n, t), np.int16),
            manager=np.full((n, t), NO_MANAGER, np.int16),
            bound=np.zeros((n, t), bool),
            bindings=existing_bindings(rng, people, span),
        )
        gone, resident = people.long_gone, people.opens < 0
        self.status = np.where(resident, np.where(gone, OFF_NET, ON_NET), UNBORN)
        self.since_day = people.opened.copy()
        self.since_day[gone] = day_number(span[0].first) - rng.integers(1, 360, int(gone.sum()))
        self.leave_in = np.full(n, NEVER)
        self.leave_kind = np.zeros(n, np.int64)
        self.resume_in = np.full(n, NEVER)
        self.cut_off_in = np.full(n, NEVER)
        self.return_in = np.full(n, NEVER)

    def settle(self) -> None:
        """Where each lives, who looks after them, and the few who move."""
        rng, lives, people, places = self.rng, self.lives, self.people, self.places
        n, t = lives.area.shape
        lives.area[:] = people.area[:, None]
        movers = np.flatnonzero(rng.random(n) < 0.02)
        when = rng.integers(1, max(t, 2), len(movers))
        same_county = rng.random(len(movers)) < 0.6
        for i, month, near in zip(movers, when, same_county, strict=True):
            home = people.area[i]
            choice = np.arange(len(places.area_ids))
            if near:
                choice = choice[places.county_of == places.county_of[home]]
            lives.area[i, month:] = rng.choice(choice[choice != home])
        cared_for = (people.vip < 3) | (people.worth > 0.7)
        turn = rng.integers(0, 1_000_000, n)
        for area in range(len(places.area_ids)):
            team = np.flatnonzero(places.manager_area == area)
            here = (lives.area == area) & cared_for[:, None]
            lives.manager[here] = np.broadcast_to(team[turn % len(team)][:, None], (n, t))[here]
        for month, m in enumerate(self.span):
            if m.period >= HANDOVER_PERIOD:
                column = lives.manager[:, month]
                column[column == HANDOVER_FROM] = HANDOVER_TO

    def lose_value(self) -> None:
        """Customers who stay but spend less and less: from a month on, by a share."""
        rng, lives = self.rng, self.lives
        n, t = lives.loses.shape
        who = np.flatnonzero((rng.random(n) < 0.06) & (self.people.worth > 0.2))
        start = rng.integers(1, max(t, 2), len(who))
        share = rng.uniform(0.3, 0.65, len(who))
        for step in range(t):
            lives.loses[who, step] = share * np.clip((step - start + 1) / 2.0, 0, 1)
        lives.value_loss = {"who": who, "start": start, "share": share}

    def carry_out(self, t: int) -> None:
        """Carry out what was decided for month ``t``; record where everybody stands at its end."""
        lives, month = self.lives, self.span[t]
        alive = (self.status == ON_NET) | (self.status == SUSPENDED)
        since = np.ones(len(self.people), np.int64)
        until = np.where(self.status == ON_NET, month.days, 0)
        self._open(t, since, until)
        self._return(t, since, until)
        self._end_of_arrears(t, since, until)
        alive |= self.status == ON_NET
        self._leave(t, since, until)
        self._arrears(t, since, until)
        lives.present[:, t] = alive
        lives.status[:, t] = self.status
        lives.status_since[:, t] = self.since_day
        lives.since[:, t], lives.until[:, t] = since, until

    def _happen(
        self, t: int, who: np.ndarray, day: np.ndarray, event: tuple[int, int], status: int
    ) -> None:
        """Record an ``event`` (type, reason) on a day (1-based) of month ``t``."""
        today = day_number(self.span[t].first) + day - 1
        k = len(who)
        self.lives.events.append(
            {
                "month": np.full(k, t),
                "who": who,
                "second": today * 86400 + self.rng.integers(9 * 3600, 20 * 3600, k),
                "type": np.full(k, event[0]),
                "reason": np.full(k, event[1]),
            }
        )
        self.status[who] = status
        self.since_day[who] = today

    def _open(self, t: int, since: np.ndarray, until: np.ndarray) -> None:
        who = np.flatnonzero(self.people.opens == t)
        day = self.people.opened[who] - day_number(self.span[t].first) + 1
        self._happen(t, who, day, (OPEN, NO_REASON), ON_NET)
        since[who], until[who] = day, self.span[t].days
        # a few regret it within the month
        regret = who[(self.rng.random(len(who)) < 0.004) & (day < 25)]
        self.leave_in[regret], self.leave_kind[regret] = t, VOLUNTARY

    def _return(self, t: int, since: np.ndarray, until: np.ndarray) -> None:
        who = np.flatnonzero(self.return_in == t)
        day = self.rng.integers(2, 27, len(who))
        self._happen(t, who, day, (RE_ENTRY, NO_REASON), ON_NET)
        since[who], until[who] = day, self.span[t].days

    def _end_of_arrears(self, t: int, since: np.ndarray, until: np.ndarray) -> None:
        """Those suspended earlier pay and resume, or are cut off."""
        suspended = self.status == SUSPENDED
        who = np.flatnonzero((self.resume_in == t) & suspended)
        day = self.rng.integers(2, 27, len(who))
        self._happen(t, who, day, (RESUME, NO_REASON), ON_NET)
        since[who], until[who] = day, self.span[t].days
        out = np.flatnonzero((self.cut_off_in == t) & suspended)
        day = self.rng.integers(2, 27, len(out))
        self._happen(t, out, day, (LEAVE, ARREARS), OFF_NET)
        self.lives.bindings.leave(out, self.since_day[out], t)

    def _leave(self, t: int, since: np.ndarray, until: np.ndarray) -> None:
        rng = self.rng
        who = np.flatnonzero((self.leave_in == t) & (self.status == ON_NET))
        earliest = since[who] + 1
        day = earliest + (rng.random(len(who)) * (self.span[t].days - earliest)).astype(np.int64)
        until[who] = day
        port = self.leave_kind[who] == PORT_REASON
        self._happen(t, who[port], day[port], (PORT, PORT_REASON), PORTED_OUT)
        self._happen(t, who[~port], day[~port], (LEAVE, VOLUNTARY), OFF_NET)
        self.lives.bindings.leave(who, self.since_day[who], t)
        self.leave_in[who] = NEVER
        comes_back = who[(rng.random(len(who)) < 0.04) & ~port]
        self.return_in[comes_back] = t + rng.integers(1, 5, len(comes_back))

    def _arrears(self, t: int, since: np.ndarray, until: np.ndarray) -> None:
        """Some fall into arrears: half pay at once, a quarter next month, a quarter never."""
        rng, people = self.rng, self.people
        able = (self.status == ON_NET) & (self.leave_in == NEVER)
        able &= (people.opens < t) & (since == 1)
        risk = ARREARS_CHANCE * np.exp(-0.35 * people.worth)
        who = np.flatnonzero(able & (rng.random(len(people)) < risk))
        day = rng.integers(2, 14, len(who))
        self._happen(t, who, day, (SUSPEND, ARREARS), SUSPENDED)
        until[who] = day
        fate = rng.random(len(who))
        pays = fate < 0.5
        again = day[pays] + rng.integers(2, 13, int(pays.sum()))
        self._happen(t, who[pays], again, (RESUME, NO_REASON), ON_NET)
        until[who[pays]] = self.span[t].days
        self.resume_in[who[(fate >= 0.5) & (fate < 0.75)]] = t + 1
        self.cut_off_in[who[fate >= 0.75]] = t + 2

    def bind(self, t: int) -> None:
        """Sign new contracts in month ``t`` for some of those who stay."""
        bindings, people = self.lives.bindings, self.people
        self.lives.bound[:, t] = bindings.bound(t - 1)
        free = (self.status == ON_NET) & ~bindings.bound(t) & (self.leave_in == NEVER)
        # those who opened or came back this month sign nothing: the days might not fit
        free &= self.lives.since[:, t] == 1
        free &= people.opens < t
        chance = 2 * NEW_BINDING / (1 + np.exp(-1.5 * people.worth))
        chance = np.where(bindings.just_ended(t), RENEWAL, chance)
        signs = np.flatnonzero(free & (self.rng.random(len(people)) < chance))
        bindings.sign(self.rng, people, signs, t)

    def decide(self, t: int) -> None:
        """Who decides, at the end of month ``t``, to leave in one of the next months."""
        rng, lives, factor = self.rng, self.lives, self.places.churn_factor
        n, total = lives.status.shape
        today = day_number(self.span[0].first) + 30 * t
        tenure = np.maximum(today - self.people.opened, 0) / 30.4
        area = lives.area[:, max(t, 0)]
        place = factor[area]
        if t >= 0 and self.span[t].period >= CAMPAIGN_PERIOD:
            place = np.where(place > CAMPAIGN_ABOVE, place * CAMPAIGN_FACTOR, place)
        youth = np.select([tenure < 6, tenure < 24, tenure < 60], [2.0, 1.35, 0.9], 0.5)
        bindings = lives.bindings
        freed = np.where(bindings.just_ended(t + 1), 2.2, 1.0)
        tie = np.where(bindings.bound(t + 1), 0.3, freed)
        hazard = LEAVING * place * youth * tie * np.exp(-0.12 * self.people.worth)
        able = (self.status == ON_NET) & (self.leave_in == NEVER)
        who = np.flatnonzero(able & (rng.random(n) < hazard))

        fades = rng.random(len(who)) < FADING
        leave_in = t + np.where(fades, rng.integers(2, 4, len(who)), 1)
        fits = leave_in >= 0
        who, fades, leave_in = who[fits], fades[fits], leave_in[fits]
        worst = factor[area[who]] > CAMPAIGN_ABOVE
        ports = rng.random(len(who)) < np.where(worst, 0.45, 0.25)
        kind = np.where(ports, PORT_REASON, VOLUNTARY)
        forwards = rng.random(len(who)) < FORWARDING
        self.leave_in[who], self.leave_kind[who] = leave_in, kind
        for i, goes, fading, jumps in zip(who, leave_in, fades, forwards, strict=True):
            for month in range(max(t + 1, 0), min(goes, total - 1) + 1):
                if fading:
                    lives.fading[i, month] = goes - month
                lives.forwards[i, month] = jumps and goes - month <= 1
        lives.plans.append(
            {"who": who, "month": leave_in, "kind": kind, "fades": fades, "forwards": forwards}
        )
