"""Read ``people.csv`` and ``person_scope.csv`` and say exactly what is wrong with them.

Both files come from one folder: the operator's ``people/``, else the installation's own
``<home>/people/``, else the sample's (only where no operator is configured: a real installation
never gets sample people).
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from orchestration.errors import TelmartError
from orchestration.settings import ROOT, Settings

PERSONAS = ("executive", "manager", "account_manager", "analyst", "data_engineer")
LANGUAGES = ("en", "zh")
SCOPE_TYPES = ("all", "province", "city", "county", "area", "account_manager")
#: what ``scope_id`` says when the scope is everything
EVERYTHING = "*"

PEOPLE_COLUMNS = ("person", "staff_id", "display_name", "display_name_en", "persona", "language")
SCOPE_COLUMNS = ("person", "scope_type", "scope_id", "valid_from", "valid_to")

#: people of the sample operator, who are there for every size of it
SAMPLE = ROOT / "seeds/sample"

_NAME = re.compile(r"[a-z][a-z0-9_]{2,40}")
#: names that mean something to PostgreSQL, Superset or telmart itself
_RESERVED = frozenset({
    "postgres", "public", "none", "user", "current_user", "session_user", "current_role", "root",
    "admin", "administrator", "superuser", "anonymous", "guest", "alpha", "gamma",
})  # fmt: skip
_RESERVED_PREFIXES = ("pg_", "telmart", "dagster", "superset")
_MOST_FAULTS_SHOWN = 20


@dataclass(frozen=True)
class Person:
    """A row of people.csv. ``row`` is its line in the file (the header is line 1)."""

    person: str
    staff_id: str | None
    display_name: str
    display_name_en: str
    persona: str
    language: str
    row: int = 0


@dataclass(frozen=True)
class Scope:
    """A row of person_scope.csv: dates are inclusive, no ``valid_to`` means for good."""

    person: str
    scope_type: str
    scope_id: str
    valid_from: date
    valid_to: date | None
    row: int = 0

    def overlaps(self, other: Scope) -> bool:
        """Whether both speak of the same thing on some day."""
        same = (self.person, self.scope_type, self.scope_id) == (
            other.person, other.scope_type, other.scope_id,
        )  # fmt: skip
        return (
            same
            and self.valid_from <= (other.valid_to or date.max)
            and other.valid_from <= (self.valid_to or date.max)
        )


@dataclass(frozen=True)
class People:
    """Both files, checked on their own (not yet against the organisation)."""

    folder: Path
    people: list[Person]
    scopes: list[Scope]

    @property
    def people_file(self) -> Path:
        return self.folder / "people.csv"

    @property
    def scope_file(self) -> Path:
        return self.folder / "person_scope.csv"


@dataclass
class Faults:
    """Everything wrong with the files, collected so that one reading names it all."""

    found: list[str] = field(default_factory=list)

    def add(self, file: Path, row: int, column: str, value: str, problem: str) -> None:
        """Note one fault; ``problem`` says what is wrong and what would be right."""
        self.found.append(f"{file.name}, row {row}, column {column}, value {value!r}: {problem}")

    def raise_any(self, folder: Path) -> None:
        """Raise when something was noted.

        Raises:
            TelmartError: with one line per fault.
        """
        if not self.found:
            return
        shown = self.found[:_MOST_FAULTS_SHOWN]
        more = len(self.found) - len(shown)
        lines = "\n  ".join([*shown, *([f"… and {more} more"] if more else [])])
        raise TelmartError(
            f"The people files in {folder} cannot be applied; nobody's access was changed.\n"
            f"  {lines}",
            "Correct these rows and run the same command again.",
        )


def people_folder(settings: Settings) -> Path | None:
    """The folder whose people count, or None when an operator is configured without any."""
    places = [settings.home / "people"]
    if settings.operator:
        places.insert(0, settings.operator / "people")
    else:
        places.append(SAMPLE)
    for folder in places:
        if (folder / "people.csv").exists() or (folder / "person_scope.csv").exists():
            return folder
    return None


def read_people(folder: Path) -> People:
    """Read and check both files.

    Raises:
        TelmartError: naming every file, row, column and value at fault, and the remedy.
    """
    faults = Faults()
    result = People(folder, [], [])
    for row, cells in _rows(result.people_file, PEOPLE_COLUMNS):
        result.people.append(_person(result.people_file, row, cells, faults))
    _no_person_twice(result, faults)
    names = {p.person for p in result.people}
    for row, cells in _rows(result.scope_file, SCOPE_COLUMNS):
        scope = _scope(result.scope_file, row, cells, names, faults)
        if scope:
            _no_overlap(result, scope, faults)
            result.scopes.append(scope)
    faults.raise_any(folder)
    return result


def _rows(path: Path, columns: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """Line number and trimmed cells of each row that is not empty."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TelmartError(
            f"{path} cannot be read: {error.strerror}.",
            "people.csv and person_scope.csv belong together in one folder; see docs/access.md.",
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:  # what a Chinese Excel saves
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise TelmartError(
                f"{path} is neither UTF-8 nor GB18030 (byte {error.start}).",
                "Save it as 'CSV UTF-8' and run the same command again.",
            ) from error
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(reader, [])]
    if sorted(header) != sorted(columns):
        missing = [c for c in columns if c not in header]
        extra = [c for c in header if c not in columns]
        raise TelmartError(
            f"{path}, row 1: the columns must be {','.join(columns)}."
            + (f" Missing: {', '.join(missing)}." if missing else "")
            + (f" Not known: {', '.join(map(repr, extra))}." if extra else ""),
            "Correct the first line and run the same command again.",
        )
    found = []
    for cells in reader:
        row = reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise TelmartError(
                f"{path}, row {row}: {len(cells)} values for {len(header)} columns.",
                "Quote values that contain a comma, and run the same command again.",
            )
        found.append((row, dict(zip(header, (c.strip() for c in cells), strict=True))))
    return found


