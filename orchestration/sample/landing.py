"""What lies in the landing area already: the same sample, another one, or somebody's extracts."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

from orchestration.errors import TelmartError
from orchestration.sample.calendar import Month, months
from orchestration.sample.files import MANIFEST
from orchestration.sample.lists import SEEDS
from orchestration.sample.parts import FEEDS, FULL_FEEDS
from orchestration.sample.scale import MAX_MONTHS


def generator_version() -> str:
    """Fingerprint of everything the files depend on besides the options."""
    digest = hashlib.sha256()
    code = Path(__file__).parent
    for root, files in ((code, sorted(code.rglob("*.py"))), (SEEDS, sorted(SEEDS.glob("*.csv")))):
        for path in files:
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _folders(landing: Path, span: list[Month]) -> list[Path]:
    monthly = [f for f in FEEDS if f not in FULL_FEEDS]
    return [
        *(landing.joinpath(*f.split("."), m.period) for f in monthly for m in span),
        *(landing.joinpath(*f.split("."), "full") for f in sorted(FULL_FEEDS)),
    ]


def all_there(landing: Path, span: list[Month]) -> bool:
    return all((folder / MANIFEST).is_file() for folder in _folders(landing, span))


def refuse(landing: Path, before: dict[str, Any], made: dict[str, object]) -> None:
    """Never write over extracts that this command did not make, nor over another sample."""
    if before:
        asked = {k: v for k, v in made.items() if k != "generator"}
        known = {k: v for k, v in before["made_with"].items() if k != "generator"}
        if known != asked:
            sizes = ", ".join(f"{k} {v}" for k, v in known.items())
            raise TelmartError(
                f"{landing} already holds another sample ({sizes}).",
                "Choose another folder with --to, or replace it with --force.",
            )
        return
    for feed in FEEDS:
        folder = landing.joinpath(*feed.split("."))
        if folder.is_dir() and any(folder.iterdir()):
            raise TelmartError(
                f"{folder} already holds extracts that are not a sample.",
                "Choose another folder with --to, or write over them with --force.",
            )


def remove_other_months(landing: Path, span: list[Month]) -> None:
    """A shorter sample takes the place of a longer one: its other months go."""
    keep = set(_folders(landing, span))
    for folder in set(_folders(landing, months(MAX_MONTHS))) - keep:
        if folder.is_dir():
            shutil.rmtree(folder)
