"""Feeds about people in group customers: key persons, work with them, liaisons, ratings, benefits.

They come with the first block of subscribers, since some of these people are subscribers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.groups.customers import RELATION_LOST, Groups
from orchestration.sample.groups.master import GroupMaster
from orchestration.sample.groups.members import draw_members, first_lines
from orchestration.sample.lists import rows
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, labels, moments, numbers
from orchestration.sample.work.managers import AUTHORITY, Managers, draw_managers
from orchestration.sample.working_time import WorkingTime

TYPES = ["decision_maker", "contact", "middle_manager", "influencer"]
TITLES = ["总经理", "办公室主任", "信息部经理", "工会主席"]
#: how likely each type is on file with a perfectly diligent manager
ON_FILE = np.array([1.0, 1.0, 0.85, 0.7])
STEPS = ["identify", "build", "maintain", "expand", "follow_up"]
IDENTIFY, BUILD, MAINTAIN, EXPAND, FOLLOW_UP = range(5)
EVENTS = ["work_step", "appointed", "left", "birthday_care"]
RESULTS = ["advanced", "unchanged", "set_back"]
INTERESTS = [
    "羽毛球",
    "钓鱼",
    "书法",
    "摄影",
    "登山",
    "围棋",
    "象棋",
    "乒乓球",
    "茶艺",
    "骑行",
    None,
]
TIES = ["行业协会理事", "商会副会长", "校友会秘书长", None, None, None, None, None]
FACTORS = ["social_standing", "growth", "relationship", "ability_to_pay", "ict_need"]
EVIDENCE = ["走访了解", "年报数据", "关键人物沟通", "招投标信息", None]
FAR = 1_000_000
#: key persons who change, a year; the supervisor's authority, hundredths
CHANGING = 0.12
SUPERVISOR_LIMIT = 20_000_00
BENEFICIARIES = ["group", "key_person", "liaison", "subscriber"]
BENEFITS = ["discount", "fee_waiver", "handset", "gift", "service_right", "training"]


@dataclass(frozen=True)
class KeyPersons:
    """P persons in a role: group and type by position, first and last day in the role (``FAR``
    while it goes on), day put on file, day of the first follow-up after a change (``FAR``: never),
    whether the person came after another (``after``, its position, else -1).
    """

    group: np.ndarray
    kind: np.ndarray
    since: np.ndarray
    until: np.ndarray
    recorded: np.ndarray
    followed: np.ndarray
    after: np.ndarray
    born: np.ndarray

    def __len__(self) -> int:
        return len(self.group)


def draw_key_persons(operator: Operator, groups: Groups, managers: Managers) -> KeyPersons:
    """The key persons of ``groups``; where a relation is lost somebody left unnoticed before."""
    rng, n, span = operator.rng("key_persons"), len(groups), operator.span
    first, last = day_number(span[0].first), day_number(span[-1].last)
    diligence = managers.diligence[groups.manager]
    broken = groups.drop_reason == RELATION_LOST
    seat = rng.random((n, 4)) < ON_FILE[None, :] * (0.45 + 0.55 * diligence)[:, None]
    seat[:, 1] = True
    seat[broken, 0] = True
    group, kind = np.nonzero(seat)
    k = len(group)
    recorded = groups.opened[group] + rng.integers(0, 60, k)
    since = recorded - rng.integers(30, 2500, k)

    fatal = broken[group] & (kind == 0)
    changes = fatal | (rng.random(k) < CHANGING * len(span) / 12)
    when = first + (rng.random(k) * (last - first)).astype(np.int64)
    before = first + np.rint(30.44 * (groups.drop_from[group].clip(0, 200) - 2)).astype(np.int64)
    when = np.where(fatal, before + rng.integers(-20, 20, k), when)
    changes &= when > recorded + 60
    until = np.where(changes, when, FAR)

    old = np.flatnonzero(changes)
    care = diligence[group[old]]
    noticed = when[old] + 3 + rng.gamma(1.5, 14, len(old)) * (1.7 - care)
    noticed = np.where(fatal[old], when[old] + rng.integers(5, 40, len(old)), noticed)
    follows = (rng.random(len(old)) < 0.35 + 0.65 * care) & ~fatal[old]
    followed = noticed + 2 + rng.gamma(2.0, 9, len(old)) * (1.8 - care)
    business = WorkingTime(span).days
    noticed, followed = (
        business[np.searchsorted(business, d).clip(0, len(business) - 1)]
        for d in (noticed, followed)
    )
    return KeyPersons(
        group=np.concatenate([group, group[old]]),
        kind=np.concatenate([kind, kind[old]]),
        since=np.concatenate([since, when[old] + 1]),
        until=np.concatenate([until, np.full(len(old), FAR)]),
        recorded=np.concatenate([recorded, noticed]),
        followed=np.concatenate([np.full(k, FAR), np.where(follows, followed, FAR)]),
        after=np.concatenate([np.full(k, -1), old]),
        born=day_number(span[0].first) - rng.integers(30 * 365, 59 * 365, k + len(old)),
    )


class GroupPeople:
    """Key persons, liaisons, ratings and benefits of group customers."""

    feeds: ClassVar[tuple[str, ...]] = (
        "crm.key_person",
        "crm.key_person_event",
        "crm.liaison",
        "crm.group_rating",
        "crm.benefit_grant",
    )

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.span, self.places = operator, operator.span, operator.places
        self.active = block.number == 0
        self.master = GroupMaster(operator)
        self.groups = self.master.groups
        self.managers = draw_managers(operator)
        self.time = WorkingTime(operator.span)
        self.persons = draw_key_persons(operator, self.groups, self.managers)
        self.group_ids = pl.Series(self.groups.ids)
        rng, p, n = operator.rng("group_people"), len(self.persons), len(self.groups)
        self.names, self.interest = _names(rng, p), rng.integers(0, len(INTERESTS), p)
        self.tie = rng.integers(0, len(TIES), p)
        # a leader's line, where a member of the group is known to be one, is the decision maker's
        members, self.ids = draw_members(operator, self.groups, block), block.ids
        lead = np.flatnonzero(members.leads & (block.people.opens[members.who] < 0))
        line = np.full(n, -1)
        line[members.group[lead]] = members.who[lead]
        self.line = np.where((self.persons.kind == 0) & (self.persons.after < 0), -2, -1)
        self.line = np.where(self.line == -2, line[self.persons.group], -1)

        has = rng.random(n) < 0.35 + 0.4 * (self.groups.grade < 2)
        self.liaison = np.flatnonzero(has)
        m, first = len(self.liaison), day_number(self.span[0].first)
        start = first + rng.integers(-900, 31 * len(self.span), m)
        self.liaison_line = first_lines(operator, self.groups, block)[self.liaison]
        self.appointed = np.maximum(start, self.groups.opened[self.liaison] + 10)
        self.liaison_ends = np.where(rng.random(m) < 0.15, self.appointed + 400, FAR)
        self.liaison_names, self.eager = _names(rng, m), rng.gamma(1.2, 0.5, m)
        self.rates_on = rng.integers(0, 6, n)

    def of_month(self, made: BlockMonth) -> Tables:
        if not self.active:
            return
        yield "crm.key_person", self._persons(made.t)
        yield "crm.key_person_event", self._events(made.t)
        yield "crm.liaison", self._liaisons(made.t)
        yield "crm.group_rating", self._ratings(made.t)
        yield "crm.benefit_grant", self._benefits(made.t)

    def truth(self) -> dict[str, Any]:
        """``unfollowed_changes``: key persons who took over from another and whom nobody followed
        up; where the relation was lost by that the group also drops (``group_drops``).
        """
        p, last = self.persons, day_number(self.span[-1].last)
        pick = np.flatnonzero((p.after >= 0) & (p.followed == FAR) & (p.recorded <= last))
        return {
            "unfollowed_changes": [
                {"group_id": self.groups.ids[p.group[i]], "key_person_id": f"KP{i + 1:07d}"}
                for i in pick
                if self.active
            ]
        }

    def _manager_ids(self, t: int, group: np.ndarray) -> pl.Series:
        return labels(self.places.manager_ids, self.groups.manager_in(self.operator, t)[group])

    def _persons(self, t: int) -> pl.DataFrame:
        p, last = self.persons, day_number(self.span[t].last)
        known = np.flatnonzero((p.recorded <= last) & (self.groups.opens[p.group] <= t))
        over, line = p.until[known] <= last, self.line[known]
        return pl.DataFrame(
            {
                "key_person_id": numbers("KP", known + 1, 7),
                "group_id": self.group_ids.gather(p.group[known]),
                "person_type": labels(TYPES, p.kind[known]),
                "person_name": self.names.gather(known),
                "job_title": labels(TITLES, p.kind[known]),
                "mobile_no": numbers("100", (known * 48_271 + 7) % 100_000_000),
                "subscriber_id": self.ids.gather(line.clip(0)).set(pl.Series(line < 0), None),
                "birth_year": days(p.born[known]).dt.year().cast(pl.Int64),
                "birthday": days(p.born[known]).dt.strftime("%m-%d"),
                "interests": labels(INTERESTS, self.interest[known]),
                "social_ties": labels(TIES, self.tie[known]),
                "is_current": ~over,
                "valid_from_on": days(p.since[known]),
                "valid_to_on": days(p.until[known]).set(pl.Series(~over), None),
                "recorded_on": days(p.recorded[known]),
            }
        )

    def _events(self, t: int) -> pl.DataFrame:
        p, g, month = self.persons, self.groups, self.span[t]
        rng, n = self.operator.rng("key_person_event", t), len(self.persons)
        first, last = day_number(month.first), day_number(month.last)
        diligence = self.managers.diligence[g.manager_in(self.operator, t)[p.group]]
        care = diligence * np.array([0.6, 0.35, 0.12])[g.grade[p.group]]
        known = (p.recorded <= last) & (g.opens[p.group] <= t)
        works = known & (p.recorded < first) & (p.until > last) & (g.lost_from[p.group] > t)
        # whom nobody followed up, nobody works with either
        works &= (p.after < 0) | (p.followed < first)
        works &= rng.random(n) < care
        age = first - p.recorded
        kind = np.select([age < 90, age < 240], [IDENTIFY, BUILD], MAINTAIN)
        kind = np.where((kind == MAINTAIN) & (rng.random(n) < 0.3), EXPAND, kind)
        came = known & (p.after >= 0) & (p.recorded >= first)
        follows = known & (p.followed >= first) & (p.followed <= last)
        born = np.array(days(p.born).dt.month())
        party = known & (p.until > last) & (born == month.first.month)
        party &= (p.recorded < first) & (rng.random(n) < diligence * (g.grade[p.group] < 2))
        some_day = self.time.month(month)
        some = some_day[rng.integers(0, len(some_day), n)]
        none = np.full(n, len(STEPS))
        parts = [
            (works, some, 0, kind),
            (follows, p.followed, 0, np.full(n, FOLLOW_UP)),
            (came, p.recorded, 1, none),
            (came, p.recorded, 2, none),
            (party, some, 3, none),
        ]
        who, day, what, step = (
            np.concatenate(x)
            for x in zip(
                *(
                    (np.flatnonzero(m), d[m], np.full(int(m.sum()), e), s[m])
                    for m, d, e, s in parts
                ),
                strict=True,
            )
        )
        second = day * 86400 + rng.integers(9 * 3600, 18 * 3600, len(who))
        result = np.where(step < len(STEPS), rng.choice(3, len(who), p=[0.4, 0.5, 0.1]), 3)
        # that somebody left is told of the one before
        person = np.where(what == 2, p.after[who], who)
        replaced = np.where(what == 1, p.after[who], -1)
        stem = f"KE{month.first:%Y%m}"
        return pl.DataFrame(
            {
                "event_id": pl.Series(
                    [f"{stem}{i:06d}" for i in range(1, len(who) + 1)], dtype=pl.String
                ),
                "key_person_id": numbers("KP", person + 1, 7),
                "group_id": self.group_ids.gather(p.group[who]),
                "event_at": moments(second),
                "event_kind": labels(EVENTS, what),
                "work_step": labels([*STEPS, None], step),
                "staff_id": self._manager_ids(t, p.group[who]),
                "result": labels([*RESULTS, None], result),
                "replaces_person_id": numbers("KP", replaced + 1, 7).set(
                    pl.Series(replaced < 0), None
                ),
            }
        )

    def _known_liaisons(self, t: int) -> np.ndarray:
        last = day_number(self.span[t].last)
        return np.flatnonzero((self.appointed <= last) & (self.groups.opens[self.liaison] <= t))

    def _liaisons(self, t: int) -> pl.DataFrame:
        rng, last = self.operator.rng("liaison", t), day_number(self.span[t].last)
        here = self._known_liaisons(t)
        line = self.liaison_line[here]
        group, over = self.liaison[here], self.liaison_ends[here] <= last
        eager = np.where(over | (self.groups.lost_from[group] <= t), 0.0, self.eager[here])
        leads = rng.poisson(eager * (1 - 0.4 * self.span[t].festival))
        converted, trials = rng.binomial(leads, 0.22), rng.poisson(eager * 0.2)
        return pl.DataFrame(
            {
                "liaison_id": numbers("LI", here + 1, 6),
                "group_id": self.group_ids.gather(group),
                "person_name": self.liaison_names.gather(here),
                "mobile_no": numbers("100", (here * 69_621 + 11) % 100_000_000),
                "subscriber_id": self.ids.gather(line.clip(0)).set(pl.Series(line < 0), None),
                "appointed_on": days(self.appointed[here]),
                "ended_on": days(self.liaison_ends[here]).set(pl.Series(~over), None),
                "lead_cnt": leads,
                "converted_lead_cnt": converted,
                "trial_cnt": trials,
                "reward_amt": 20_00 * leads + 150_00 * converted + 30_00 * trials,
            }
        )

    def _ratings(self, t: int) -> pl.DataFrame:
        """Every half year the managers rate their groups; the idle leave some out."""
        g, month = self.groups, self.span[t]
        rng, n = self.operator.rng("rating", t), len(self.groups)
        manager = g.manager_in(self.operator, t)
        due = (g.opens < t) & (g.lost_from > t) & ((t + self.rates_on) % 6 == 0)
        due &= rng.random(n) < 0.3 + 0.7 * self.managers.diligence[manager]
        who = np.flatnonzero(due)
        drops = np.where(g.drop_from <= t + 1, -1.3, 0.0)
        hidden = 1.2 * g.potential
        meant = np.stack(
            [
                g.influence + 0.5 * g.leader,
                3 + 0.4 * g.worth + drops + hidden,
                2.6 + 0.7 * self.master.alliance + drops,
                4.2 - 0.8 * self.master.credit - 1.5 * (g.bad_from <= t),
                2.4 + 0.4 * self.master.ict + 0.6 * hidden,
            ],
            axis=1,
        )
        noise = 0.7 * rng.standard_normal((n, 5))
        score = np.where(self.managers.games[manager][:, None], 4, np.rint(meant + noise))
        group, factor = np.repeat(who, 5), np.tile(np.arange(5), len(who))
        business = self.time.month(month)
        day = np.repeat(business[rng.integers(0, len(business), n)][who], 5)
        override = (factor == 0) & (
            rng.random(len(group)) < np.where(g.potential[group], 0.3, 0.02)
        )
        told = np.where(override, np.where(g.potential[group] | (g.worth[group] > 0), 0, 1), 2)
        stem = f"GR{month.first:%Y%m}"
        return pl.DataFrame(
            {
                "rating_id": pl.Series(
                    [f"{stem}{i:06d}" for i in range(1, len(group) + 1)], dtype=pl.String
                ),
                "group_id": self.group_ids.gather(group),
                "rated_by": self._manager_ids(t, group),
                "rated_on": days(day),
                "factor": labels(FACTORS, factor),
                "score": score[group, factor].clip(1, 5).astype(np.int64),
                "evidence": labels(EVIDENCE, rng.integers(0, len(EVIDENCE), len(group))),
                "override_importance": labels(["important", "unimportant", None], told),
                "override_reason": labels(["行业影响大", "业务量长期偏小", None], told),
            }
        )

    def _benefits(self, t: int) -> pl.DataFrame:
        """What is granted: the more a group contributes the more; gifts before the festivals."""
        g, p, month = self.groups, self.persons, self.span[t]
        rng, n = self.operator.rng("benefit", t), len(self.groups)
        first, last = day_number(month.first), day_number(month.last)
        feast = max(month.festival, float(month.first.month == 9))
        active = (g.opens <= t) & (g.lost_from > t)
        rate = np.array([0.1, 0.06, 0.025])[g.grade] * rng.uniform(0.5, 1.5, n)
        granted = active & (rng.random(n) < np.array([0.5, 0.3, 0.12])[g.grade])
        groups = np.flatnonzero(granted)
        known = (p.recorded < first) & (p.until > last) & active[p.group] & (g.opens[p.group] < t)
        chance = (0.03 + 0.35 * feast) * np.array([1.0, 0.6, 0.2])[g.grade[p.group]]
        persons = np.flatnonzero(known & (rng.random(len(p)) < chance))
        served = self._known_liaisons(t)
        served = served[(self.liaison_ends[served] > last) & active[self.liaison[served]]]
        served = served[rng.random(len(served)) < 0.05 + 0.5 * feast]
        lines = np.flatnonzero((self.line >= 0) & known & (rng.random(len(p)) < 0.05))
        sizes = [len(groups), len(persons), len(served), len(lines)]
        group = np.concatenate([groups, p.group[persons], self.liaison[served], p.group[lines]])
        kind = np.repeat(np.arange(4), sizes)
        count, place = (
            len(group),
            np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes),
        )
        what = np.concatenate(
            [
                rng.choice([0, 1, 5], len(groups), p=[0.7, 0.2, 0.1]),
                rng.choice([3, 4], len(persons), p=[0.75, 0.25]),
                np.full(len(served), 3),
                rng.choice([1, 2], len(lines)),
            ]
        )
        gift = (
            np.exp(5.2 + 0.4 * rng.standard_normal(count))
            * np.array([1.5, 1.0, 0.7])[g.grade[group]]
        )
        worth = np.select([kind == 0, what == 2], [rate[group] * g.spends[group], gift * 6], gift)
        amount = np.maximum(np.rint(worth), 20).astype(np.int64) * 100
        manager = g.manager_in(self.operator, t)[group]
        limit = AUTHORITY[self.managers.grade[manager]]
        alone = amount <= limit
        alone |= self.managers.oversteps[manager] & (rng.random(count) < 0.5)
        chief = pl.Series([self.managers.supervisor[k] for k in manager], dtype=pl.String)
        business = self.time.month(month)
        day = np.sort(business[rng.integers(0, len(business), count)])
        stem = f"BG{month.first:%Y%m}"

        def pick(wanted: int, ids: pl.Series) -> pl.Series:
            return ids.gather(np.where(kind == wanted, place, 0)).set(
                pl.Series(kind != wanted), None
            )

        nobody = pl.Series([None], dtype=pl.String)
        persons_ids = pl.concat([numbers("KP", persons + 1, 7), nobody])
        liaison_ids = pl.concat([numbers("LI", served + 1, 6), nobody])
        line_ids = pl.concat([self.ids.gather(self.line[lines]), nobody])
        return pl.DataFrame(
            {
                "grant_id": pl.Series(
                    [f"{stem}{i:06d}" for i in range(1, count + 1)], dtype=pl.String
                ),
                "beneficiary_type": labels(BENEFICIARIES, kind),
                "group_id": self.group_ids.gather(group),
                "key_person_id": pick(1, persons_ids),
                "liaison_id": pick(2, liaison_ids),
                "subscriber_id": pick(3, line_ids),
                "benefit_kind": labels(BENEFITS, what),
                "granted_on": days(day),
                "granted_amt": amount,
                "requested_by": labels(self.places.manager_ids, manager),
                "approved_by": labels(self.places.manager_ids, manager).zip_with(
                    pl.Series(alone), chief
                ),
                "approved_at": moments(day * 86400 + rng.integers(32_400, 64_800, count)),
                "authority_limit_amt": np.where(alone, limit, SUPERVISOR_LIMIT),
            }
        )


def _names(rng: np.random.Generator, count: int) -> pl.Series:
    """Chinese names of fictional people."""
    surnames, given = ([r["name"] for r in rows(f)] for f in ("surnames", "given_names"))
    family = labels(surnames, rng.integers(0, len(surnames), count))
    return family + labels(given, rng.integers(0, len(given), count))