def _person(path: Path, row: int, cells: dict[str, str], faults: Faults) -> Person:
    name = cells["person"]
    if not _NAME.fullmatch(name):
        faults.add(path, row, "person", name,
                   "use 3 to 41 small letters, digits and _, beginning with a letter.")  # fmt: skip
    elif name in _RESERVED or name.startswith(_RESERVED_PREFIXES):
        faults.add(path, row, "person", name, "this name is reserved; choose another.")
    for column in ("display_name", "display_name_en"):
        if not cells[column]:
            faults.add(path, row, column, "", "a name is needed in both languages.")
    for column, allowed in (("persona", PERSONAS), ("language", LANGUAGES)):
        if cells[column] not in allowed:
            faults.add(path, row, column, cells[column], f"use one of {', '.join(allowed)}.")
    return Person(**{**cells, "staff_id": cells["staff_id"] or None}, row=row)  # type: ignore[arg-type]


def _no_person_twice(people: People, faults: Faults) -> None:
    first: dict[str, int] = {}
    for p in people.people:
        if p.person in first:
            faults.add(people.people_file, p.row, "person", p.person,
                       f"already in row {first[p.person]}; keep one.")  # fmt: skip
        first.setdefault(p.person, p.row)


def _scope(
    path: Path, row: int, cells: dict[str, str], names: set[str], faults: Faults
) -> Scope | None:
    before = len(faults.found)
    if cells["person"] not in names:
        faults.add(path, row, "person", cells["person"], "not in people.csv; add it there.")
    kind, scope_id = cells["scope_type"], cells["scope_id"]
    if kind not in SCOPE_TYPES:
        faults.add(path, row, "scope_type", kind, f"use one of {', '.join(SCOPE_TYPES)}.")
    elif kind == "all" and scope_id not in ("", EVERYTHING):
        faults.add(path, row, "scope_id", scope_id, f"'all' names nothing; write {EVERYTHING}.")
    elif kind != "all" and scope_id in ("", "-", EVERYTHING):
        faults.add(path, row, "scope_id", scope_id, f"name the {kind} by its id.")
    begins = _day(path, row, "valid_from", cells["valid_from"], faults)
    ends = _day(path, row, "valid_to", cells["valid_to"], faults) if cells["valid_to"] else None
    if begins and ends and ends < begins:
        faults.add(path, row, "valid_to", cells["valid_to"], f"lies before valid_from {begins}.")
    if len(faults.found) > before or begins is None:
        return None
    return Scope(
        cells["person"], kind, EVERYTHING if kind == "all" else scope_id, begins, ends, row
    )


def _day(path: Path, row: int, column: str, value: str, faults: Faults) -> date | None:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        faults.add(path, row, column, value, "write a date as YYYY-MM-DD.")
        return None
    if not 1990 <= day.year <= 9998:
        faults.add(path, row, column, value, "not a plausible year.")
        return None
    return day


def _no_overlap(people: People, scope: Scope, faults: Faults) -> None:
    for other in people.scopes:
        if scope.overlaps(other):
            faults.add(people.scope_file, scope.row, "valid_from", str(scope.valid_from),
                       f"overlaps row {other.row} for the same person and scope; end that one"
                       " with valid_to, or keep one of the two.")  # fmt: skip
