"""An organisation of any size, put together from ``seeds/sample/place_words.csv``.

Its units are numbered as in the demo (``LC01`` a city, ``LC0103`` a county, ``LC010302`` an area).
Names are pairs of words that no place is called after; an area is a part of its county.
"""

from __future__ import annotations

import numpy as np

from orchestration.sample.lists import rows
from orchestration.sample.scale import Tree

#: parts of a county: of a town and of the country
TOWN = [("东片区", "East"), ("西片区", "West"), ("新城片区", "New Town"), ("北片区", "North"),
        ("南片区", "South"), ("老城片区", "Old Town"), ("码头片区", "Wharf")]  # fmt: skip
COUNTRY = [("城关片区", "Town"), ("东乡片区", "East"), ("西乡片区", "West"), ("北乡片区", "North"),
           ("南乡片区", "South"), ("山里片区", "Hills"), ("河口片区", "Estuary")]  # fmt: skip
#: of the counties of a city, the share that are districts of the town
DISTRICTS = 0.4
#: where customers leave fastest: the third county of the second city, if there are two
WORST_COUNTY, WORST_CHURN = 3, 2.375
Unit = dict[str, str]


def grow_tree(seed: int, tree: Tree) -> list[Unit]:
    """Rows as in ``seeds/sample/org_units.csv``, from the top down."""
    rng = np.random.default_rng([seed, 6])
    names = _names(tree.cities * (tree.counties + 1))
    head = [u for u in rows("org_units") if u["level"] in {"hq", "province"}]
    province = head[-1]["org_unit_id"]
    worst = (min(2, tree.cities), WORST_COUNTY)
    units = list(head)
    for city in range(1, tree.cities + 1):
        name, english = names.pop(0)
        city_id = f"{province}{city:02d}"
        units.append(_unit(city_id, province, "city", (f"{name}市", f"{english} City"), city))
        usual = float(rng.uniform(0.75, 1.15))
        for county in range(1, tree.counties + 1):
            name, english = names.pop(0)
            is_town = county <= DISTRICTS * tree.counties
            kind = ("区", "District") if is_town else ("县", "County")
            county_id = f"{city_id}{county:02d}"
            called = (name + kind[0], f"{english} {kind[1]}")
            units.append(_unit(county_id, city_id, "county", called, county))
            churn = min(usual * float(rng.uniform(0.85, 1.2)), 1.3)
            churn = WORST_CHURN if (city, county) == worst else churn
            weight = (1.6 if is_town else 1.0) * float(rng.uniform(0.7, 1.3))
            parts = (TOWN if is_town else COUNTRY)[: _share(tree, county)]
            for area, (part, english_part) in enumerate(parts, 1):
                called = (name + part, f"{english} {english_part}")
                unit = _unit(f"{county_id}{area:02d}", county_id, "area", called, area)
                unit["population_weight"] = f"{weight * (1.4 if area == 1 else 1.0):.3f}"
                unit["churn_factor"] = f"{churn:.3f}"
                units.append(unit)
    return units


def _share(tree: Tree, county: int) -> int:
    """Areas of a county: as even as can be, the first counties have one more."""
    return tree.areas * county // tree.counties - tree.areas * (county - 1) // tree.counties


def _unit(unit_id: str, parent: str, level: str, called: tuple[str, str], number: int) -> Unit:
    return {
        "org_unit_id": unit_id,
        "parent_id": parent,
        "level": level,
        "org_unit_name": called[0],
        "org_unit_name_en": called[1],
        "sort_no": str(number),
        "population_weight": "",
        "churn_factor": "",
    }


def _names(count: int) -> list[tuple[str, str]]:
    """The first ``count`` names, Chinese and in letters; no two alike."""
    words = rows("place_words")
    heads, tails = ([w for w in words if w["part"] == part] for part in ("head", "tail"))
    # one step ahead in both lists each time; after a round of the longer one the other is shifted
    pairs = [
        (heads[i % len(heads)], tails[(i + i // len(heads)) % len(tails)])
        for i in range(len(heads) * len(tails))
    ]
    named = [(a["word"] + b["word"], (a["letters"] + b["letters"]).title()) for a, b in pairs]
    return list(dict.fromkeys(named))[:count]
