"""``telmart rules check``: the rule tables in force, or proposed, against types and invariants.

Nothing but the files is read, so it needs no warehouse and takes about a second.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.dbt_folder import CODES, reference_files
from orchestration.errors import TelmartError
from orchestration.rules.fault import Fault
from orchestration.rules.invariants import judge
from orchestration.rules.reading import Content, read
from orchestration.rules.tables import RuleTable, rule_tables
from orchestration.settings import ROOT, Settings

#: faults that the message of a refused refresh shows
_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Report:
    """What a check found.

    Attributes:
        contents: every table that was read, by name.
        faults: by file and line.
        left_to_dbt: "table: test" of invariants that only dbt can judge, in the warehouse.
    """

    contents: Mapping[str, Content]
    faults: Sequence[Fault]
    left_to_dbt: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "sound": not self.faults,
            "tables": [
                {"table": c.table.name, "file": c.file, "rows": len(c.rows)}
                for c in self.contents.values()
            ],
            "faults": [fault.as_dict() for fault in self.faults],
            "left_to_dbt": list(self.left_to_dbt),
        }


def files_in_force(settings: Settings) -> dict[str, Path]:
    """CSV by table: the codes, and the rule tables (the operator's own where it has one)."""
    found = {path.stem: path for path in sorted(CODES.glob("*.csv"))}
    found.update({Path(n).stem: path for n, path in sorted(reference_files(settings).items())})
    return found


def proposed(paths: Sequence[Path], known: Mapping[str, Path]) -> dict[str, Path]:
    """CSV by table of proposed files and folders, to take the place of those in force.

    Raises:
        TelmartError: a path is missing, or a file is not named like a rule table.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(path.glob("*.csv"))
        elif path.is_file():
            files.append(path)
        else:
            raise TelmartError(f"{path} is not there.", "Name a CSV file or a folder of them.")
    for path in files:
        if path.stem not in known:
            near = difflib.get_close_matches(path.stem, known, n=1)
            meant = f"Did you mean {near[0]}.csv? " if near else ""
            raise TelmartError(
                f"{path} is not named like a rule table, so it would change nothing.",
                f"{meant}Rule tables: {', '.join(sorted(known))}.",
            )
    if paths and not files:
        raise TelmartError(
            f"There is no CSV in {', '.join(str(p) for p in paths)}.", "Name another folder."
        )
    return {path.stem: path for path in files}


def check(settings: Settings, paths: Sequence[Path] = ()) -> Report:
    """Judge the rule tables in force, those of ``paths`` in place of the ones named alike.

    Raises:
        TelmartError: the operator's folder or ``paths`` hold a file that is no rule table.
    """
    files = files_in_force(settings)
    return check_files(files | proposed(paths, files))


def check_files(files: Mapping[str, Path]) -> Report:
    """Judge these CSV files, by table."""
    tables = rule_tables()
    contents = {
        name: read(tables[name], path, _name(path)) if name in tables else _undescribed(name, path)
        for name, path in files.items()
    }
    left: list[str] = []
    for name, content in contents.items():
        left += [f"{name}: {test}" for test in judge(content, contents)]
    for name in tables.keys() - contents.keys():
        gone = Content(tables[name], f"{name}.csv")
        gone.fault("format", f"The rule table {name} has no CSV file.",
                   f"Put {name}.csv back into seeds/reference.")  # fmt: skip
        contents[name] = gone
    # two keys of a table often see the same row for the same reason: told once
    faults = {
        (fault.file, fault.line or 0, fault.column, fault.test, fault.value): fault
        for content in contents.values()
        for fault in reversed(content.faults)
    }
    return Report(contents, [faults[place] for place in sorted(faults)], left)


def require_sound(settings: Settings) -> None:
    """Refuse to build from faulty rules, before anything is loaded from them.

    Raises:
        TelmartError: naming the rows.
    """
    faults = check(settings).faults
    if faults:
        more = f"\n… and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        listed = "\n".join(str(fault) for fault in faults[:_SHOWN])
        raise TelmartError(
            f"Faults in the rule tables: {len(faults)}; nothing was built.\n{listed}{more}",
            "`telmart rules check` lists all of them; correct the files and run again.",
        )


def _undescribed(name: str, path: Path) -> Content:
    table = RuleTable(name, "", "", (), {"": "text"}, {}, (), path)
    content = Content(table, _name(path))
    content.fault(
        "format", f"No YAML file describes the rule table {name}, so its values cannot be judged.",
        "Describe it below dbt_project/models/core/rules: column_types and data_tests.",
    )  # fmt: skip
    return content


def _name(path: Path) -> str:
    """Path as people know it: within the repository, within the working folder, or whole."""
    for base in (ROOT, Path.cwd()):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return str(path)
