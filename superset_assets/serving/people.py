"""Who the people are: the file that names them, read the way the access part reads it."""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from orchestration.errors import TelmartError
from orchestration.settings import ROOT, Settings, settings

FILE = "people.csv"
COLUMNS = ("person", "staff_id", "display_name", "display_name_en", "persona", "language")
#: a person's name is also the name of a PostgreSQL role, so it is kept to what is safe there
NAME = re.compile(r"[a-z][a-z0-9_]{2,40}")
#: roles of the machine; a person who bore such a name would be somebody else
RESERVED = re.compile(r"(telmart|pg_|postgres$|public$|admin$|none$|root$)")


@dataclass(frozen=True)
class Person:
    """One row of people.csv: who logs in, in which post, in which language."""

    person: str
    staff_id: str
    display_name: str
    display_name_en: str
    persona: str
    language: str


def people_file(where: Settings) -> Path:
    """The file in force: the installation's own, the operator's, else the sample operator's."""
    own = [where.home / "people" / FILE]
    if where.operator:
        own.append(where.operator / "people" / FILE)
    return next((path for path in own if path.exists()), ROOT / "seeds/sample" / FILE)


def read_people(path: Path) -> dict[str, Person]:
    """People by name.

    Raises:
        TelmartError: a column is missing, or a name is unfit, reserved or there twice.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
        if missing:
            raise TelmartError(
                f"{path} has no column {', '.join(missing)}.",
                f"Its first line must be: {','.join(COLUMNS)}",
            )
        people: dict[str, Person] = {}
        for line, row in enumerate(reader, start=2):
            person = Person(**{name: (row[name] or "").strip() for name in COLUMNS})
            if not NAME.fullmatch(person.person) or RESERVED.match(person.person):
                raise TelmartError(
                    f"{path}, line {line}: {person.person!r} cannot be the name of a person.",
                    "Use 3 to 41 lower-case letters, digits and underscores, beginning with a"
                    " letter and not with telmart or pg_.",
                )
            if person.person in people:
                raise TelmartError(
                    f"{path}, line {line}: {person.person!r} is there twice.",
                    "Keep one of the two lines.",
                )
            people[person.person] = person
    return people


@lru_cache(maxsize=4)
def _read(path: Path, mtime_ns: int) -> dict[str, Person]:
    return read_people(path)


def people(where: Settings | None = None) -> dict[str, Person]:
    """People of this installation by name; read again as soon as the file changes."""
    path = people_file(where or settings())
    return _read(path, os.stat(path).st_mtime_ns)
