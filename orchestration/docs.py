"""Write what is generated and checked in: ``make docs``. Tests fail while any of it is old."""

from __future__ import annotations

from orchestration.contracts.derive import write_sources
from orchestration.contracts.pages import write_pages
from orchestration.refresh.manifest import prepare
from orchestration.rules.pages import write_page
from orchestration.settings import ROOT, settings


def main() -> None:
    """All that follows from the contracts, and from marts and charts."""
    from superset_assets.build import load  # noqa: PLC0415 - reads the specs
    from superset_assets.builder.docs import write_docs  # noqa: PLC0415

    sources = write_sources()
    write_pages()
    tables = write_page()
    changed = write_docs(*load(prepare(settings())))
    print("\n".join(str(path.relative_to(ROOT)) for path in [sources, tables, *changed]))


if __name__ == "__main__":
    main()
