"""Deploy the dashboards: one process brings Superset to what the code says, and can warm it.

``python -m superset_assets.deploy [--bundle DIR] [--warm] [--force]``, in Superset's environment
with ``SUPERSET_CONFIG_PATH`` set. Unchanged input is recognised before Superset is even started.
Exit codes: 0 done, 1 failed with a message, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from orchestration.errors import TelmartError
from orchestration.settings import ROOT, Settings, settings
from superset_assets.deployment import bundle as bundles
from superset_assets.deployment.check import check
from superset_assets.deployment.notes import Notes
from superset_assets.serving import people

ASSETS = ROOT / "superset_assets"
CONFIG = ASSETS / "superset_config.py"
_MARK = "bundle"
_PREPARED = "prepared"


class Log:
    """Progress lines: seconds since the start, and what has been done."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._out = sys.stdout

    def __call__(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", file=self._out, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; see the module."""
    parser = argparse.ArgumentParser(prog="superset_assets.deploy", description=__doc__)
    parser.add_argument("--bundle", type=Path, help="folder of the bundle (<home>/superset/bundle)")
    parser.add_argument("--warm", action="store_true", help="empty the cache and fill it again")
    parser.add_argument("--force", action="store_true", help="even if nothing has changed")
    parser.add_argument(
        "--budget", type=float, default=120.0, help="seconds warming may take (default 120)"
    )
    parser.add_argument(
        "--prepare", action="store_true", help="only Superset's own tables and rights"
    )
    given = parser.parse_args(arguments)
    where = settings()
    folder = given.bundle or where.home / "superset/bundle"
    try:
        if given.prepare:
            prepare(where)
            return 0
        deploy(where, folder, warm=given.warm, force=given.force, budget=given.budget)
    except TelmartError as error:
        print(f"Error: {error.message}", file=sys.stderr)
        if error.remedy:
            print(f"What to do: {error.remedy}", file=sys.stderr)
        return 1
    return 0


def prepare(where: Settings) -> None:
    """Make Superset's own tables and rights, so that a server can start and a deployment is quick.

    A first start takes a minute for this; it can go on while the warehouse is being filled.
    """
    log = Log()
    with Notes(where) as notes:
        notes.only_one()
        if notes.get(_PREPARED) == _lock_hash():
            return
        with _application().app_context():
            _metadata(notes, log)
        notes.set(_PREPARED, _lock_hash())


def deploy(
    where: Settings, folder: Path, *, warm: bool = False, force: bool = False, budget: float = 120.0
) -> None:
    """Bring Superset to what ``folder``, roles.yaml and people.csv say.

    Raises:
        TelmartError: something in them is refused; nothing after that step has been done.
    """
    log = Log()
    bundle = bundles.read(folder)
    said = yaml.safe_load((ASSETS / "roles.yaml").read_text(encoding="utf-8"))
    check(bundle, said)
    with Notes(where) as notes:
        notes.only_one()
        mark = fingerprint(where, bundle)
        changed = force or notes.get(_MARK) != mark
        if not changed:
            log("Dashboards: unchanged")
            if not warm:
                return
        # Superset and its migrations print what only their authors can use.
        with contextlib.redirect_stdout(io.StringIO()), _application().app_context():
            log("Superset: loaded")
            if changed:
                notes.set(_MARK, "under way")  # if it fails, the next one does it all again
                _apply(where, bundle, said, notes, log)
                notes.set(_MARK, mark)
            _purge()
            log("Cache: emptied")
            if warm:
                from superset_assets.deployment import warm as warming  # noqa: PLC0415

                for line in warming.run(people.read(where), budget):
                    log(line)
    log("Done")


def fingerprint(where: Settings, bundle: bundles.Bundle) -> str:
    """Everything a deployment depends on, in one hash."""
    mark = hashlib.sha256(where.secret("web:admin").encode())
    for name, text in bundle.texts.items():
        mark.update(f"\0{name}\0{text}".encode())
    code = sorted(path for path in ASSETS.rglob("*.py") if ".venv" not in path.parts)
    lock = ASSETS / "requirements.lock"
    for path in (*code, ASSETS / "roles.yaml", lock):
        mark.update(path.read_bytes())
    mark.update(repr(sorted(people.read(where).items())).encode())
    return mark.hexdigest()


def _application() -> Any:
    os.environ.setdefault("SUPERSET_CONFIG_PATH", str(CONFIG))
    logging.disable(logging.CRITICAL)  # a deployment says itself what it does, and what went wrong
    from superset.app import create_app  # noqa: PLC0415 - half a minute on a slow disk

    return create_app()


def _apply(
    where: Settings, bundle: bundles.Bundle, said: dict[str, Any], notes: Notes, log: Log
) -> None:
    from superset.utils.core import override_user  # noqa: PLC0415

    from superset_assets.deployment import (  # noqa: PLC0415
        prune,
        roles,
        rows,
        users,
    )

    _metadata(notes, log)
    with override_user(users.administrator(where)):
        bundles.import_into_superset(bundle)
        counts = ", ".join(
            f"{len(bundle.of(kind))} {kind}" for kind in ("datasets", "charts", "dashboards")
        )
        log(f"Dashboards: {counts} imported")
        for gone in prune.apply(bundle):
            log(f"Dashboards: removed {gone}")
        names = roles.apply(said)
        log(f"Roles: {', '.join(names)}")
        named = people.read(where)
        created, locked = users.apply(where, named)
        log(f"People: {len(named)}, {created} new, {locked} locked out")
        log(f"Row rules: on {rows.apply(names)} datasets")


def _metadata(notes: Notes, log: Log) -> None:
    from superset_assets.deployment import metadata  # noqa: PLC0415

    log("Superset: tables " + ("migrated" if metadata.migrate() else "up to date"))
    log("Superset: rights " + ("created" if metadata.initialise(notes) else "up to date"))


def _lock_hash() -> str:
    return hashlib.sha256((ASSETS / "requirements.lock").read_bytes()).hexdigest()


def _purge() -> None:
    from superset.extensions import cache_manager  # noqa: PLC0415

    cache_manager.cache.clear()
    cache_manager.data_cache.clear()


if __name__ == "__main__":
    sys.exit(main())
