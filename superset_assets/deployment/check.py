"""What is refused before Superset is even started, so that a fault leaves everything as it was.

Superset's importer drops the charts that follow a missing one without a word, keeps the old value
of a key that is left out, and knows nothing of our roles and row rules.
"""

from __future__ import annotations

from typing import Any

from orchestration.errors import TelmartError
from superset_assets.deployment.bundle import OURS, Bundle
from superset_assets.serving.landing import in_language

#: the columns the database's policies read, present in every served mart
KEYS = frozenset({"area_id", "account_manager_id"})
#: schemas whose tables say nothing about customers and are open to all people
OPEN_SCHEMAS = frozenset({"status"})
LANGUAGES = ("zh", "en")


def check(bundle: Bundle, said: dict[str, Any]) -> None:
    """Refuse a bundle that does not fit together, or does not fit ``said`` (roles.yaml).

    Raises:
        TelmartError: every fault, with its file and field.
    """
    faults = [*_identity(bundle), *_references(bundle), *_rows(bundle), *_roles(bundle, said)]
    if faults:
        raise TelmartError(
            "The bundle cannot be deployed:\n  " + "\n  ".join(faults),
            "Correct the specs in superset_assets/ (or roles.yaml) and deploy again.",
        )


def granted(said: dict[str, Any]) -> dict[str, list[str]]:
    """Dashboards by slug, in both languages, with the personas who may open them."""
    found: dict[str, list[str]] = {}
    for name, persona in said["personas"].items():
        for base in persona["dashboards"]:
            for language in LANGUAGES:
                found.setdefault(in_language(base, language), []).append(name)
    return found


def _identity(bundle: Bundle) -> list[str]:
    faults = []
    seen: dict[str, str] = {}
    for name, said in bundle.objects.items():
        if name == "metadata.yaml":
            continue
        uuid = str(said.get("uuid", ""))
        if not uuid.startswith(OURS):
            faults.append(f"{name}: uuid {uuid or 'is missing'}; ours begin with {OURS}")
        elif uuid in seen:
            faults.append(f"{name}: uuid {uuid} is also in {seen[uuid]}")
        seen[uuid] = name
    return faults


def _references(bundle: Bundle) -> list[str]:
    faults = []
    for kind, field, target in (
        ("datasets", "database_uuid", "databases"),
        ("charts", "dataset_uuid", "datasets"),
    ):
        known = bundle.uuids(target)
        faults += [
            f"{name}: {field} {said.get(field)} is not among {target}/"
            for name, said in bundle.of(kind).items()
            if said.get(field) not in known
        ]
    charts = bundle.uuids("charts")
    for name, dashboard in bundle.of("dashboards").items():
        for key, part in dashboard.get("position", {}).items():
            if isinstance(part, dict) and part.get("type") == "CHART":
                wanted = part["meta"].get("uuid")
                if wanted not in charts:
                    faults.append(f"{name}: position.{key} shows chart {wanted}, not in the bundle")
    return faults


def _rows(bundle: Bundle) -> list[str]:
    faults = []
    for name, said in bundle.of("datasets").items():
        missing = KEYS - {column["column_name"] for column in said.get("columns", [])}
        if missing and said.get("schema") not in OPEN_SCHEMAS:
            faults.append(
                f"{name}: columns has no {' and no '.join(sorted(missing))},"
                " so people's rows cannot be kept apart"
            )
    return faults


def _roles(bundle: Bundle, said: dict[str, Any]) -> list[str]:
    wanted = granted(said)
    present = {str(board.get("slug")): name for name, board in bundle.of("dashboards").items()}
    faults = [
        f"roles.yaml: personas may open {slug}, which the bundle does not hold"
        for slug in sorted(set(wanted) - set(present))
    ]
    faults += [
        f"{name}: slug {slug} is given to nobody in roles.yaml"
        for slug, name in sorted(present.items())
        if slug not in wanted
    ]
    for name, persona in said["personas"].items():
        if persona["landing"] not in persona["dashboards"]:
            faults.append(f"roles.yaml: {name} lands on {persona['landing']}, not theirs to open")
    return faults
