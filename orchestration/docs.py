"""Write what is generated and checked in: ``make docs``. Tests fail while any of it is old."""

from __future__ import annotations

from orchestration import coverage, dictionary
from orchestration.contracts.derive import write_sources
from orchestration.contracts.pages import write_pages
from orchestration.refresh.manifest import prepare
from orchestration.rules import pages as rules_pages
from orchestration.settings import ROOT, settings


def main() -> None:
    """All that follows from contracts, models, rule tables, marts and charts."""
    from superset_assets.build import load  # noqa: PLC0415 - reads the specs
    from superset_assets.builder.docs import write_docs  # noqa: PLC0415

    written = [
        write_sources(),
        dictionary.write_page(),
        coverage.write_page(),
        rules_pages.write_page(),
    ]
    write_pages()
    written += write_docs(*load(prepare(settings())))
    print("\n".join(str(path.relative_to(ROOT)) for path in written))


if __name__ == "__main__":
    main()
