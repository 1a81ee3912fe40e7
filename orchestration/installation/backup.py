"""A copy of everything that cannot be made again: the databases, the key, the people files."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from orchestration.engine.server import EmbeddedServer
from orchestration.errors import TelmartError
from orchestration.settings import Settings


def backup(settings: Settings, folder: Path) -> Iterator[Path]:
    """Write one custom-format dump per database to ``folder``, with the key and the people files.

    Files are written aside and renamed, so a dump that is there is whole. Yields each as it is
    done.

    Raises:
        TelmartError: pg_dump failed, with its words.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    program = "pg_dump" if settings.external_url else EmbeddedServer(settings).binaries / "pg_dump"
    env = os.environ | settings.libpq_env()
    for database in [settings.warehouse, *settings.metadata_databases.values()]:
        target = folder / f"{database}.dump"
        staged = target.with_suffix(".part")
        # Row policies bind the owner of the tables too; the owner's own policy shows every row.
        command = [str(program), "--enable-row-security", "-Fc", "-f", str(staged), database]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            staged.unlink(missing_ok=True)
            raise TelmartError(
                f"{database} could not be copied: {done.stderr.strip()}",
                "Mend the cause and run the same command again; earlier copies are untouched.",
            )
        staged.chmod(0o600)
        staged.replace(target)
        yield target
    for name in ("secret.key", "telmart.env"):
        if (settings.home / name).exists():
            shutil.copy2(settings.home / name, folder / name)
            yield folder / name
    if (settings.home / "people").exists():
        shutil.copytree(settings.home / "people", folder / "people", dirs_exist_ok=True)
        yield folder / "people"
