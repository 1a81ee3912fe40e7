"""The file people are told to open: who may log in, and with which generated password."""

from __future__ import annotations

import os
import unicodedata

from orchestration.access.people_files import people_folder, read_people
from orchestration.settings import Settings


def write_credentials(settings: Settings) -> None:
    """Write ``credentials.txt`` (mode 0600), one line a person.

    Passwords are derived from the installation's key, so writing the file again changes nothing.
    Whoever changed theirs on the web keeps the changed one; the file names the first.
    """
    folder = people_folder(settings)
    people = read_people(folder).people if folder else []
    rows = [("name", "password", "who", "sees")]
    rows += [
        (p.person, settings.secret("web:" + p.person, 16), p.display_name_en, p.persona)
        for p in people
    ]
    rows.append(("admin", settings.secret("web:admin", 16), "administrator", "settings, no rows"))
    widths = [max(_width(row[i]) for row in rows) for i in range(4)]
    table = "\n".join(
        "  ".join(cell + " " * (widths[i] - _width(cell)) for i, cell in enumerate(row)).rstrip()
        for row in rows
    )
    text = (
        "telmart: first passwords. Keep this file to yourself; people change theirs on the web.\n\n"
        f"Dashboards  http://127.0.0.1:{settings.superset_port}\n"
        f"Jobs        http://127.0.0.1:{settings.dagster_port} (local, without a login)\n"
        "Database    telmart psql --as NAME\n\n"
        f"{table}\n"
    )
    path = settings.credentials_file
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as f:
        f.write(text)
    path.chmod(0o600)  # also when somebody had made it wider


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
