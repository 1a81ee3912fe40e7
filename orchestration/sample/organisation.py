"""Feeds of the organisation: units, staff, products."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl

from orchestration.sample.lives import HANDOVER_FROM, HANDOVER_PERIOD
from orchestration.sample.operator import Operator, Tables


class Organisation:
    """Units, staff and products of every month."""

    feeds: ClassVar[tuple[str, ...]] = (
        "hr.org_unit",
        "hr.staff",
        "boss.product",
    )

    def __init__(self, operator: Operator) -> None:
        self.span, self.places = operator.span, operator.places

    def of_month(self, t: int) -> Tables:
        yield "hr.org_unit", self._org_units()
        yield "hr.staff", self._staff(t)
        yield "boss.product", self._products()

    def truth(self) -> dict[str, Any]:
        return {}

    def _org_units(self) -> pl.DataFrame:
        keep = ("org_unit_id", "parent_id", "level", "org_unit_name", "org_unit_name_en")
        units = self.places.units
        columns: dict[str, list[object]] = {k: [u[k] or None for u in units] for k in keep}
        return pl.DataFrame({**columns, "sort_no": [int(u["sort_no"]) for u in units]})

    def _staff(self, t: int) -> pl.DataFrame:
        staff = self.places.staff
        left = self.places.manager_ids[HANDOVER_FROM]
        gone = self.span[t].period >= HANDOVER_PERIOD
        return pl.DataFrame(
            {
                "staff_id": [p.staff_id for p in staff],
                "staff_name": [p.name for p in staff],
                "staff_name_en": [p.name_en for p in staff],
                "post": [p.post for p in staff],
                "org_unit_id": [p.org_unit_id for p in staff],
                "hired_on": pl.Series([p.hired_on for p in staff]).str.to_date(),
                "is_active": [not (gone and p.staff_id == left) for p in staff],
            }
        )

    def _products(self) -> pl.DataFrame:
        rows = self.places.products
        text = ("product_id", "product_name", "product_name_en", "product_family")
        return pl.DataFrame(
            {
                **{k: [r[k] for r in rows] for k in text},
                "is_new_business": [r["is_new_business"] == "true" for r in rows],
                "list_fee_amt": [int(r["list_fee_amt"].replace(".", "")) for r in rows],
            }
        )
