"""A hash of everything that decides what dbt builds from the same extracts.

Published months were made with some version of the models and rule tables. When these change,
every month has to be processed again, or history and present would follow different rules.
"""

from __future__ import annotations

import hashlib
from typing import Any

import psycopg

from orchestration.dbt_folder import source_files
from orchestration.settings import Settings

_NAME = "models:{}"


def fingerprint(settings: Settings) -> str:
    """Hash of the dbt project, its macros and the rule tables of this installation.

    Names count as well as contents; what only documents (``.md``) does not.
    """
    digest = hashlib.sha256()
    for label, path in source_files(settings):
        if path.suffix == ".md":
            continue
        digest.update(f"{label}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def is_unchanged(warehouse: psycopg.Connection[Any], mart: str, value: str) -> bool:
    """Whether the published months of ``mart`` were made with this fingerprint."""
    row = warehouse.execute(
        "select value from ops.fingerprint where name = %s", [_NAME.format(mart)]
    ).fetchone()  # fmt: skip
    return bool(row and row[0] == value)


def note(warehouse: psycopg.Connection[Any], mart: str, value: str) -> None:
    """Remember that all published months of ``mart`` were made with it. The caller commits."""
    warehouse.execute(
        "insert into ops.fingerprint (name, value) values (%s, %s)"
        " on conflict (name) do update set value = excluded.value, noted_at = now()",
        [_NAME.format(mart), value],
    )
