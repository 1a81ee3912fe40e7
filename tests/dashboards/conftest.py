"""Fixtures: the manifest of the real project, and a copy of the specs to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration.refresh.manifest import prepare
from orchestration.settings import settings
from superset_assets.build import load
from superset_assets.builder.catalog import Catalog
from superset_assets.builder.specs import ASSETS, Specs

#: everything the builder reads besides the manifest
PARTS = ("charts", "dashboards", "datasets", "css")
FILES = ("filters.yaml", "labels.yaml", "orders.yaml", "colors.yaml", "roles.yaml")


@pytest.fixture(scope="session")
def manifest() -> Path:
    """dbt's manifest of the project as it is now; parsed only when something changed."""
    return prepare(settings())


@pytest.fixture(scope="session")
def loaded(manifest: Path) -> tuple[Catalog, Specs]:
    """Marts and specs, checked."""
    return load(manifest)


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    """A copy of the specs that a test may spoil."""
    folder = tmp_path / "checkout/superset_assets"
    for part in PARTS:
        shutil.copytree(ASSETS / part, folder / part)
    for name in FILES:
        shutil.copy(ASSETS / name, folder / name)
    return folder
