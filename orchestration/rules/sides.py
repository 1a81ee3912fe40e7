"""The two states of the rules that are compared: files, a commit, or what the warehouse holds."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from orchestration.errors import TelmartError
from orchestration.rules.checking import check, check_files, files_in_force, proposed
from orchestration.rules.reading import Content, Row
from orchestration.rules.tables import rule_tables
from orchestration.settings import Settings


@dataclass(frozen=True)
class Side:
    """Rules at one state.

    Attributes:
        label: for people.
        contents: every table by name.
    """

    label: str
    contents: Mapping[str, Content]


def new_side(settings: Settings, paths: list[Path]) -> Side:
    """The rules in force or, in their place, the proposed ones.

    Raises:
        TelmartError: they have faults.
    """
    report = check(settings, paths)
    _refuse_faults("new", report.faults)
    label = ", ".join(str(path) for path in paths) if paths else "the CSV files in force"
    return Side(label, report.contents)


def old_side(settings: Settings, against: str) -> Side:
    """The rules in force with those of a file, a folder or a commit in place of theirs.

    Raises:
        TelmartError: ``against`` is none of the three, or its rules cannot be read today.
    """
    in_force = files_in_force(settings)
    if Path(against).exists():
        report = check_files(in_force | proposed([Path(against)], in_force))
        _refuse_faults("old", report.faults)
        return Side(against, report.contents)
    with tempfile.TemporaryDirectory(prefix="telmart-rules-") as name:
        files = _from_git(in_force, against, Path(name))
        report = check_files(files)
    # a table that did not exist then has no rows; that is no fault of what did
    _refuse_faults("old", [f for f in report.faults if f.table in files])
    return Side(f"commit {against}", {name: report.contents[name] for name in files})


def warehouse_side(warehouse: psycopg.Connection[Any]) -> Side:
    """The rules that the warehouse was last built with. Tables it does not have yet are left out.

    Raises:
        TelmartError: it has none, or they have other columns than today's.
    """
    there = {
        name
        for (name,) in warehouse.execute(
            "select tablename from pg_tables where schemaname = 'reference'"
        )
    }
    contents = {
        name: Content(table, f"reference.{name}", rows=_rows(warehouse, name, list(table.types)))
        for name, table in rule_tables().items()
        if name in there
    }
    if not contents:
        raise TelmartError(
            "The warehouse holds no rules yet, so there are no results to compare.",
            "Load and build first: `telmart run`.",
        )
    return Side("what the warehouse was last built with", contents)


def _rows(warehouse: psycopg.Connection[Any], name: str, columns: list[str]) -> list[Row]:
    query = sql.SQL("select {} from reference.{}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(name)
    )
    try:
        with warehouse.transaction():
            found = warehouse.execute(query).fetchall()
    except psycopg.errors.UndefinedColumn as error:
        raise TelmartError(
            f"The warehouse was built with another form of {name}: {error.diag.message_primary}.",
            "Accept the new form with `telmart run` first, or name the old rules with --against.",
        ) from error
    return [Row(0, dict(zip(columns, values, strict=True))) for values in found]


def _from_git(in_force: Mapping[str, Path], ref: str, folder: Path) -> dict[str, Path]:
    """The files as ``ref`` has them, written to ``folder``; those it does not have are left out.

    An operator's tables and ours may be in two repositories: where the ref is unknown, the file in
    force stands.
    """
    known = {place: _knows(place, ref) for place in {p.resolve().parent for p in in_force.values()}}
    if not any(known.values()):
        raise TelmartError(
            f"{ref!r} is no file, no folder, and no commit of the repository that holds"
            f" {', '.join(sorted(str(place) for place in known))}.",
            "Name a CSV file, a folder of them, or a commit or branch like HEAD~1.",
        )
    found: dict[str, Path] = {}
    for name, path in in_force.items():
        place = path.resolve()
        if not known[place.parent]:
            found[name] = path
            continue
        content = _git(place.parent, "show", f"{ref}:./{place.name}")
        if content.returncode == 0:
            found[name] = folder / place.name
            found[name].write_bytes(content.stdout)
    return found


def _knows(folder: Path, ref: str) -> bool:
    done = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    return done.returncode == 0


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True,
                              check=False)  # fmt: skip
    except FileNotFoundError:
        raise TelmartError(
            "git is not installed, so no commit can be compared with.",
            "Name a CSV file or a folder of them with --against.",
        ) from None


def _refuse_faults(which: str, faults: Any) -> None:
    if faults:
        listed = "\n".join(str(fault) for fault in faults[:5])
        more = f"\n… and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise TelmartError(
            f"The {which} rules have faults, so nothing was compared:\n{listed}{more}",
            "`telmart rules check` lists all of those in force; `telmart rules check FILE` those"
            " of a file.",
        )
