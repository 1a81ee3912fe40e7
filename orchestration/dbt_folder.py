"""Which folder dbt works in: the repository's ``dbt_project``, or one laid out for an operator.

An operator (``TELMART_OPERATOR``) brings the staging of its own feeds and may change rule tables::

    <operator>/dbt/staging/stg_crm__subscriber.sql …   models named in models/staging/stg_*.yml
    <operator>/dbt/staging/_sources.yml                the raw tables these read
    <operator>/reference/vad_threshold.csv …           only the rule tables that differ

A staging model it does not bring is that of a feed it lacks: empty. For it a project of symbolic
links is kept in ``<home>/dbt/project``. Naming the operator's folder in dbt's ``model-paths``
instead would be shorter, and destructive: dbt writes what it runs to
``<target>/run/<project>/<path of the file>``, which for an absolute path *is* the operator's file.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path

from orchestration.errors import TelmartError
from orchestration.settings import ROOT, Settings

STANDARD = ROOT / "dbt_project"
CODES = ROOT / "seeds/codes"
REFERENCE = ROOT / "seeds/reference"
_READ = frozenset({".sql", ".yml", ".yaml", ".csv", ".md"})
#: made by dbt in the project folder where somebody runs it by hand
_MADE = frozenset({"target", "logs", "dbt_packages"})
#: what an operator's project shares with the standard one
_SHARED = ("macros", "tests", "models/core", "models/marts")


def dbt_folder(settings: Settings) -> Path:
    """The folder to give dbt as ``--project-dir`` and ``--profiles-dir``.

    Lays out the operator's project, or brings it up to date; costs a few milliseconds.

    Raises:
        TelmartError: the operator's folder holds no staging, or a staging model or rule table that
            none of ours is named like.
    """
    if settings.operator is None:
        return STANDARD
    root = settings.home / "dbt/project"
    wanted = _links(settings.operator, settings.home / "dbt/lacking")
    _remove_others(root, set(wanted))
    for place, source in wanted.items():
        _link(root / place, source)
    return root / "dbt_project"


def reference_files(settings: Settings) -> dict[str, Path]:
    """The rule tables in force, by name: the operator's own where it has one, else ours.

    Raises:
        TelmartError: the operator has one that none of ours is named like.
    """
    return _reference(settings.operator)


def source_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Everything dbt reads, as (name within the project, file), in a fixed order."""
    root = ROOT if settings.operator is None else dbt_folder(settings).parent
    for folder in ("dbt_project", "seeds/codes", "seeds/reference"):
        for path in sorted((root / folder).rglob("*")):
            place = path.relative_to(root)
            if path.suffix in _READ and not _MADE & set(place.parts):
                yield place.as_posix(), path


def _reference(operator: Path | None) -> dict[str, Path]:
    ours = {path.name: path for path in sorted(REFERENCE.glob("*.csv"))}
    if operator is None:
        return ours
    own = {path.name: path for path in sorted((operator / "reference").glob("*.csv"))}
    for name in own.keys() - ours.keys():
        raise TelmartError(
            f"{own[name]} is not one of the rule tables, so it would change nothing.",
            f"Name it like the one it replaces: {', '.join(ours)}.",
        )
    return ours | own


def _links(operator: Path, lacking: Path) -> dict[str, Path]:
    """Path inside the layout -> what it links to; ``lacking`` keeps the models of absent feeds."""
    staging = operator / "dbt/staging"
    if not any(staging.glob("*.sql")):
        raise TelmartError(
            f"TELMART_OPERATOR is {operator}, but {staging} holds no models.",
            "Put the operator's stg_*.sql there; examples/public_prepaid shows how.",
        )
    links = {f"dbt_project/{path.name}": path for path in STANDARD.glob("*.yml")}
    # file by file: dbt does not walk into links to folders
    for folder in [*(STANDARD / name for name in _SHARED), CODES]:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            links[path.relative_to(ROOT).as_posix()] = path
    # what staging must look like holds for whoever provides it
    for path in sorted((STANDARD / "models/staging").glob("stg_*.yml")):
        links[path.relative_to(ROOT).as_posix()] = path
    standard = {path.stem for path in (STANDARD / "models/staging").glob("stg_*.sql")}
    own = {path.stem: path for path in staging.glob("*.sql")}
    _refuse_misspelt(own, standard)
    for name in sorted(standard - own.keys()):
        links[f"dbt_project/models/staging/{name}.sql"] = _empty(lacking, name)
    for path in sorted(staging.iterdir()):
        if path.suffix in {".sql", ".yml", ".yaml"}:
            links[f"dbt_project/models/staging/{path.name}"] = path
    for name, path in _reference(operator).items():
        links[f"seeds/reference/{name}"] = path
    return links


def _refuse_misspelt(own: dict[str, Path], standard: set[str]) -> None:
    """A model of a system we know that is none of ours would leave the one it means empty."""
    systems = {name.split("__")[0] for name in standard}
    for name in sorted(own.keys() - standard):
        if name.split("__")[0] in systems:
            near = difflib.get_close_matches(name, standard, n=1) or sorted(standard)[:1]
            raise TelmartError(
                f"{own[name]} is not one of the staging models, so nothing would read it.",
                f"Did you mean {near[0]}.sql? dbt_project/models/staging/stg_*.yml names them all;"
                " a helper of your own needs a name that starts otherwise, like int_.",
            )


def _empty(folder: Path, name: str) -> Path:
    """The model of a feed the operator lacks; macros/empty_feed.sql gives it columns and no row."""
    feed = name.removeprefix("stg_").replace("__", ".", 1)
    path = folder / f"{name}.sql"
    text = f"{{{{ empty_feed('{feed}') }}}}\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path


def _link(place: Path, source: Path) -> None:
    if place.is_symlink() and place.readlink() == source:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(source)
    fresh.replace(place)


def _remove_others(root: Path, wanted: set[str]) -> None:
    """Take away links that an earlier layout had; nothing but links is ever removed."""
    for folder, _, _ in os.walk(root):
        for entry in Path(folder).iterdir():
            if entry.is_symlink() and str(entry.relative_to(root)) not in wanted:
                entry.unlink()
