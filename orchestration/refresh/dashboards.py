"""The dashboards step: build what Superset imports, deploy it, empty and warm its caches.

Superset lives in an environment of its own; this runs its deployment as a program.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.access import apply_people
from orchestration.access.people_files import people_folder
from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.refresh.lock import forget_child, note_child
from orchestration.refresh.manifest import target
from orchestration.refresh.progress import Stage, current
from orchestration.settings import ROOT, Settings

ASSETS = ROOT / "superset_assets"
PYTHON = ASSETS / ".venv/bin/python"
_NOTED = "select 1 from ops.fingerprint where name = 'dashboards' and value = %s"
_NOTE = """
    insert into ops.fingerprint (name, value) values ('dashboards', %s)
    on conflict (name) do update set value = excluded.value, noted_at = now()
"""


@dataclass(frozen=True)
class Dashboard:
    """One dashboard and the served tables its charts read."""

    slug: str
    title: str
    tables: tuple[str, ...]


@dataclass(frozen=True)
class Deployed:
    """What the step did; ``deployed`` is False where Superset is not installed."""

    deployed: bool
    text: str


def read_dashboards() -> list[Dashboard]:
    """Every dashboard of ``superset_assets/dashboards``, with the marts its charts name."""
    from superset_assets.builder.reading import read_specs  # noqa: PLC0415

    specs = read_specs()
    return [
        Dashboard(
            slug=board.slug,
            title=f"{board.title.en} {board.title.zh}",
            tables=tuple(sorted({specs.charts[chart].mart for chart in board.charts})),
        )
        for board in specs.dashboards.values()
    ]


def is_installed() -> bool:
    """Whether Superset's environment is there, and not switched off for this installation."""
    return PYTHON.exists() and os.environ.get("TELMART_DASHBOARDS") != "off"


def is_deployed(settings: Settings) -> bool:
    """Whether what is deployed was made from the files as they are now."""
    with connect(settings) as warehouse:
        return warehouse.execute(_NOTED, [fingerprint(settings)]).fetchone() is not None


def fingerprint(settings: Settings) -> str:
    """Hash of everything the deployment reads: specs, code, people, dbt's declarations."""
    digest = hashlib.sha256()
    for path in _sources(settings):
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def deploy(settings: Settings) -> Deployed:
    """Deploy the dashboards and warm their caches.

    Raises:
        TelmartError: the specs do not fit the marts, or Superset refused them.
    """
    progress = current()
    with progress.working(Stage.DASHBOARDS) as line:
        if not is_installed():
            line.state, line.text = "skipped", "Superset is not installed or switched off"
            progress.say(f"{Stage.DASHBOARDS}: {line.text}")
            return Deployed(
                False,
                f"{line.text}: `make install` installs it, and"
                " TELMART_DASHBOARDS=off switches it off.",
            )
        from superset_assets.build import build_bundle  # noqa: PLC0415

        # Roles and scopes first: a person must never be known to Superset and not to the database.
        apply_people(settings)
        value = fingerprint(settings)
        bundle = settings.home / "superset/bundle"
        build_bundle(target(settings) / "manifest.json", bundle)
        text = _run(settings, [str(PYTHON), "-m", "superset_assets.deploy",
                               "--bundle", str(bundle), "--warm"])  # fmt: skip
        with connect(settings) as warehouse:
            warehouse.execute(_NOTE, [value])
            warehouse.commit()
        progress.advance(Stage.DASHBOARDS, text="deployed, caches warm", say="deployed")
    return Deployed(True, text)


def _run(settings: Settings, command: list[str]) -> str:
    env = settings.process_env() | {"SUPERSET_CONFIG_PATH": str(ASSETS / "superset_config.py")}
    env.pop("PGAPPNAME", None)  # its connections outlive us and are not ours to end
    program = subprocess.Popen(
        command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    note_child(settings, program.pid)
    lines: list[str] = []
    assert program.stdout is not None  # noqa: S101 - asked for above
    for line in program.stdout:
        lines.append(line.rstrip())
        current().advance(Stage.DASHBOARDS, by=0, text=line.strip()[:60])
    code = program.wait()
    forget_child(settings)
    text = "\n".join(lines)
    if code:
        raise TelmartError(
            f"The dashboards were not deployed: {text[-1500:]}",
            "The marts are published. Correct it, then `telmart publish` deploys again.",
        )
    return text


def _sources(settings: Settings) -> Iterator[Path]:
    for pattern in ("*.yaml", "*.py", "*.css", "*.lock"):
        for path in sorted(ASSETS.rglob(pattern)):
            if ".venv" not in path.parts:
                yield path
    manifest = target(settings) / "parsed.sha256"
    if manifest.exists():
        yield manifest
    people = people_folder(settings)
    if people:
        yield from sorted(people.glob("*.csv"))
