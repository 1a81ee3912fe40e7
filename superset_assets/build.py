"""Build the bundle Superset imports: ``python -m superset_assets.build MANIFEST OUT``.

Everything comes from the dbt manifest and the specs beside this file. The same input gives the same
bytes. What does not fit together is refused with the file and the field.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import yaml

from orchestration.errors import TelmartError
from orchestration.settings import GATE, Settings, settings
from superset_assets.builder.boards import build_dashboard, slug_in
from superset_assets.builder.catalog import Catalog
from superset_assets.builder.check import check
from superset_assets.builder.choices import build_choices, choices_name, has_choices
from superset_assets.builder.datasets import build_dataset, dataset_name
from superset_assets.builder.ids import uuid_of
from superset_assets.builder.manifest import read_catalog
from superset_assets.builder.reading import read_specs
from superset_assets.builder.slices import build_slice, slice_key
from superset_assets.builder.specs import ASSETS, Specs
from superset_assets.builder.tables import read_tables
from superset_assets.builder.text import LANGUAGES

DATABASE = "telmart"


def build_bundle(manifest: Path, out: Path, *, assets: Path = ASSETS) -> list[Path]:
    """Write the bundle to ``out`` and remove from there what no longer belongs to it.

    Args:
        manifest: dbt's manifest.json.
        out: folder of the bundle; made when missing.
        assets: folder of the specs.

    Returns:
        The files of the bundle, sorted.

    Raises:
        TelmartError: a spec is wrong or names what the marts do not have.
    """
    catalog, specs = load(manifest, assets)
    files = bundle(catalog, specs, settings())
    paths = []
    for name, content in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        paths.append(path)
    for stale in set(out.rglob("*.yaml")) - set(paths):
        stale.unlink()
    return sorted(paths)


def load(manifest: Path, assets: Path = ASSETS) -> tuple[Catalog, Specs]:
    """Marts, tables and checked specs."""
    catalog = {**read_catalog(manifest), **read_tables(assets / "datasets")}
    specs = read_specs(assets)
    check(catalog, specs, assets)
    return catalog, specs


def bundle(catalog: Catalog, specs: Specs, where: Settings) -> Mapping[str, Any]:
    """Contents of the bundle's files, by their names in it."""
    database = uuid_of("database", DATABASE)
    files: dict[str, Any] = {
        # A fixed time: the importer demands one, and the bundle must not change by itself.
        "metadata.yaml": {
            "version": "1.0.0",
            "type": "assets",
            "timestamp": "2026-01-01T00:00:00+00:00",
        },
        f"databases/{DATABASE}.yaml": _database(where, database),
    }
    compared: dict[str, set[str]] = {}
    for chart in specs.charts.values():
        if chart.compare:
            compared.setdefault(chart.mart, set()).update(chart.metrics)
    for given in specs.filters.values():
        if has_choices(given):
            files[f"datasets/{DATABASE}/{choices_name(given)}.yaml"] = build_choices(
                given, catalog[given.mart], specs, database
            )
    for language in LANGUAGES:
        for mart in catalog.values():
            name = dataset_name(mart.name, language)
            files[f"datasets/{DATABASE}/{name}.yaml"] = build_dataset(
                mart, language, specs, database
            )
            if mart.name in compared:
                name = dataset_name(mart.name, language, compare=True)
                files[f"datasets/{DATABASE}/{name}.yaml"] = build_dataset(
                    mart, language, specs, database, compared[mart.name]
                )
        for chart in specs.charts.values():
            files[f"charts/{slice_key(chart.id, language)}.yaml"] = build_slice(
                chart, catalog, specs, language
            )
        for dashboard in specs.dashboards.values():
            files[f"dashboards/{slug_in(dashboard.slug, language)}.yaml"] = build_dashboard(
                dashboard, catalog, specs, language
            )
    return dict(sorted(files.items()))


def _database(where: Settings, uuid: str) -> dict[str, Any]:
    """The warehouse as the gate role: no password here, see serving/warehouse.py."""
    url = urlsplit(where.database_url())
    address = f"{url.hostname}:{url.port or 5432}"
    return {
        "database_name": DATABASE,
        "sqlalchemy_uri": f"postgresql+psycopg2://{quote(GATE)}@{address}/{where.warehouse}",
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "impersonate_user": False,
        "extra": {
            "allows_virtual_table_explore": True,
            "cost_estimate_enabled": False,
            "schema_options": {"expand_rows": False},
            "engine_params": {"pool_pre_ping": True},
        },
        "uuid": uuid,
        "version": "1.0.0",
    }


def main() -> int:
    """Entry point; exit code 1 with a message when something is refused."""
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    try:
        paths = build_bundle(Path(sys.argv[1]), Path(sys.argv[2]))
    except TelmartError as error:
        print(f"Error: {error.message}\nWhat to do: {error.remedy}", file=sys.stderr)
        return 1
    print(f"{len(paths)} files in {sys.argv[2]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
