"""What each customer is offered next and what came of it, again from the definitions (R034)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import polars as pl

from tests.metrics.customer_value.care import NEEDS, Care
from tests.metrics.customer_value.falls import rounded
from tests.metrics.customer_value.groups import KEY, MONTH_END
from tests.metrics.customer_value.scores import Row
from tests.metrics.rule_tables import add_months

#: which of the factors that give as much is named as the reason
FACTORS = ("own_need", "segment_need", "peers")
NO_NEEDS = dict.fromkeys(NEEDS, 0)


def share(part: int, whole: int) -> Fraction:
    """A part of a whole as it is stored; of nothing there is no part."""
    return rounded(Fraction(part, whole), 8) if whole else Fraction(0)


class Offers(Care):
    """The next offer of ``mart_customer_value__group_month``."""

    @cached_property
    def in_hand(self) -> dict[date, dict[str, dict[str, bool]]]:
        """By month, customer and product: whether it is in use; False for one given up."""
        found: dict[date, dict[str, dict[str, bool]]] = {month: {} for month in self.months}
        in_use = (pl.col("started_on") <= MONTH_END) & (
            pl.col("ended_on").is_null() | (pl.col("ended_on") > MONTH_END)
        )
        rows = self.feeds["crm.product_instance"].select(*KEY, "product_id", in_use.alias("now"))
        for month, group, product, now in rows.iter_rows():
            products = found[month].setdefault(group, {})
            products[product] = products.get(product, False) or now
        return found

    @cached_property
    def candidates(self) -> dict[date, dict[str, list[Row]]]:
        """What each active customer could be offered, the best first."""
        return {month: dict(self._candidates_of(month)) for month in self.months}

    def _candidates_of(self, month: date) -> Iterator[tuple[str, list[Row]]]:
        catalogue = [
            (row["product_id"], row["product_class"], row["industry_code"])
            for row in self.feeds["crm.group_product"]
            .filter(pl.col("stat_month") == month)
            .iter_rows(named=True)
        ]
        answers = defaultdict(list)
        for rule in self.valid("next_offer_need", month):
            answers[rule["product_class"]].append(rule["need_type"])
        customers = self.parts.filter((pl.col("stat_month") == month) & pl.col("is_active")).select(
            "group_id", "industry_code", pl.col("size_band", "size_segment").fill_null("-")
        )
        rows = self.needs.filter(pl.col("stat_month") == month)
        unmet = {
            row["group_id"]: {kind: row[f"unmet_{kind}_cnt"] for kind in NEEDS}
            for row in rows.iter_rows(named=True)
        }
        back = int(float(self.parameters("customer_value_rule", month)["need_watch_months"]))
        heard: dict[str, list[str]] = defaultdict(list)
        window = pl.col("stat_month").is_between(add_months(month, 1 - back), month)
        for group, kind in self.heard.filter(window).select("group_id", "need_type").iter_rows():
            heard[group].append(kind)
        in_hand = self.in_hand[month]
        asked: dict[str, Counter[str]] = defaultdict(Counter)
        peers: Counter[tuple[str, str]] = Counter()
        users: Counter[tuple[str, str]] = Counter()
        for group, industry, band, segment in customers.iter_rows():
            asked[segment].update(heard[group])
            for product, _, made_for in catalogue:
                if made_for in (None, industry):
                    peers[band, product] += 1
                    users[band, product] += in_hand.get(group, {}).get(product, False)
        for group, industry, band, segment in customers.iter_rows():
            own = unmet.get(group, NO_NEEDS)
            found = []
            for product, product_class, made_for in catalogue:
                if made_for not in (None, industry) or product in in_hand.get(group, {}):
                    continue
                pairs = []
                for kind in answers[product_class]:
                    shares = {
                        "own_need": share(own[kind], sum(own[k] for k in NEEDS)),
                        "segment_need": share(asked[segment][kind], asked[segment].total()),
                        "peers": share(users[band, product], peers[band, product]),
                    }
                    row = self._scored(month, shares)
                    row |= {
                        "product_id": product,
                        "need": kind,
                        "own_need_cnt": own[kind],
                        "segment_need_share": float(shares["segment_need"]),
                        "peer_cnt": peers[band, product],
                        "peer_user_cnt": users[band, product],
                    }
                    pairs.append(row)
                if pairs:
                    found.append(min(pairs, key=lambda row: (-row["exact"], row["need"])))
            found.sort(key=lambda row: (-row["exact"], -row["peer_user_cnt"], row["product_id"]))
            if found:
                yield group, found

    def _scored(self, month: date, shares: dict[str, Fraction]) -> Row:
        """The score, and the factor that gives most of it."""
        rules = self.valid("next_offer_weight", month)
        points = {r["factor"]: 100 * Fraction(r["weight"]) * shares[r["factor"]] for r in rules}
        exact = rounded(sum(points.values(), Fraction(0)), 8)
        most = max(FACTORS, key=lambda factor: points[factor])
        since = max(date.fromisoformat(r["valid_from"]) for r in rules)
        return {"exact": exact, "score": float(exact), "reason": most, "rules_from": since}

    @cached_property
    def offers(self) -> pl.DataFrame:
        """The offer of each customer, and whether that of the month before was taken up."""
        names = self.feeds["boss.product"].select(
            "stat_month", pl.col("product_id").alias("next_offer_product_id"),
            pl.col("product_name").alias("next_offer_product_name"),
            pl.col("product_name_en").alias("next_offer_product_name_en"),
        )  # fmt: skip
        rows = []
        for month, customers in self.candidates.items():
            for group, found in customers.items():
                best = found[0]
                if best["exact"] > 0:
                    shown = {f"next_offer_{k}": v for k, v in best.items() if k != "exact"}
                    rows.append({"stat_month": month, "group_id": group, **shown})
        wording = {"next_offer_reason": "next_offer_reason", "next_offer_need": "need_type"}
        return self._named(pl.DataFrame(rows), **wording).join(
            names, on=["stat_month", "next_offer_product_id"], how="left"
        )

    @cached_property
    def followed(self) -> pl.DataFrame:
        """Offers of the month before: taken up or not, and what a draw by lot would have met."""
        rows = []
        for before, month in pairwise(self.months):
            for group, found in self.candidates[before].items():
                if found[0]["exact"] > 0:
                    now = self.in_hand[month].get(group, {})
                    taken = [now.get(row["product_id"], False) for row in found]
                    lot = float(share(sum(taken), len(taken)))
                    rows.append((month, group, 1, int(taken[0]), lot))
        columns = ("followed_cnt", "taken_cnt", "lot_cnt")
        schema = [*KEY, *(f"next_offer_{name}" for name in columns)]
        return pl.DataFrame(rows, schema=schema, orient="row")

    @cached_property
    def group_month(self) -> pl.DataFrame:
        """All columns of the mart."""
        came_of_it = pl.col("^next_offer_(followed|taken|lot)_cnt$").fill_null(0)
        return (
            super()
            .group_month.join(self.offers, on=KEY, how="left")
            .join(self.followed, on=KEY, how="left")
            .with_columns(came_of_it)
        )
