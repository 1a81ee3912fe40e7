"""Feeds of the organisation: units, staff, products."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl

from orchestration.sample.lives import HANDOVER_FROM, HANDOVER_PERIOD
from orchestration.sample.operator import Operator, Tables

#: first month in which an area of the first city belongs to another county of it (划转)
MOVES_IN = "2026-07"


class Organisation:
    """Units, staff and products of every month."""

    feeds: ClassVar[tuple[str, ...]] = (
        "hr.org_unit",
        "hr.staff",
        "boss.product",
    )

    def __init__(self, operator: Operator) -> None:
        self.span, self.places = operator.span, operator.places
        self.move = _move(operator.places.units)

    def of_month(self, t: int) -> Tables:
        yield "hr.org_unit", self._org_units(t)
        yield "hr.staff", self._staff(t)
        yield "boss.product", self._products()

    def truth(self) -> dict[str, Any]:
        """``area_moved``: the area that was put under another county, and from when on."""
        if not self.move or self.span[-1].period < MOVES_IN:
            return {}
        area, old, new = self.move
        return {
            "area_moved": {"area_id": area, "from_id": old, "to_id": new, "from_period": MOVES_IN}
        }

    def _org_units(self, t: int) -> pl.DataFrame:
        keep = ("org_unit_id", "parent_id", "level", "org_unit_name", "org_unit_name_en")
        units = self.places.units
        if self.move and self.span[t].period >= MOVES_IN:
            area, _, new = self.move
            units = [{**u, "parent_id": new} if u["org_unit_id"] == area else u for u in units]
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


def _move(units: list[dict[str, str]]) -> tuple[str, str, str] | None:
    """The last area of the first city's second county, that county, and the city's last county.

    None where the organisation is too small to give an area away. Targets and whoever looks after
    the area stay as they were: the year was planned with the old organisation.
    """
    city = next(u["org_unit_id"] for u in units if u["level"] == "city")
    counties = [u["org_unit_id"] for u in units if u["parent_id"] == city]
    if len(counties) < 3:
        return None
    old, new = counties[1], counties[-1]
    areas = [u["org_unit_id"] for u in units if u["parent_id"] == old]
    return (areas[-1], old, new) if len(areas) > 1 else None
