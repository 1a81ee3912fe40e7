"""Install both environments from their lock files. Standard library only.

    python3 orchestration/bootstrap.py

Makes `.venv` (telmart) and `superset_assets/.venv` (Superset, which needs an older SQLAlchemy),
each only when its lock file changed. An interrupted install is picked up by the next run.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
STATE = Path(os.environ.get("TELMART_HOME") or ROOT / ".telmart")
SUPPORTED = ((3, 11), (3, 12))  # Superset 6.1 runs on these two
UV = "uv>=0.9,<0.14"
NEEDED_GB = 4


def main() -> None:
    """Install what is missing or has changed; say what is being done."""
    python = find_python()
    check_disk()
    uv = find_uv(python)
    install(uv, python, ROOT, "telmart: Dagster, dbt, Great Expectations, PostgreSQL")
    install(uv, python, ROOT / "superset_assets", "Superset")


def find_python() -> str:  # noqa: RET503 - the last path ends the program
    """An interpreter that both environments run on: this one, or a sibling on the PATH."""
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable
    for major, minor in SUPPORTED:
        found = shutil.which(f"python{major}.{minor}")
        # a version manager's stand-in may be on the PATH without the interpreter behind it
        if found and subprocess.run([found, "-c", ""], check=False).returncode == 0:
            return found
    mine = ".".join(map(str, sys.version_info[:2]))
    fail(
        f"Python {mine} cannot run telmart: Superset 6.1 needs Python 3.11 or 3.12.",
        "Install one of them, or name it: make demo PYTHON=/path/to/python3.11",
    )


def check_disk() -> None:
    """Refuse to begin an installation that cannot end."""
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < NEEDED_GB and not stamp(ROOT).exists():
        fail(
            f"Only {free:.1f} GB are free here; the environments and the demo need {NEEDED_GB} GB.",
            "Free some space, or clone telmart to a larger disk; then run the same command again.",
        )


def find_uv(python: str) -> str:
    """uv from the PATH, or our own copy under the state folder (no root, no virtualenv module)."""
    found = shutil.which("uv")
    if found:
        return found
    tools = STATE / "tools"
    own = tools / "bin/uv"
    if not own.exists():
        say("Installing the installer (uv)")
        python = with_pip(python)
        pip = [python, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(tools), UV]
        if subprocess.run(pip, check=False).returncode:
            fail(
                "pip could not install uv (see above).",
                f"Check that `{python} -m pip --version` works and that the network is there.",
            )
    return str(own)


def with_pip(python: str) -> str:
    """``python``, or the one it was made from: an activated environment may come without pip."""
    for one in (python, getattr(sys, "_base_executable", python)):
        asked = [one, "-m", "pip", "--version"]
        if subprocess.run(asked, check=False, capture_output=True).returncode == 0:
            return one
    return python


def stamp(folder: Path) -> Path:
    """Where an environment notes the lock file it was made from."""
    return folder / ".venv/telmart-lock.sha256"


def install(uv: str, python: str, folder: Path, label: str) -> None:
    """Make ``folder/.venv`` hold exactly what ``folder/requirements.lock`` names."""
    lock = folder / "requirements.lock"
    wanted = hashlib.sha256(lock.read_bytes() + python.encode()).hexdigest()
    if stamp(folder).exists() and stamp(folder).read_text() == wanted:
        return
    say(f"Installing {label}")
    began = time.time()
    venv = folder / ".venv"
    env = {**os.environ, "VIRTUAL_ENV": str(venv), "UV_PYTHON_DOWNLOADS": "never"}
    stamp(folder).unlink(missing_ok=True)
    if not made_with(python, venv):
        run([uv, "venv", "--quiet", "--clear", "--python", python, str(venv)], env)
    run([uv, "pip", "sync", "--require-hashes", "--compile-bytecode", str(lock)], env)
    if folder == ROOT:  # the project itself, so that `telmart` is a command
        own = ["--quiet", "--no-deps", "--no-build-isolation", "-e", str(folder)]
        run([uv, "pip", "install", *own], env)
    stamp(folder).write_text(wanted)
    say(f"  done in {time.time() - began:.0f} s")


def made_with(python: str, venv: Path) -> bool:
    """Whether ``venv`` exists and stands on this interpreter."""
    config = venv / "pyvenv.cfg"
    home = f"home = {Path(python).resolve().parent}"
    return config.exists() and home in config.read_text().splitlines()


def run(command: list[str], env: dict[str, str]) -> None:
    """Run a step with its own output in view."""
    if subprocess.run(command, env=env, cwd=ROOT, check=False).returncode:
        fail(
            f"This step failed: {' '.join(command[:4])} (see above).",
            "Run the same command again to carry on; check the network and the disk if it stays.",
        )


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def fail(what: str, remedy: str) -> NoReturn:
    """End with a message for people."""
    sys.stderr.write(f"Error: {what}\nWhat to do: {remedy}\n")
    sys.exit(1)


if __name__ == "__main__":
    main()
