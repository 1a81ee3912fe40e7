"""Behind the mask: only one's own customers, and never without a committed line in the log."""

from __future__ import annotations

import psycopg
import pytest

from tests.miniature import Miniature

MINE = "select subscriber_id from core.dim_subscriber where account_manager_id_current = 'M-A111'"
ASK = "select access.request_msisdn(%s, %s)"
SHOW = "select access.reveal_msisdn(%s)"
ASK_PROFILE = "select access.request_vip_profile(%s, %s)"
SHOW_PROFILE = "select * from access.reveal_vip_profile(%s)"


def log_size(world: Miniature) -> int:
    return int(world.one("select count(*) from access.pii_access"))


def test_an_account_manager_sees_a_number_of_his_own_and_it_is_logged(world: Miniature) -> None:
    customer = world.one(MINE)
    number = world.one(
        f"select msisdn from staging.stg_crm__subscriber where subscriber_id = '{customer}'"
    )
    with world.person("zhou_account", autocommit=True) as connection:
        row = connection.execute(ASK, [customer, "  contract ends soon "]).fetchone()
        assert connection.execute(SHOW, row).fetchone() == (number,)
    with world.owner() as owner:
        logged = owner.execute(
            "select person, subscriber_id, reason, now() - requested_at < interval '1 minute'"
            " from access.pii_access where pii_access_id = %s",
            row,
        ).fetchone()
    assert logged == ("zhou_account", customer, "contract ends soon", True)


def test_a_look_cannot_be_rolled_back_out_of_the_log(world: Miniature) -> None:
    before = log_size(world)
    with world.person("zhou_account") as connection:
        row = connection.execute(ASK, [world.one(MINE), "just curious"]).fetchone()
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="transaction of its own"),
            connection.transaction(),
        ):
            connection.execute(SHOW, row)
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            connection.transaction(),
        ):
            connection.execute("savepoint s")
            connection.execute(SHOW, row)
        connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(SHOW, row)
    assert log_size(world) == before


@pytest.mark.parametrize("person", ["zhou_account", "li_city_a", "chen_province", "qian_noscope"])
def test_nobody_asks_for_anothers_customer(world: Miniature, person: str) -> None:
    other = world.one(MINE.replace("M-A111", "M-A112"))
    before = log_size(world)
    said = []
    for subscriber in (other, "nobody"):
        with (
            world.person(person, autocommit=True) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege) as caught,
        ):
            connection.execute("set default_transaction_read_only = off")
            connection.execute(ASK, [subscriber, "just curious"])
        said.append(str(caught.value))
    assert said[0] == said[1], "the answer tells whether the subscriber exists"
    assert log_size(world) == before


def test_another_persons_request_and_an_old_one_show_nothing(world: Miniature) -> None:
    with world.person("zhou_account", autocommit=True) as connection:
        row = connection.execute(ASK, [world.one(MINE), "contract ends"]).fetchone()
        with (
            world.person("he_both", autocommit=True) as other,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            other.execute(SHOW, row)
        with world.owner(autocommit=True) as owner:
            owner.execute(
                "update access.pii_access set requested_at = now() - interval '11 minutes'"
                " where pii_access_id = %s",
                row,
            )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(SHOW, row)


@pytest.mark.parametrize("reason", ["", "    x   ", None])
def test_a_reason_is_needed(world: Miniature, reason: str | None) -> None:
    with (
        world.person("zhou_account", autocommit=True) as connection,
        pytest.raises(psycopg.errors.InvalidParameterValue, match="Say why"),
    ):
        connection.execute(ASK, [world.one(MINE), reason])


@pytest.mark.parametrize("on_file", [True, False])
def test_an_account_manager_sees_a_profile_of_his_own_and_it_is_logged(
    world: Miniature, on_file: bool
) -> None:
    profiles = "select subscriber_id from staging.stg_crm__vip_profile"
    customer = world.one(f"{MINE} and subscriber_id {'' if on_file else 'not'} in ({profiles})")
    with world.person("zhou_account", autocommit=True) as connection:
        row = connection.execute(ASK_PROFILE, [customer, "birthday care"]).fetchone()
        shown = connection.execute(SHOW_PROFILE, row).fetchone()
        # what was asked for is shown, and nothing else
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(SHOW, row)
        number = connection.execute(ASK, [customer, "birthday care"]).fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(SHOW_PROFILE, number)
    birthday = f"05-{int(customer[1:]) % 28 + 1:02d}"
    assert shown == ((birthday, "doctor", "Q84", None) if on_file else (None,) * 4)
    logged = "select person || ' ' || subscriber_id || ' ' || subject || ' ' || reason"
    logged += f" from access.pii_access where pii_access_id = {row[0]}"
    assert world.one(logged) == f"zhou_account {customer} vip_profile birthday care"


@pytest.mark.parametrize("person", ["zhou_account", "li_city_a", "chen_province", "qian_noscope"])
def test_nobody_sees_the_profile_of_anothers_customer(world: Miniature, person: str) -> None:
    """The mask holds above the account manager too: only who looks after a VIP may ask."""
    other = world.one(MINE.replace("M-A111", "M-A112"))
    before = log_size(world)
    for subscriber in (other, "nobody"):
        with (
            world.person(person, autocommit=True) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("set default_transaction_read_only = off")
            connection.execute(ASK_PROFILE, [subscriber, "just curious"])
    assert log_size(world) == before


def test_a_look_at_a_profile_cannot_be_rolled_back_out_of_the_log(world: Miniature) -> None:
    with world.person("zhou_account") as connection:
        row = connection.execute(ASK_PROFILE, [world.one(MINE), "just curious"]).fetchone()
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="transaction of its own"),
            connection.transaction(),
        ):
            connection.execute(SHOW_PROFILE, row)
        connection.rollback()
