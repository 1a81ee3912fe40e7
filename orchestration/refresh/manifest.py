"""dbt's manifest: what Dagster derives the models' assets from. Parsed only when files changed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from orchestration.dbt_folder import dbt_folder, source_files
from orchestration.errors import TelmartError
from orchestration.settings import Settings


def target(settings: Settings) -> Path:
    """Where dbt leaves what it makes: ``<home>/dbt``."""
    return settings.home / "dbt"


def dbt_environment(settings: Settings) -> dict[str, str]:
    """Environment for dbt, on top of what the process has."""
    env = settings.process_env()
    wanted = {name: env[name] for name in env if name.startswith(("PG", "TELMART_", "DBT_"))}
    folder = str(target(settings))
    project = str(dbt_folder(settings))
    return {
        **wanted,
        "DBT_TARGET_PATH": folder,
        "DBT_LOG_PATH": folder,
        "DBT_PROFILES_DIR": project,
        "DBT_PROJECT_DIR": project,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def is_fresh(settings: Settings) -> bool:
    """Whether the manifest was made from the files as they are now."""
    stamp = target(settings) / "parsed.sha256"
    made = (target(settings) / "manifest.json").exists() and stamp.exists()
    return made and stamp.read_text() == _hash(settings)


def prepare(settings: Settings) -> Path:
    """Have an up-to-date ``manifest.json``; parse the project if need be (10 s).

    Raises:
        TelmartError: dbt cannot parse the project; its message is passed on.
    """
    folder = target(settings)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "parse.lock").open("w") as lock:  # the UI and a run may start together
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_fresh(settings):
            value = _hash(settings)
            _parse(settings)
            (folder / "parsed.sha256").write_text(value)
    return folder / "manifest.json"


def _parse(settings: Settings) -> None:
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "parse"]
    done = subprocess.run(
        command, cwd=dbt_folder(settings), env=os.environ | dbt_environment(settings),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise TelmartError(
            f"dbt cannot parse the project: {(done.stdout + done.stderr).strip()[-2000:]}",
            "Correct the file it names.",
        )


def _hash(settings: Settings) -> str:
    digest = hashlib.sha256(f"{version('dbt-core')} {settings.operator}".encode())
    for name, path in source_files(settings):
        digest.update(f"{name}\0".encode() + path.read_bytes())
    return digest.hexdigest()
