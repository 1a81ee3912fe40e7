"""What subscribers do and pay in a month: usage, bill, recharges. All amounts are whole hundredths.

Whole hundredths (cents, hundredths of a minute or of a megabyte), so that totals are exact and a
bill equals its fees less the discount to the cent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.sample.calendar import Month
from orchestration.sample.lives import SUSPENDED, Lives
from orchestration.sample.population import Population, day_number

Columns = dict[str, np.ndarray]

TARIFF_FEES = np.array([8, 18, 38, 58, 88, 128, 188, 288])
VAS_FEES = np.array([0, 0, 0, 3, 5, 6, 10, 15, 20, 30])
RECHARGES = np.array([10, 20, 30, 50, 100, 200, 300, 500])
#: median monthly value (yuan) and its spread on the logarithmic scale
MEDIAN_VALUE, SPREAD = 66.0, 0.66
#: share of value left with 0, 1, 2, 3 months to go, for those who fade before leaving
FADE_LEFT = np.array([0.18, 0.34, 0.58, 0.8])


@dataclass
class Behaviour:
    """Draws the behaviour of the population month by month (months in order, each once).

    ``silent`` marks numbers that nobody uses: opened for the commission, they cost their rental.
    """

    seed: int
    people: Population
    lives: Lives
    span: list[Month]
    block: int

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed, 4, self.block])
        n = len(self.people)
        self.mood = 0.2 * rng.standard_normal(n)
        self.offnet = rng.beta(4, 7, n)
        self.distance = rng.beta(2, 8, n)
        self.travels = rng.beta(1, 9, n)
        self.returns_calls = np.exp(0.25 * rng.standard_normal(n))
        self.uses_forwarding = rng.random(n) < 0.15
        self.keen = rng.beta(9, 2, n)
        # some spend in surges (travel, downloads): the unstable group is found among them
        self.surges = rng.random(n) < 0.12
        self.value = MEDIAN_VALUE * np.exp(SPREAD * self.people.worth)
        self.plan = np.searchsorted(TARIFF_FEES, 0.5 * self.value, side="right").clip(1) - 1
        self.subscribed = self._vas(rng, self.people.vas)
        self.silent = np.zeros(n, bool)

    @staticmethod
    def _vas(rng: np.random.Generator, taste: np.ndarray) -> np.ndarray:
        """Yuan of value-added services subscribed to, by taste."""
        place = (5.0 + 2.2 * taste + 1.2 * rng.standard_normal(len(taste))).astype(np.int64)
        return VAS_FEES[place.clip(0, len(VAS_FEES) - 1)]

    def month(self, t: int) -> tuple[np.ndarray, Columns, Columns, Columns]:
        """Month ``t``: positions of those on net, their usage, their bills; and all recharges."""
        rng = np.random.default_rng([self.seed, 5, t, self.block])
        n = len(self.people)
        self.mood = 0.6 * self.mood + 0.14 * rng.standard_normal(n)
        changes = rng.random(n) < 0.05
        self.subscribed = np.where(changes, self._vas(rng, self.people.vas), self.subscribed)
        left = self._left(t, rng)
        everyone = {
            "left": left,
            "served": (self.lives.until[:, t] - self.lives.since[:, t] + 1).clip(0),
        }
        here = np.flatnonzero(self.lives.present[:, t])
        usage = self._usage(t, here, everyone, rng)
        bill = self._bill(t, here, everyone, usage, rng)
        recharges = self._recharges(t, here, bill, left[here], rng)
        return here, *_silence(self.silent, here, usage, bill, recharges)

    def _left(self, t: int, rng: np.random.Generator) -> np.ndarray:
        """Share of ordinary spending: falls for those who fade or lose value, dips now and then."""
        fading = self.lives.fading[:, t]
        left = np.where(fading >= 0, FADE_LEFT[fading.clip(0, 3)], 1.0)
        left = np.where(fading >= 0, left * np.exp(0.15 * rng.standard_normal(len(left))), left)
        dip = rng.random(len(left)) < 0.02
        left = np.where(dip, left * rng.uniform(0.45, 0.85, len(left)), left)
        return (left * (1 - self.lives.loses[:, t])).clip(0.03, 1.2)

    def _usage(
        self, t: int, here: np.ndarray, everyone: Columns, rng: np.random.Generator
    ) -> Columns:
        month, people, k = self.span[t], self.people, len(here)
        served = everyone["served"][here]
        part = served / month.days
        left = everyone["left"][here]
        festival, holiday = month.festival, month.holiday
        length = month.days / 30.4
        mood = self.mood[here]
        out = np.exp(4.72 + 0.62 * people.voice[here] + mood)
        out = out * left * part * length * (1 - 0.16 * festival)
        growth = 1.008**t
        data = np.exp(8.1 + 0.85 * people.data[here] + 1.2 * mood)
        data = data * left**0.8 * part * length * growth * (1 + 0.3 * festival + 0.06 * holiday)
        drift = np.where(self.lives.fading[here, t] >= 0, 0.22, 0.0)
        offnet = (self.offnet[here] + drift + 0.04 * rng.standard_normal(k)).clip(0.02, 0.95)
        roams = rng.random(k) < 0.25 + 0.3 * festival + 0.1 * holiday
        roaming = self.travels[here] * (1 + 2.5 * festival + 0.5 * holiday) * roams
        forwarding = np.where(self.uses_forwarding[here], rng.poisson(1.6, k), 0)
        jump = self.lives.forwards[here, t] * rng.poisson(22, k)
        odd = (rng.random(k) < 0.0008) * rng.poisson(14, k)
        keen = (self.keen[here] * left**0.25).clip(0.02, 0.995)
        voice_out = hundredths(out)
        return {
            "voice_out_min": voice_out,
            "voice_in_min": hundredths(out * self.returns_calls[here] * (1 + 0.05 * festival)),
            "voice_offnet_min": (voice_out * offnet).astype(np.int64),
            "voice_long_distance_min": (voice_out * self.distance[here]).astype(np.int64),
            "voice_roaming_min": (voice_out * roaming.clip(0, 0.9)).astype(np.int64),
            "sms_cnt": rng.poisson((3 + 18 * festival) * part * left + 0.01),
            "data_mb": hundredths(data),
            "call_forward_cnt": np.where(served > 0, forwarding + jump + odd, 0),
            "active_days": rng.binomial(served.astype(np.int64), keen),
        }

    def _bill(
        self,
        t: int,
        here: np.ndarray,
        everyone: Columns,
        usage: Columns,
        rng: np.random.Generator,
    ) -> Columns:
        people, k = self.people, len(here)
        served = everyone["served"][here]
        part = served / self.span[t].days
        left = everyone["left"][here]
        steps = (left < 0.72).astype(np.int64) + (left < 0.5) + (left < 0.3)
        rental = TARIFF_FEES[(self.plan[here] - steps).clip(0)] * 100
        prorated = (rental * np.maximum(part, 0.25)).astype(np.int64)
        rental = np.where(part < 1, prorated, rental)
        ordinary_out = np.exp(4.72 + 0.62 * people.voice[here]) * 100
        ordinary_data = np.exp(8.1 + 0.85 * people.data[here]) * 100
        value = self.value[here]
        voice = value * 0.26 * (usage["voice_out_min"] / ordinary_out)
        voice = voice + usage["voice_roaming_min"] / 100 * 0.25
        data = value * 0.2 * np.minimum(usage["data_mb"] / ordinary_data, 4.0)
        surge = self.surges[here] & (rng.random(k) < 0.35)
        data = data + surge * value * rng.uniform(0.3, 1.3, k) * left
        vas = np.where(served > 0, self.subscribed[here], 0) * 100
        vas = np.where(left < 0.5, vas // 2, vas)
        other = np.where(rng.random(k) < 0.06, rng.integers(1, 31, k) * 100, 0)
        bound = self.lives.bound[here, t]
        rebate = np.where(bound, rng.uniform(0.05, 0.15, k), 0.02 * rng.random(k))
        bill = {
            "rental_fee_amt": rental,
            "voice_fee_amt": hundredths(voice),
            "data_fee_amt": hundredths(data),
            "vas_fee_amt": vas,
            "other_fee_amt": other,
        }
        fees = sum(bill.values(), np.zeros(k, np.int64))
        # a wrong bill of an earlier month is put right now and then: more is given back than owed
        correction = (rng.random(k) < 0.0005) * rng.integers(500, 4000, k)
        bill["discount_amt"] = np.where(
            correction > 0, fees + correction, (rental * rebate).astype(np.int64)
        )
        bill["billed_amt"] = fees - bill["discount_amt"]
        owes = self.lives.status[here, t] == SUSPENDED
        unpaid = np.where(owes, rng.uniform(1.0, 2.5, k), (rng.random(k) < 0.03) * rng.random(k))
        typical = np.maximum(bill["billed_amt"], 800)
        bill["arrears_amt"] = (typical * unpaid).astype(np.int64)
        return bill

    def _recharges(
        self,
        t: int,
        here: np.ndarray,
        bill: Columns,
        left: np.ndarray,
        rng: np.random.Generator,
    ) -> Columns:
        """Recharges of the month, in the order of time: about what is billed, in round amounts."""
        since, until = self.lives.since[here, t], self.lives.until[here, t]
        served = (until - since + 1).clip(0)
        often = np.where(served > 0, 1.05 * left * np.sqrt(served / self.span[t].days), 0)
        times = rng.poisson(often)
        who = np.repeat(np.arange(len(here)), times)
        worth = np.maximum(self.value[here][who], bill["billed_amt"][who] / 100)
        worth = worth * np.exp(0.35 * rng.standard_normal(len(who)))
        middle = (RECHARGES[1:] + RECHARGES[:-1]) / 2
        amount = RECHARGES[np.searchsorted(middle, worth)] * 100
        day = since[who] + (rng.random(len(who)) * served[who]).astype(np.int64)
        # on the last day of service nobody recharges after leaving: mornings only
        second = (day_number(self.span[t].first) + day - 1) * 86400
        second = second + rng.integers(6 * 3600, 9 * 3600, len(who))
        order = np.lexsort((who, second))
        return {
            "who": here[who][order],
            "second": second[order],
            "recharge_amt": amount[order],
            "channel": rng.choice(5, size=len(who), p=[0.12, 0.2, 0.45, 0.18, 0.05])[order],
        }


def _silence(
    silent: np.ndarray, here: np.ndarray, usage: Columns, bill: Columns, recharges: Columns
) -> tuple[Columns, Columns, Columns]:
    """The same without usage, fees and recharges of the ``silent``, except their rental."""
    loud = ~silent[here]
    usage = {k: v * loud for k, v in usage.items()}
    bill = {k: v if k == "rental_fee_amt" else v * loud for k, v in bill.items()}
    bill["billed_amt"] = np.where(loud, bill["billed_amt"], bill["rental_fee_amt"])
    kept = ~silent[recharges["who"]]
    return usage, bill, {k: v[kept] for k, v in recharges.items()}


def hundredths(values: np.ndarray) -> np.ndarray:
    """Whole hundredths of ``values``."""
    return np.rint(values * 100).astype(np.int64)
