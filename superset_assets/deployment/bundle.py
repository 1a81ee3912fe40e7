"""The bundle: YAML files in Superset's import layout, read and handed to its importer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.errors import TelmartError

#: begins the UUID of everything that is ours; pruning touches nothing else
OURS = "7e1a4a47-"
_REMEDY = "Correct the specs or the builder in superset_assets/ and deploy again."


@dataclass(frozen=True)
class Bundle:
    """Files by name in the bundle (``charts/kpi.yaml``): their text, and what it says."""

    texts: dict[str, str]
    objects: dict[str, dict[str, Any]]

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Files of one kind: ``databases``, ``datasets``, ``charts`` or ``dashboards``."""
        return {name: said for name, said in self.objects.items() if name.startswith(kind + "/")}

    def uuids(self, kind: str) -> set[str]:
        return {said["uuid"] for said in self.of(kind).values()}


def read(folder: Path) -> Bundle:
    """Read a bundle.

    Raises:
        TelmartError: there is none, or a file is not YAML.
    """
    if not (folder / "metadata.yaml").exists():
        raise TelmartError(
            f"There is no bundle in {folder}: metadata.yaml is missing.",
            "Build it first (superset_assets.build), or name another folder with --bundle.",
        )
    texts, objects = {}, {}
    for path in sorted(folder.rglob("*.yaml")):
        name = path.relative_to(folder).as_posix()
        texts[name] = path.read_text(encoding="utf-8")
        try:
            said = yaml.safe_load(texts[name])
        except yaml.YAMLError as error:
            raise TelmartError(f"{name} is not valid YAML: {error}", _REMEDY) from error
        if not isinstance(said, dict):
            raise TelmartError(f"{name} is not a mapping.", _REMEDY)
        objects[name] = said
    return Bundle(texts, objects)


def import_into_superset(bundle: Bundle) -> None:
    """Create or overwrite everything in the bundle, as the user in force.

    Raises:
        TelmartError: Superset refuses a file; the message names file and field.
    """
    from superset.commands.exceptions import CommandException, CommandInvalidError  # noqa: PLC0415
    from superset.commands.importers.v1.assets import ImportAssetsCommand  # noqa: PLC0415

    try:
        ImportAssetsCommand(dict(bundle.texts), passwords={}).run()
    except CommandException as error:
        cause = error if isinstance(error, CommandInvalidError) else error.__cause__
        if isinstance(cause, CommandInvalidError):
            faults = [
                f"{file}: {field}"
                for file, fields in cause.normalized_messages().items()
                for field in _flat(fields)
            ]
            message = "Superset refuses the bundle:\n  " + "\n  ".join(faults)
        else:
            message = f"Superset could not import the bundle: {type(cause).__name__}: {cause}"
        raise TelmartError(message, _REMEDY) from error


def _flat(fields: Any, path: str = "") -> list[str]:
    if isinstance(fields, dict):
        return [
            line
            for key, inner in fields.items()
            for line in _flat(inner, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(fields, list):
        return [line for inner in fields for line in _flat(inner, path)]
    return [f"{path}: {fields}" if path else str(fields)]
