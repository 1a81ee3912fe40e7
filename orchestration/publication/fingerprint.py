"""A hash of everything that decides what dbt builds from the same extracts.

Published months were made with some version of the models and rule tables. When these change,
every month has to be processed again, or history and present would follow different rules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from orchestration.settings import ROOT, Settings

_NAME = "models"
_SUFFIXES = frozenset({".sql", ".yml", ".yaml", ".csv"})
#: made by dbt in the project folder where somebody runs it by hand
_NOT_SOURCE = frozenset({"target", "logs", "dbt_packages"})


def fingerprint(settings: Settings) -> str:
    """Hash of the dbt project, its macros and the rule tables of this installation.

    Names count as well as contents; what only documents (``.md``) does not.
    """
    digest = hashlib.sha256()
    for label, path in _sources(settings):
        digest.update(f"{label}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def is_unchanged(warehouse: psycopg.Connection[Any], value: str) -> bool:
    """Whether the published months were made with this fingerprint."""
    row = warehouse.execute(
        "select value from ops.fingerprint where name = %s", [_NAME]
    ).fetchone()  # fmt: skip
    return bool(row and row[0] == value)


def note(warehouse: psycopg.Connection[Any], value: str) -> None:
    """Remember that all published months were made with this fingerprint. The caller commits."""
    warehouse.execute(
        "insert into ops.fingerprint (name, value) values (%s, %s)"
        " on conflict (name) do update set value = excluded.value, noted_at = now()",
        [_NAME, value],
    )


def _sources(settings: Settings) -> Iterator[tuple[str, Path]]:
    rules = (settings.operator or ROOT / "seeds") / "reference"
    folders = {"project": ROOT / "dbt_project", "codes": ROOT / "seeds/codes", "rules": rules}
    if settings.operator:
        folders["operator"] = settings.operator / "dbt"
    for label, folder in folders.items():
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.suffix in _SUFFIXES and not _NOT_SOURCE & set(inside.parts):
                yield f"{label}/{inside.as_posix()}", path
