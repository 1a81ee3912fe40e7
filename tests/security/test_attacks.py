"""The list of attacks through a plain connection, by a manager of one city and others."""

from __future__ import annotations

import psycopg
import pytest

from orchestration.access import audit
from tests.miniature import TABLES, Miniature
from tests.security.attacks import ATTACKS, Attack, Target

TARGET = Target(
    table="retention.mart_retention__subscriber_month",
    person="li_city_a",
    other="chen_province",
    foreign={
        "area_id": "B11",
        "account_manager_id": "M-B111",
        "city_name": "B市",
        "subscriber_id": "S41",
        "customer_name_masked": "欧**",
        "vip_level": "diamond",
    },
    absent={
        "area_id": "B99",
        "account_manager_id": "M-B999",
        "city_name": "Z市",
        "subscriber_id": "S91",
        "customer_name_masked": "零**",
        "vip_level": "rubyred",
    },
    markers=("B市", "City B", "欧**", "diamond", "M-B", "B11", "B22"),
)
#: who attacks: a manager, and an account manager, whose sessions may write (the log of reveals)
ATTACKERS = ("li_city_a", "zhou_account")


def attempt(world: Miniature, person: str, statement: str) -> tuple[bool, str]:
    """Send statements as they are; whether they failed, and everything that came back."""
    said: list[str] = []
    with world.person(person, autocommit=True) as connection:
        connection.add_notice_handler(lambda note: said.append(str(note.message_primary)))
        connection.execute("set default_transaction_read_only = off")
        try:
            # the simple protocol: several statements in one string, as a client might send
            cursor = psycopg.ClientCursor(connection)
            cursor.execute(statement)  # type: ignore[arg-type]
            while True:
                if cursor.description:
                    said += [str(row) for row in cursor.fetchall()]
                if not cursor.nextset():
                    break
        except psycopg.Error as error:
            return True, "\n".join([*said, str(error)])
    return False, "\n".join(said)


@pytest.fixture(scope="module", autouse=True)
def nothing_has_changed(world: Miniature):
    """After all attacks: the same rows, no new object anywhere, no wider right."""
    census = """
        select (select count(*) from pg_class), (select count(*) from pg_proc),
            (select count(*) from pg_largeobject_metadata), (select count(*) from pg_roles),
            (select count(*) from pg_policy), (select count(*) from pg_database),
            (select count(*) from pg_auth_members), (select count(*) from pg_replication_slots)
    """
    with world.owner(autocommit=True) as owner:
        before = owner.execute(census).fetchall()
        rows = [world.one(f"select count(*) from retention.{table}") for table in TABLES]
        yield
        assert owner.execute(census).fetchall() == before
        assert [world.one(f"select count(*) from retention.{table}") for table in TABLES] == rows
        assert audit(owner) == []


@pytest.mark.parametrize("person", ATTACKERS)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.name)
def test_attack(world: Miniature, person: str, attack: Attack) -> None:
    target = Target(**{**TARGET.__dict__, "person": person})
    statement = attack.statement(target)
    failed, said = attempt(world, person, statement)
    if attack.verdict == "refused":
        assert failed, f"{statement!r} was not refused: {said[:500]}"
        assert "syntax error" not in said, "the attack itself is wrong"
    if attack.verdict == "blind":
        other_failed, other = attempt(world, person, attack.statement(target, absent=True))
        assert (failed, neutral(said, target)) == (other_failed, neutral(other, target))
    else:
        # what the attacker typed himself may come back in a message
        seen = [m for m in target.markers if m in said and m not in statement]
        assert not seen, f"{statement!r} showed {seen}: {said[:500]}"


def neutral(text: str, target: Target) -> str:
    """``text`` without the values that were asked for, which plans and messages repeat."""
    values = {*target.foreign.values(), *target.absent.values()}
    for value in sorted(values, key=len, reverse=True):  # one may lie inside another
        text = text.replace(value, "?")
    return text


def test_the_markers_would_be_seen(world: Miniature) -> None:
    """The list is only worth something if a person who may see them does see them."""
    _, said = attempt(world, "chen_province", f"table {TARGET.table}")
    missing = [marker for marker in TARGET.markers if marker not in said]
    assert not missing


def test_blind_attacks_would_be_noticed(world: Miniature) -> None:
    """EXPLAIN tells a foreign area from none where nothing hinders it: for the owner."""
    attack = next(a for a in ATTACKS if a.name == "count_area")
    with world.owner(autocommit=True) as owner:
        told = [
            neutral(str(owner.execute(attack.statement(TARGET, absent=absent)).fetchall()), TARGET)
            for absent in (False, True)
        ]
    assert told[0] != told[1]


def test_copy_out_gives_own_rows_only(world: Miniature) -> None:
    with (
        world.person("li_city_a") as connection,
        connection.cursor().copy(f"copy {TARGET.table} to stdout") as copy,
    ):
        said = b"".join(copy).decode()
    assert said.count("\n") == 120
    assert not [marker for marker in TARGET.markers if marker in said]


def test_copy_in_is_refused(world: Miniature) -> None:
    with (
        world.person("zhou_account") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        connection.cursor().copy(f"copy {TARGET.table} from stdin") as copy,
    ):
        copy.write("x\n")


@pytest.mark.parametrize("victim", [None, "chen_province"])
def test_nobody_ends_another_session(world: Miniature, victim: str | None) -> None:
    other = world.person(victim) if victim else world.owner()
    with other, world.person("li_city_a") as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select pg_terminate_backend(%s)", [other.info.backend_pid])
        assert other.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("database", ["postgres", "template1", "dagster", "superset"])
def test_other_databases_are_closed(world: Miniature, database: str) -> None:
    name = world.settings.metadata_databases.get(database, database)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(world.settings.database_url(name, user="li_city_a")).close()


def test_own_password_and_settings_are_set_right_again(world: Miniature) -> None:
    """A person may alter his own role; the next `apply` undoes it."""
    from orchestration.access import apply_people

    with world.person("sun_area", autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        connection.execute("alter role sun_area password 'mine' ")
        connection.execute("alter role sun_area set statement_timeout = 0")
        connection.execute("alter role sun_area in database telmart set work_mem = '64MB'")
    apply_people(world.settings)
    assert world.one("show statement_timeout", "sun_area") == "1min"
    assert world.one("show default_transaction_read_only", "sun_area") == "on"
    assert world.one("show work_mem", "sun_area") == world.one("show work_mem")
