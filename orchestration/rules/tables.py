"""The rule tables as the seeds' YAML describes them: columns, types, meaning, invariants."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.dbt_folder import STANDARD
from orchestration.errors import TelmartError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HAS_SEEDS = re.compile(r"^seeds:", re.MULTILINE)


@dataclass(frozen=True)
class Invariant:
    """A dbt test of a table or of one of its columns.

    Attributes:
        test: its name, like ``no_overlap``.
        arguments: as in the YAML; a test of a column has the column as ``column_name``.
    """

    test: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class RuleTable:
    """One seed.

    Attributes:
        types: SQL type by column, in the order of the YAML.
        columns: description by column, where there is one.
        described_in: the YAML file.
        may_be_empty: there is nothing to say in it for an operator to whom none of it happened.
    """

    name: str
    description: str
    label_zh: str
    requirements: tuple[str, ...]
    types: Mapping[str, str]
    columns: Mapping[str, str]
    invariants: tuple[Invariant, ...]
    described_in: Path
    may_be_empty: bool = False

    @property
    def key(self) -> str:
        """The column that names a row: the first that must be unique, else the first."""
        for invariant in self.invariants:
            if invariant.test == "unique":
                return str(invariant.arguments["column_name"])
        return next(iter(self.types))


def rule_tables(folder: Path = STANDARD / "models") -> dict[str, RuleTable]:
    """Every seed that a YAML file below ``folder`` describes, by name.

    Raises:
        TelmartError: a seed without ``column_types`` for its columns.
    """
    return dict(_read(folder))


@functools.cache
def _read(folder: Path) -> Mapping[str, RuleTable]:
    found: dict[str, RuleTable] = {}
    for path in sorted(folder.rglob("*.yml")):
        text = path.read_text(encoding="utf-8")
        if _HAS_SEEDS.search(text):
            document = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader, in C
            for seed in document["seeds"]:
                found[seed["name"]] = _table(seed, path)
    return found


def _table(seed: Mapping[str, Any], path: Path) -> RuleTable:
    config = seed.get("config") or {}
    types = config.get("column_types")
    if not types:
        raise TelmartError(
            f"{path}: seed {seed['name']} states no column_types, so its CSV cannot be judged.",
            "Give every column of the CSV a type there.",
        )
    meta = config.get("meta") or {}
    columns = {c["name"]: c.get("description", "").strip() for c in seed.get("columns", [])}
    tests = [_invariant(test, {}) for test in seed.get("data_tests", [])]
    for column in seed.get("columns", []):
        named = {"column_name": column["name"]}
        tests += [_invariant(test, named) for test in column.get("data_tests", [])]
    return RuleTable(
        name=seed["name"],
        description=" ".join(str(seed.get("description", "")).split()),
        label_zh=meta.get("label_zh", ""),
        requirements=tuple(meta.get("requirements", ())),
        types=types,
        columns={name: " ".join(text.split()) for name, text in columns.items() if text},
        invariants=tuple(tests),
        described_in=path,
        may_be_empty=bool(meta.get("may_be_empty", False)),
    )


def _invariant(test: str | Mapping[str, Any], extra: Mapping[str, Any]) -> Invariant:
    if isinstance(test, str):
        return Invariant(test, dict(extra))
    [(name, body)] = test.items()
    return Invariant(name, {**(body or {}).get("arguments", {}), **extra})
