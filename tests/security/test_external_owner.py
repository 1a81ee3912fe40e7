"""On somebody else's server the owner is no superuser: rows are guarded all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from orchestration.access import apply_people, audit
from orchestration.access.hardening import openings
from orchestration.engine.databases import provision
from orchestration.engine.server import EmbeddedServer
from orchestration.errors import TelmartError
from orchestration.publication import publish
from orchestration.settings import Settings
from tests.conftest import scratch_settings
from tests.miniature import PEOPLE, SCOPES, SEES, Miniature, fill, write_people

COUNT = "select count(*) from retention.mart_retention__warning"


@pytest.fixture(scope="module")
def external(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Settings]]:
    """A server as an administrator hands it over: settings of its superuser, and ours."""
    home = tmp_path_factory.mktemp("external")
    admin = scratch_settings(home / "admin")
    server = EmbeddedServer(admin)
    server.start()
    with psycopg.connect(admin.database_url("postgres"), autocommit=True) as connection:
        connection.execute("create role dw login password 'dw' createdb createrole")
        connection.execute("create database dwh owner dw")
    url = f"postgresql://dw:dw@127.0.0.1:{admin.pg_port}/dwh"
    ours = replace(admin, home=home / "ours", external_url=url)
    yield admin, ours
    server.remove()


def test_the_owner_needs_no_superuser(external: tuple[Settings, Settings], tmp_path: Path) -> None:
    admin, ours = external
    provision(ours)
    fill(ours)
    write_people(ours)
    first = apply_people(ours)
    publish(ours)
    world = Miniature(ours)

    # everybody sees what he should; the owner's own rows are under forced row security too
    assert world.one(COUNT) == 240
    for person, rule in SEES.items():
        assert world.one(COUNT, person) == world.one(f"{COUNT} where {rule}"), person

    # what an administrator has to close is said, and written down for him
    assert len(first.warnings) == 1
    assert "could not be closed" in first.warnings[0] and "harden.sql" in first.warnings[0]
    script = (ours.home / "harden.sql").read_text()
    assert (
        "revoke execute on function query_to_xml(text,boolean,boolean,text) from public" in script
    )
    with psycopg.connect(admin.database_url("dwh"), autocommit=True) as connection:
        connection.execute("begin")
        connection.execute(
            "\n".join(line for line in script.splitlines() if " on database " not in line)
        )
    with world.owner() as owner:
        left = [o.what for o in openings(owner)]
        assert all(what.startswith("database ") for what in left), left
        # only the administrator's own databases are still open to everybody
        assert all(" database " in f" {fault}" for fault in audit(owner)), audit(owner)

    # and everything goes on afterwards, though its functions are closed to everybody else
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        world.one("select query_to_xml('select 1', true, true, '')", "li_city_a")
    again = apply_people(ours)
    publish(ours)
    assert world.one(COUNT, "li_city_a") == 120
    assert "database postgres" in again.warnings[0] or "database template1" in again.warnings[0]

    # a removed person is gone
    write_people(ours, people=_without("sun_area", "people"), scopes=_without("sun_area", "scopes"))
    removed = apply_people(ours)
    assert removed.removed == ["sun_area"]
    with pytest.raises(TelmartError):
        world.person("sun_area")


def test_another_warehouse_on_the_server_is_left_alone(
    external: tuple[Settings, Settings],
) -> None:
    """Roles belong to the server: the second warehouse takes nobody over."""
    admin, ours = external
    with psycopg.connect(admin.database_url("postgres"), autocommit=True) as connection:
        connection.execute("create role plain login password 'plain'")
        connection.execute("create database plain owner plain")
    from orchestration.engine.databases import migrate

    # the groups are there already, made by another owner, and that is not enough either
    url = f"postgresql://plain:plain@127.0.0.1:{admin.pg_port}/plain"
    settings = replace(ours, external_url=url)
    with psycopg.connect(url) as connection:
        migrate(connection)
    write_people(settings)
    with pytest.raises(TelmartError, match="roles this warehouse did not make: chen_province"):
        apply_people(settings)
    header, _, _ = PEOPLE.partition("\n")
    write_people(settings, f"{header}\nma_other,,马,Ma,analyst,zh\n", SCOPES.partition("\n")[0])
    with pytest.raises(TelmartError, match="may not do what access needs") as caught:
        apply_people(settings)
    assert "createrole" in caught.value.remedy
    assert Miniature(ours).one(COUNT, "li_city_a") == 120


def _without(person: str, which: str) -> str:
    text = {"people": PEOPLE, "scopes": SCOPES}[which]
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(person + ","))
