"""Feeds with rows per subscriber that tell of groups and families: members, parties, portings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.groups.customers import BUSINESS_SHRINKS, NEVER, Groups, draw_groups
from orchestration.sample.lives import NO_REASON, OFF_NET, OPEN, PORT, UNBORN
from orchestration.sample.market.rivals import COMPETITORS, draw_rivals
from orchestration.sample.operator import Block, BlockMonth, Operator, Tables, once
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, labels, moments, numbers

#: share of subscribers who belong to a group, at most; of members whose bill the group pays
IN_GROUPS = 0.2
UNIFIED = 0.35
#: share of people who live in a family known to the operator
IN_FAMILIES = 0.16
#: share of newcomers who bring their number
PORTED_IN = 0.06
FAR = 1_000_000
LEFT_REASONS = ["left_employer", "changed_network", "line_cancelled", "other"]


@dataclass(frozen=True)
class Members:
    """The M members among a block's subscribers: ``who`` is a place in the block, ``group`` a
    position in ``Groups``; days of joining and leaving (``FAR`` for never), ``reason`` a position
    in ``LEFT_REASONS``; ``unified`` whether the group pays, ``pays_from`` since when.
    """

    who: np.ndarray
    group: np.ndarray
    joined: np.ndarray
    left: np.ndarray
    reason: np.ndarray
    verified: np.ndarray
    verified_on: np.ndarray
    leads: np.ndarray
    machine: np.ndarray
    unified: np.ndarray
    pays_from: np.ndarray


def draw_members(operator: Operator, groups: Groups, block: Block) -> Members:
    """Who in ``block`` belongs to which group, by size of the groups of their area."""
    rng, people, lives = operator.rng("members", block.number), block.people, block.lives
    n, span = len(people), operator.span
    first, last = day_number(span[0].first), day_number(span[-1].last)
    share = min(IN_GROUPS, 0.4 * float(groups.employees.sum()) / operator.scale.subscribers)
    member = rng.random(n) < share * np.exp(0.35 * people.worth - 0.06)
    member &= ~people.long_gone
    group, pick = np.full(n, -1), rng.random(n)
    for area in range(len(operator.places.area_ids)):
        there, here = np.flatnonzero(groups.area == area), people.area == area
        if len(there):
            cumulated = np.cumsum(groups.employees[there])
            group[here] = there[np.searchsorted(cumulated, pick[here] * cumulated[-1])]
    who = np.flatnonzero(member & (group >= 0))
    group, k = group[who], len(who)

    since = np.maximum(people.opened[who], groups.opened[group])
    joined = since + (rng.random(k) ** 2 * np.maximum(first - since, 25)).astype(np.int64)
    years = (last - first) / 365
    quits = np.where(rng.random(k) < 0.07 * years, first + rng.integers(0, last - first, k), FAR)
    # where business shrinks people are let go
    drop = groups.drop_from[group]
    let_go = (groups.drop_reason[group] == BUSINESS_SHRINKS) & (drop < NEVER)
    let_go &= rng.random(k) > groups.drop_to[group] + 0.1
    day = first + np.rint(30.44 * (drop.clip(0, 200) + 2 * rng.random(k))).astype(np.int64)
    quits = np.where(let_go, day, quits)
    gone = lives.status[who] >= OFF_NET
    month = gone.argmax(axis=1)
    ever = gone.any(axis=1)
    off = np.where(ever, lives.status_since[who, month], FAR)
    ported = ever & (lives.status[who, month] > OFF_NET)
    left = np.minimum(np.maximum(quits, joined + 5), np.maximum(off, joined))
    reason = np.select([off > left, ported], [np.where(rng.random(k) < 0.85, 0, 3), 1], 2)
    verified = rng.random(k) < 0.9
    return Members(
        who=who,
        group=group,
        joined=joined,
        left=left,
        reason=reason,
        verified=verified,
        verified_on=joined + rng.integers(0, 40, k),
        leads=(people.worth[who] > 1.3) & (rng.random(k) < 0.4),
        machine=rng.random(k) < 0.03,
        unified=rng.random(k) < UNIFIED * np.exp(0.3 * groups.worth[group] - 0.05),
        pays_from=joined + rng.integers(0, 200, k),
    )


def first_lines(operator: Operator, groups: Groups, block: Block) -> np.ndarray:
    """Place in the block of one member of each group who was there before the sample, else -1."""
    m = draw_members(operator, groups, block)
    old = np.flatnonzero((block.people.opens[m.who] < 0) & ~m.machine & ~m.leads)
    line = np.full(len(groups), -1)
    line[m.group[old]] = m.who[old]
    return line


class GroupMembers:
    """Members of groups on all networks; persons, families and groups; numbers ported."""

    feeds: ClassVar[tuple[str, ...]] = (
        "crm.group_member",
        "crm.party_relation",
        "competitor.ported_number",
    )

    def __init__(self, operator: Operator, block: Block) -> None:
        self.operator, self.span, self.places = operator, operator.span, operator.places
        self.block, self.people, self.lives, self.ids = (
            block,
            block.people,
            block.lives,
            block.ids,
        )
        self.groups = draw_groups(operator)
        self.rivals = draw_rivals(operator, self.groups)
        self.members = draw_members(operator, self.groups, block)
        self.group_ids = pl.Series(self.groups.ids)
        self.others = self._other_lines()
        self.families = draw_families(operator, block)
        self.ports = self._all_ports()

    def of_month(self, made: BlockMonth) -> Tables:
        yield "crm.group_member", self._members(made.t)
        yield "crm.party_relation", self._parties(made.t)
        yield "competitor.ported_number", self._ported(made.t)

    def truth(self) -> dict[str, Any]:
        return {}

    def _members(self, t: int) -> pl.DataFrame:
        return pl.concat([self._own(t), self._others(t)])

    def _own(self, t: int) -> pl.DataFrame:
        m, last = self.members, day_number(self.span[t].last)
        # those who left stay on the list for a year
        keep = np.flatnonzero(
            (m.joined <= last) & (m.left > last - 365) & (self.lives.status[m.who, t] != UNBORN)
        )
        left = m.left[keep] <= last
        known = m.verified[keep] & (m.verified_on[keep] <= last)
        role = np.select([m.machine[keep], m.leads[keep]], [2, 1], 0)
        return pl.DataFrame(
            {
                "group_id": self.group_ids.gather(m.group[keep]),
                "member_no": numbers("M", self.block.first + m.who[keep] + 1),
                "subscriber_id": self.ids.gather(m.who[keep]),
                "network": pl.Series(["own"] * len(keep), dtype=pl.String),
                "is_verified": known,
                "verified_on": _unless(days(m.verified_on[keep]), known),
                "member_role": labels(["employee", "leader", "machine"], role),
                "is_unified_payment": self.paid_by_group(t)[keep],
                "joined_on": days(m.joined[keep]),
                "left_on": _unless(days(m.left[keep]), left),
                "left_reason": labels([*LEFT_REASONS, None], np.where(left, m.reason[keep], 4)),
            }
        )

    def paid_by_group(self, t: int) -> np.ndarray:
        """Whether the group pays the bill of each member at the end of month ``t``."""
        m, last = self.members, day_number(self.span[t].last)
        stays = (m.left > last) & (self.groups.lost_from[m.group] > t)
        return m.unified & (m.pays_from <= last) & stays & (m.joined <= last)

    def _other_lines(self) -> dict[str, np.ndarray]:
        """Lines of other networks: each member may have up to four, the n-th when the share of the
        competitors in the group allows; they come and go with that share.
        """
        m, span = self.members, self.span
        chance = self.operator.rng("other_networks", self.block.number).random((len(m.who), 4))
        since = np.full(chance.shape, FAR)
        left = np.full(chance.shape, FAR)
        network = np.zeros(chance.shape, np.int64)
        spread = (np.arange(chance.size) % 25).reshape(chance.shape)
        for t, month in enumerate(span):
            first, last = day_number(month.first), day_number(month.last)
            share = self.rivals.shares(self.groups, t)
            whole = share.sum(axis=1).clip(0, 0.8)
            per_own = (whole / (1 - whole))[m.group]
            known = (m.joined <= last) & (m.left > last)
            there = known[:, None] & (chance < (per_own[:, None] / 4).clip(0, 0.95))
            new = there & (since == FAR)
            day = m.joined[:, None] if t == 0 else np.maximum(m.joined[:, None], first + spread)
            since[new] = np.broadcast_to(day, chance.shape)[new]
            second = (share[:, 1] / np.maximum(share.sum(axis=1), 1e-9))[m.group]
            network[new] = (chance * 7919 % 1 < second[:, None])[new]
            gone = ~there & (since < FAR) & (left == FAR)
            left[gone] = np.minimum(m.left[:, None], first + spread)[gone]
        who, turn = np.nonzero(since < FAR)
        return {
            "who": who,
            "turn": turn,
            "since": since[who, turn],
            "left": np.maximum(left, since + 1)[who, turn],
            "network": network[who, turn],
        }

    def _others(self, t: int) -> pl.DataFrame:
        m, last = self.members, day_number(self.span[t].last)
        here = np.flatnonzero((self.others["since"] <= last) & (self.others["left"] > last - 365))
        line = {k: v[here] for k, v in self.others.items()}
        who, left = line["who"], line["left"] <= last
        verified = (who + 3 * line["turn"]) % 5 > 0
        number = (self.block.first + m.who[who] + 1) * 4 + line["turn"]
        reason = np.where(m.left[who] <= line["left"], 0, 1)
        return pl.DataFrame(
            {
                "group_id": self.group_ids.gather(m.group[who]),
                "member_no": numbers("X", number),
                "subscriber_id": pl.Series([None] * len(who), dtype=pl.String),
                "network": labels(COMPETITORS, line["network"]),
                "is_verified": verified,
                "verified_on": _unless(days(line["since"]), verified),
                "member_role": _all("employee", len(who)),
                "is_unified_payment": np.zeros(len(who), bool),
                "joined_on": days(line["since"]),
                "left_on": _unless(days(line["left"]), left),
                "left_reason": labels([*LEFT_REASONS, None], np.where(left, reason, 4)),
            }
        )

    def _parties(self, t: int) -> pl.DataFrame:
        """Persons in groups and in families, families in the group of their head."""
        m, f, last = self.members, self.families, day_number(self.span[t].last)
        inside = np.flatnonzero((m.joined <= last) & (m.left > last - 365) & ~m.machine)
        pays = self.paid_by_group(t)[inside]
        home = np.flatnonzero(f.since <= last)
        stem = self.block.first + 1
        group = np.full(len(self.people), -1)
        group[m.who[inside]] = m.group[inside]
        elsewhere = np.zeros(len(self.people), bool)
        elsewhere[m.who[inside]] = pays
        head = np.unique(f.head[home])
        head = head[group[head] >= 0]
        ended = m.left[inside] <= last
        return pl.concat(
            [
                pl.DataFrame(
                    {
                        "party_id": numbers("P", stem + m.who[inside]),
                        "related_party_id": self.group_ids.gather(m.group[inside]),
                        "relation_type": _all("person_group", len(inside)),
                        "subscriber_id": self.ids.gather(m.who[inside]),
                        "group_id": self.group_ids.gather(m.group[inside]),
                        "bill_share": np.where(pays, 1.0, 0.0),
                        "valid_from_on": days(m.joined[inside]),
                        "valid_to_on": _unless(days(m.left[inside]), ended),
                    }
                ),
                pl.DataFrame(
                    {
                        "party_id": numbers("P", stem + f.who[home]),
                        "related_party_id": numbers("F", stem + f.head[home]),
                        "relation_type": _all("person_family", len(home)),
                        "subscriber_id": self.ids.gather(f.who[home]),
                        "group_id": pl.Series([None] * len(home), dtype=pl.String),
                        "bill_share": np.where(elsewhere[f.who[home]], 0.0, 1.0),
                        "valid_from_on": days(f.since[home]),
                        "valid_to_on": _unless(days(f.since[home]), np.zeros(len(home), bool)),
                    }
                ),
                pl.DataFrame(
                    {
                        "party_id": numbers("F", stem + head),
                        "related_party_id": self.group_ids.gather(group[head]),
                        "relation_type": _all("family_group", len(head)),
                        "subscriber_id": pl.Series([None] * len(head), dtype=pl.String),
                        "group_id": self.group_ids.gather(group[head]),
                        "bill_share": np.zeros(len(head)),
                        "valid_from_on": days(f.family_since(head)),
                        "valid_to_on": _unless(days(head), np.zeros(len(head), bool)),
                    }
                ),
            ]
        )

    def _all_ports(self) -> dict[str, np.ndarray]:
        """Every porting of the block: those who leave with their number, newcomers with theirs."""
        rng = self.operator.rng("ports", self.block.number)
        empty = np.empty(0, np.int64)
        events = {
            k: np.concatenate([empty, *(e[k] for e in self.lives.events)])
            for k in ("month", "who", "second", "type", "reason")
        }
        out = events["type"] == PORT
        new = (events["type"] == OPEN) & (events["reason"] == NO_REASON)
        new &= rng.random(len(new)) < PORTED_IN
        pick = np.flatnonzero(out | new)
        pick = pick[np.lexsort((events["who"][pick], events["second"][pick]))]
        made = {k: v[pick] for k, v in events.items()}
        main = np.where(rng.random(len(pick)) < 0.64, 0, 1)
        made["other"], made["out"] = main, out[pick]
        made["asked"] = made["second"] - rng.integers(2 * 3600, 60 * 3600, len(pick))
        return made

    def _ported(self, t: int) -> pl.DataFrame:
        ports, m = self.ports, self.members
        pick = np.flatnonzero(ports["month"] == t)
        who = ports["who"][pick]
        group = np.full(len(self.people), -1)
        # a newcomer joins a group only later
        joined = m.joined < day_number(self.span[t].first)
        group[m.who[joined]] = m.group[joined]
        mine = np.where(ports["out"][pick], group[who], -1)
        mine = np.where(mine >= 0, mine, len(self.group_ids))
        stem = f"PN{self.span[t].first:%Y%m}"
        return pl.DataFrame(
            {
                "port_id": numbers(stem, ports["who"][pick] + self.block.first + 1),
                "direction": labels(["in", "out"], ports["out"][pick].astype(np.int64)),
                "subscriber_id": self.ids.gather(who),
                "group_id": labels([*self.groups.ids, None], mine),
                "other_operator": labels(COMPETITORS, ports["other"][pick]),
                "requested_at": moments(ports["asked"][pick]),
                "ported_at": moments(ports["second"][pick]),
                "area_id": labels(self.places.area_ids, self.lives.area[who, t]),
            }
        )


@dataclass(frozen=True)
class Families:
    """People of families, head included: place in the block, place of the head, day of joining."""

    who: np.ndarray
    head: np.ndarray
    since: np.ndarray

    def family_since(self, heads: np.ndarray) -> np.ndarray:
        """The day on which the family of each of ``heads`` was put on file."""
        order = np.argsort(self.who, kind="stable")
        return self.since[order][np.searchsorted(self.who[order], heads)]


@once
def draw_families(operator: Operator, block: Block) -> Families:
    """Two to four people of one area; nobody in two families. A family starts with its youngest
    line, so that all its members exist.
    """
    rng, people = operator.rng("families", block.number), block.people
    able = np.flatnonzero(~people.long_gone & (people.opens < 0))
    able = able[rng.random(len(able)) < IN_FAMILIES]
    able = able[np.argsort(people.area[able], kind="stable")]
    size = rng.integers(2, 5, len(able))
    # cut the list, ordered by area, into families; drop those across areas or unfinished
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    start = start[start + size < len(able)]
    size = size[: len(start)]
    family = np.repeat(np.arange(len(start)), size)
    place = np.arange(len(family))
    head = able[start[family]] if len(start) else able[:0]
    who = able[place]
    same = people.area[who] == people.area[head]
    who, head, family = who[same], head[same], family[same]
    alone = np.bincount(family, minlength=len(start))[family] < 2
    who, head, family = who[~alone], head[~alone], family[~alone]
    youngest = np.zeros(len(start), np.int64)
    np.maximum.at(youngest, family, people.opened[who])
    later = rng.integers(0, 300, len(start))
    first = day_number(operator.span[0].first)
    return Families(who, head, np.minimum(youngest + later, first)[family])


def _all(value: str, count: int) -> pl.Series:
    return pl.Series([value] * count, dtype=pl.String)


def _unless(values: pl.Series, keep: np.ndarray) -> pl.Series:
    """``values`` where ``keep``, else null."""
    return values.set(pl.Series(~keep), None)
