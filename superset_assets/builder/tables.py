"""Tables people see that dbt does not build, described in ``datasets/*.yaml``."""

from __future__ import annotations

from pathlib import Path

from superset_assets.builder.catalog import Column, Mart
from superset_assets.builder.reading import load
from superset_assets.builder.text import Text, read_text


def read_tables(folder: Path) -> dict[str, Mart]:
    """Each file as a mart without metrics; columns need a type and a label."""
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        given, file = load(path), f"datasets/{path.name}"
        columns = {
            name: Column(
                name, column["type"], read_text(column["label"], f"{file}: {name}"), Text("", "")
            )
            for name, column in given["columns"].items()
        }
        found[path.stem] = Mart(
            name=path.stem,
            schema=given["schema"],
            label=read_text(given["label"], f"{file}: label"),
            description=read_text(given["about"], f"{file}: about"),
            columns=columns,
        )
    return found
