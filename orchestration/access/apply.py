"""Bring roles, scopes and policies to what the people files say; all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from orchestration.access import hardening, logins
from orchestration.access.groups import ensure_groups
from orchestration.access.people_files import (
    SAMPLE,
    People,
    Scope,
    people_folder,
    read_people,
)
from orchestration.access.scopes import (
    check_against_organisation,
    expand_scopes,
    organisation_is_known,
    unknown_scopes,
)
from orchestration.access.served import protect
from orchestration.engine.databases import connect
from orchestration.errors import TelmartError
from orchestration.settings import Settings


@dataclass
class ApplyResult:
    """What ``apply_people`` did.

    Attributes:
        folder: where the people were read from; None when an operator has none yet.
        created, removed: person names.
        scopes_changed: somebody sees something else than before, so cached answers must go.
        warnings: what needs a human, in whole sentences.
    """

    folder: Path | None = None
    created: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    scopes_changed: bool = False
    warnings: list[str] = field(default_factory=list)


def apply_people(settings: Settings) -> ApplyResult:
    """Make roles, grants and scopes equal to people.csv and person_scope.csv.

    Idempotent and atomic: on an error nobody's access has changed.

    Raises:
        TelmartError: the files are at fault (every row is named), or a name is taken.
    """
    result = ApplyResult(folder=people_folder(settings))
    people = read_people(result.folder) if result.folder else None
    try:
        with connect(settings) as warehouse:
            _transaction(warehouse, settings, people, result)
            warehouse.commit()
    except psycopg.errors.InsufficientPrivilege as error:
        detail = " ".join(filter(None, [error.diag.message_primary, error.diag.message_detail]))
        raise TelmartError(
            f"The owner of the warehouse may not do what access needs: {detail}",
            "Have an administrator run `alter role <owner> createrole` on the server; if another"
            " role made the telmart_ groups, also `grant telmart_people, telmart_scope_all,"
            " telmart_scope_area, telmart_scope_account to <owner> with admin option`.",
        ) from error
    if result.removed:
        with connect(settings, autocommit=True) as warehouse:
            logins.end_sessions(warehouse, set(result.removed))
    return result


def _transaction(
    warehouse: psycopg.Connection[Any],
    settings: Settings,
    people: People | None,
    result: ApplyResult,
) -> None:
    warehouse.execute("select pg_advisory_xact_lock(hashtext('telmart.access'))")
    _prepare(warehouse)
    if people is None:
        result.warnings.append(
            "No people.csv was found, so nobody was added or removed. Put people.csv and"
            f" person_scope.csv into {settings.home / 'people'}."
        )
    else:
        _apply(warehouse, settings, people, result)
    _harden(warehouse, settings, result)


def _prepare(warehouse: psycopg.Connection[Any]) -> None:
    """Groups, the policy pattern, and every served table brought to the pattern."""
    ensure_groups(warehouse)
    for schema, table in _served(warehouse):
        protect(warehouse, schema, table)


def _served(warehouse: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """Registered served tables that exist, as (schema, table)."""
    return warehouse.execute(
        "select schema_name, table_name from access.served_table"
        " where to_regclass(format('%I.%I', schema_name, table_name)) is not null order by 1, 2"
    ).fetchall()


def _of_this_size(
    warehouse: psycopg.Connection[Any], people: People, result: ApplyResult
) -> People:
    """The sample's people with the scopes that a sample of this size has: one city has no second.

    Nobody chose these ids, so there is nothing to correct.
    """
    missing = unknown_scopes(warehouse, people)
    result.warnings += [
        f"A sample of this size has no {scope.scope_type} {scope.scope_id}: {scope.person} does not"
        " see it."
        for scope in missing
    ]
    return replace(people, scopes=[scope for scope in people.scopes if scope not in missing])


def _apply(
    warehouse: psycopg.Connection[Any], settings: Settings, people: People, result: ApplyResult
) -> None:
    wanted = {p.person for p in people.people}
    ours = logins.our_logins(warehouse)
    logins.refuse_foreign_roles(warehouse, wanted, ours)
    if organisation_is_known(warehouse):
        if people.folder == SAMPLE:
            people = _of_this_size(warehouse, people, result)
        check_against_organisation(warehouse, people)
    else:
        result.warnings.append(
            "The organisation is not loaded yet, so scope ids were not checked and managers see"
            " nothing until the first run."
        )
    _write_tables(warehouse, people)
    changed = expand_scopes(warehouse, settings.timezone)
    today = datetime.now(ZoneInfo(settings.timezone)).date()
    schemas = {schema for schema, _ in _served(warehouse)}
    for person in people.people:
        kinds = _open_kinds(people.scopes, person.person, today)
        result.warnings += logins.ensure_person(
            warehouse, person.person, settings.secret("pg:" + person.person), kinds, schemas
        )
    for name in sorted(ours - wanted):
        problem = logins.remove_person(warehouse, name)
        if problem:
            result.warnings.append(problem)
    result.created = sorted(wanted - ours)
    result.removed = sorted(ours - wanted)
    result.scopes_changed = bool(changed or result.created or result.removed)


def _open_kinds(scopes: list[Scope], person: str, today: date) -> set[str]:
    """Kinds of scope that have not ended (or end after today somewhere on earth)."""
    return {
        s.scope_type
        for s in scopes
        if s.person == person and (s.valid_to is None or s.valid_to + timedelta(days=1) >= today)
    }


def _write_tables(warehouse: psycopg.Connection[Any], people: People) -> None:
    """access.person and access.person_scope exactly as in the files."""
    warehouse.execute(
        "delete from access.person where person <> all(%s)", [[p.person for p in people.people]]
    )
    with warehouse.cursor() as cursor:
        cursor.executemany(
            "insert into access.person as kept"
            " (person, staff_id, display_name, display_name_en, persona, language)"
            " values (%s, %s, %s, %s, %s, %s) on conflict (person) do update set"
            " staff_id = excluded.staff_id, display_name = excluded.display_name,"
            " display_name_en = excluded.display_name_en, persona = excluded.persona,"
            " language = excluded.language, changed_at = now()"
            " where (kept.staff_id, kept.display_name, kept.display_name_en, kept.persona,"
            " kept.language) is distinct from (excluded.staff_id, excluded.display_name,"
            " excluded.display_name_en, excluded.persona, excluded.language)",
            [
                (p.person, p.staff_id, p.display_name, p.display_name_en, p.persona, p.language)
                for p in people.people
            ],
        )
        cursor.execute("delete from access.person_scope")
        cursor.executemany(
            "insert into access.person_scope (person, scope_type, scope_id, valid_from, valid_to)"
            " values (%s, %s, %s, %s, %s)",
            [(s.person, s.scope_type, s.scope_id, s.valid_from, s.valid_to) for s in people.scopes],
        )


def _harden(warehouse: psycopg.Connection[Any], settings: Settings, result: ApplyResult) -> None:
    remaining = hardening.harden(warehouse, own_server=settings.external_url is None)
    path = settings.home / "harden.sql"
    if not remaining:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(hardening.script(remaining))
    result.warnings.append(
        f"{len(remaining)} openings of the server could not be closed, because only a superuser or"
        f" its administrator may ({remaining[0].what}, …). Rows stay guarded by row security;"
        f" what stays open is listed in docs/access.md. Have {path} read and run there."
    )
