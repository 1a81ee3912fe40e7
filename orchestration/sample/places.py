"""The fictional operator's organisation, staff and products, read from ``seeds/sample``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from orchestration.sample.lists import rows
from orchestration.sample.scale import Tree
from orchestration.sample.tree import grow_tree

#: staff numbers of account managers start here; so many per area, one more in the largest areas
FIRST_ACCOUNT_MANAGER = 1001
MANAGERS_PER_AREA = 2
EXTRA_ACCOUNT_MANAGERS = 4


@dataclass(frozen=True)
class Person:
    """A member of staff."""

    staff_id: str
    name: str
    name_en: str
    post: str
    org_unit_id: str
    hired_on: str


@dataclass(frozen=True)
class Places:
    """Organisation, staff, products; areas and account managers are referred to by position.

    ``manager_area[k]`` is the position of the area of account manager ``k``; ``churn_factor`` and
    ``weight`` belong to areas (how fast customers leave, how many live there).
    """

    units: list[dict[str, str]]
    area_ids: list[str]
    county_of: np.ndarray
    weight: np.ndarray
    churn_factor: np.ndarray
    staff: list[Person]
    manager_ids: list[str]
    manager_area: np.ndarray
    products: list[dict[str, str]]


def read_places(seed: int, tree: Tree | None = None) -> Places:
    """The organisation of the lists, or one put together as ``tree`` says; and its staff, whose
    names are drawn with ``seed``.
    """
    rng = np.random.default_rng([seed, 1])
    units = grow_tree(seed, tree) if tree else rows("org_units")
    areas = [u for u in units if u["level"] == "area"]
    counties = sorted({a["parent_id"] for a in areas})
    weight = np.array([float(a["population_weight"]) for a in areas])

    team = tree.managers_per_area if tree else MANAGERS_PER_AREA
    per_area = [i for i in range(len(areas)) for _ in range(team)]
    largest = np.argsort(-weight, kind="stable")[:EXTRA_ACCOUNT_MANAGERS]
    manager_area = np.array(per_area + sorted(int(i) for i in largest))
    manager_ids = [f"E{FIRST_ACCOUNT_MANAGER + k}" for k in range(len(manager_area))]

    return Places(
        units=units,
        area_ids=[a["org_unit_id"] for a in areas],
        county_of=np.array([counties.index(a["parent_id"]) for a in areas]),
        weight=weight / weight.sum(),
        churn_factor=np.array([float(a["churn_factor"]) for a in areas]),
        staff=_appoint(rng, units, manager_ids, manager_area),
        manager_ids=manager_ids,
        manager_area=manager_area,
        products=rows("products"),
    )


def _appoint(
    rng: np.random.Generator,
    units: list[dict[str, str]],
    manager_ids: list[str],
    manager_area: np.ndarray,
) -> list[Person]:
    """Personas first, then a manager of every city that has none, a channel manager per county and
    the account managers.
    """
    areas = [u["org_unit_id"] for u in units if u["level"] == "area"]
    counties = sorted(u["org_unit_id"] for u in units if u["level"] == "county")
    people = {p["staff_id"]: p for p in rows("people")}
    home = _homes(units)
    named = [
        Person(
            p["staff_id"],
            people[p["staff_id"]]["display_name"],
            people[p["staff_id"]]["display_name_en"],
            p["post"],
            home(p["org_unit_id"]),
            p["hired_on"],
        )
        for p in rows("persona_posts")
    ]
    surnames, given = rows("surnames"), rows("given_names")
    headed = {p.org_unit_id for p in named if p.post == "manager"}
    cities = [u["org_unit_id"] for u in units if u["level"] == "city"]
    posts = [(f"E{101 + i:04d}", "manager", c) for i, c in enumerate(cities) if c not in headed]
    posts += [(f"E{501 + i:04d}", "channel_manager", c) for i, c in enumerate(counties)]
    posts += [
        (staff_id, "account_manager", areas[int(a)])
        for staff_id, a in zip(manager_ids, manager_area, strict=True)
    ]
    for staff_id, post, unit in posts:
        s, g = surnames[rng.integers(len(surnames))], given[rng.integers(len(given))]
        hired = f"{2012 + rng.integers(12)}-{1 + rng.integers(12):02d}-{1 + rng.integers(28):02d}"
        name, name_en = s["name"] + g["name"], f"{s['name_en']} {g['name_en']}"
        if staff_id in people:
            name, name_en = people[staff_id]["display_name"], people[staff_id]["display_name_en"]
        named.append(Person(staff_id, name, name_en, post, unit, hired))
    return sorted(named, key=lambda p: p.staff_id)


def _homes(units: list[dict[str, str]]) -> Callable[[str], str]:
    """Where a persona works: in the unit of the list, or in the first of its level without one."""
    known = {u["org_unit_id"] for u in units}
    level = {u["org_unit_id"]: u["level"] for u in rows("org_units")}
    first = {u["level"]: u["org_unit_id"] for u in reversed(units)}
    return lambda unit: unit if unit in known else first[level[unit]]
