"""Periods pulled from a real PostgreSQL and a real MariaDB, and loaded."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from orchestration.errors import TelmartError
from orchestration.refresh.gathering import gather
from orchestration.refresh.progress import Progress
from orchestration.sources import due_periods
from orchestration.sources.reading import SourceTable
from tests.sources.shop import FEED, Shop

FOLDER = "shop/payment/2026-10"
WHOLE = [f"{FOLDER}/{name}" for name in (".pulled.json", "manifest.json", "payment.csv.zst")]
mariadb_only = pytest.mark.parametrize("shop", ["mariadb"], indirect=True)
postgresql_only = pytest.mark.parametrize("shop", ["postgresql"], indirect=True)


def test_a_period_with_everything_in_it(shop: Shop) -> None:
    shop.pay(
        "1, '2026-10-01 00:00:00', 0.10, 3, true, '2026-10-01', '充值 “快充”, 100%'",
        "2, '2026-10-31 23:59:59', 12345678.9050, null, false, null, 'two\nlines'",
        "3, '2026-10-15 12:00:00', null, 0, null, '2026-10-15', null",
        "4, '2026-11-01 00:00:00', 99, 1, true, '2026-11-01', 'next month'",
        "5, '2026-09-30 23:59:59', 99, 1, true, '2026-09-30', 'last month'",
        "6, null, 99, 1, true, '2026-09-30', 'no month'",
    )
    done = shop.pull()
    assert (done.state, done.rows) == ("pulled", 3)
    assert shop.landed() == WHOLE
    (result,) = shop.load()
    assert (result.state, result.rows_loaded, result.error) == ("loaded", 3, "")
    # numeric(14,4) at the source, numeric(12,2) here: rounded, and the totals rounded alike
    assert result.control_totals["paid_amt"] == "12345679.01"
    assert shop.rows() == [
        ("1", datetime(2026, 10, 1), Decimal("0.10"), 3, True, date(2026, 10, 1),
         "充值 “快充”, 100%"),
        ("2", datetime(2026, 10, 31, 23, 59, 59), Decimal("12345678.91"), None, False, None,
         "two\nlines"),
        ("3", datetime(2026, 10, 15, 12), None, 0, None, date(2026, 10, 15), None),
    ]  # fmt: skip


def test_only_new_periods_are_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.pay("1, '2026-10-05 00:00:00', 1, 1, true, null, 'a'")
    shop.pull()
    shop.load()
    shop.pay("2, '2026-11-05 00:00:00', 1, 1, true, null, 'b'")
    read: list[str] = []
    batches = SourceTable.batches

    def noted(table: SourceTable, period: Any) -> Any:
        read.append(period.text)
        return batches(table, period)

    monkeypatch.setattr(SourceTable, "batches", noted)
    assert [shop.pull(p).state for p in ("2026-10", "2026-11")] == ["unchanged", "pulled"]
    assert read == ["2026-11"]
    assert [(r.period, r.rows_loaded) for r in shop.load()] == [("2026-11", 1)]
    assert len(shop.rows()) == 2


def test_a_restated_period(shop: Shop) -> None:
    shop.many(3)
    shop.pull()
    shop.load()
    shop.server.run("update pay_record set amt = 2 where pay_id = 2")
    shop.pay("9, '2026-10-06 00:00:00', 1, 1, true, null, 'late'")
    assert shop.pull().state == "unchanged"
    assert shop.pull(again=True).rows == 4
    assert [(r.state, r.rows_loaded) for r in shop.load()] == [("loaded", 4)]
    assert [r[2] for r in shop.rows()] == [Decimal(t) for t in ("1.25", "2.00", "1.25", "1.00")]
    shop.pull(again=True)
    assert shop.load() == [], "the same rows again are the same load"


def test_no_rows(shop: Shop) -> None:
    assert shop.pull().rows == 0
    assert [(r.state, r.rows_loaded) for r in shop.load()] == [("loaded", 0)]


def changing(shop: Shop, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Let somebody insert a row while the rows are read, so many times."""
    left = iter(range(times))
    batches = SourceTable.batches

    def changed(table: SourceTable, period: Any) -> Any:
        for batch in batches(table, period):
            if (turn := next(left, None)) is not None:
                shop.pay(f"{1000 + turn}, '2026-10-07 00:00:00', 5, 1, true, null, 'meanwhile'")
            yield batch

    monkeypatch.setattr(SourceTable, "batches", changed)


def test_a_source_that_changes_once_is_read_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.many(10)
    changing(shop, monkeypatch, times=1)
    assert shop.pull().rows == 11
    assert [(r.state, r.rows_loaded) for r in shop.load()] == [("loaded", 11)]


def test_a_source_that_keeps_changing_is_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.many(10)
    shop.pull()
    shop.load()
    changing(shop, monkeypatch, times=99)
    with pytest.raises(TelmartError, match=r"changes while shop\.payment 2026-10 is being read"):
        shop.pull(again=True)
    assert shop.landed() == WHOLE and shop.load() == []
    assert len(shop.rows()) == 10, "what was loaded before stands"


def test_a_source_that_goes_down_in_the_middle(shop: Shop) -> None:
    shop.many(12_000)
    shop.server.relay.cut(after=300_000)
    with pytest.raises(TelmartError, match="broke off") as caught:
        shop.pull()
    assert shop.server.relay.passed >= 300_000, "it was cut among the rows"
    assert shop.server.password not in str(caught.value)
    assert shop.landed() == [] and shop.load() == []
    shop.server.relay.mend()
    assert shop.pull().rows == 12_000
    assert [r.rows_loaded for r in shop.load()] == [12_000]


def test_wrong_password(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    url = shop.server.url.replace("%40ss", "%40sss")
    monkeypatch.setenv("TELMART_SOURCE_SHOP", url)
    with pytest.raises(TelmartError, match="refuses the login") as caught:
        shop.pull()
    assert "TELMART_SOURCE_SHOP" in caught.value.remedy
    assert "p@sss" not in str(caught.value) and "%40sss" not in str(caught.value)


def test_no_server(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    url = shop.server.url.replace(str(shop.server.relay.own_port), "1")
    monkeypatch.setenv("TELMART_SOURCE_SHOP", url)
    with pytest.raises(TelmartError, match=r"shop \(127.0.0.1:1/shop\)") as caught:
        shop.pull()
    assert shop.server.password not in str(caught.value)


def test_no_address(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELMART_SOURCE_SHOP")
    with pytest.raises(TelmartError, match="no address for the connection 'shop'"):
        shop.pull()
    other = "oracle://u:p@h/x"
    monkeypatch.setenv("TELMART_SOURCE_SHOP", other)
    with pytest.raises(TelmartError, match="is the address of a oracle server"):
        shop.pull()


def test_an_address_in_a_file(shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "shop.url").write_text(shop.server.url + "\n", encoding="utf-8")
    monkeypatch.delenv("TELMART_SOURCE_SHOP")
    monkeypatch.setenv("TELMART_SOURCE_SHOP_FILE", str(tmp_path / "shop.url"))
    assert shop.pull().state == "pulled"


def test_a_table_that_is_not_there(shop: Shop) -> None:
    with pytest.raises(TelmartError, match="no such table") as caught:
        shop.agreed(table="pay_recrod", cursor="paid_at").pull()
    assert "Did you mean pay_record?" in caught.value.remedy


def test_a_column_that_is_not_there(shop: Shop) -> None:
    shop.server.run("alter table pay_record drop column amt")
    with pytest.raises(TelmartError, match="no column for paid_amt; there are pay_id, pay_time"):
        shop.pull()
    shop.server.run("alter table pay_record add column amt int")
    with pytest.raises(TelmartError, match="no column for the cursor booked_at"):
        shop.agreed(table="pay_record", cursor="booked_at").pull()


def test_a_query(shop: Shop) -> None:
    shop.many(5)
    shop = shop.agreed(
        query="select p.*, pay_time as paid_at from pay_record p where pay_id <> 3;",
        cursor="booked",
    )
    with pytest.raises(TelmartError, match="are both paid_at"):
        shop.pull()
    shop = shop.agreed(
        query="select p.*, pay_time as booked from pay_record p where pay_id <> 3;",
        cursor="booked",
    )
    assert shop.pull().rows == 4
    (result,) = shop.load()
    assert (result.state, result.control_totals["paid_amt"]) == ("loaded", "5.00")
    assert shop.pull("2026-11").rows == 0


@pytest.mark.parametrize(("kind", "value"), [("char(6)", "'202610'"), ("int", "202610")])
def test_a_cursor_that_is_no_date(shop: Shop, kind: str, value: str) -> None:
    shop.many(2)
    shop.server.run(f"alter table pay_record add column month {kind}",
                    f"update pay_record set month = {value} where pay_id = 1")  # fmt: skip
    with pytest.raises(TelmartError, match="neither date nor time") as caught:
        shop.agreed(table="pay_record", cursor="month").pull()
    assert "cursorFormat" in caught.value.remedy
    shop = shop.agreed(table="pay_record", cursor="month", cursorFormat="%Y%m")
    assert (shop.pull().rows, shop.pull("2026-11").rows) == (1, 0)


def test_a_feed_without_periods_is_read_when_it_changed(shop: Shop) -> None:
    shop.many(3)
    shop = shop.agreed("full", table="pay_record")
    assert [shop.pull("full").state for _ in range(2)] == ["pulled", "unchanged"]
    shop.server.run("update pay_record set amt = 7 where pay_id = 3")
    assert shop.pull("full").state == "pulled"
    assert [r.rows_loaded for r in shop.load()] == [3]


def test_moments_with_a_zone_are_the_installation_s(shop: Shop) -> None:
    zoned = "timestamptz" if shop.server.kind == "postgresql" else "timestamp null"
    shop.recreate(f"pay_id bigint primary key, pay_time {zoned}, amt decimal(14,4), qty int,"
                  " gift boolean, pay_day date, 备注 varchar(50)")  # fmt: skip
    plus = "+00" if shop.server.kind == "postgresql" else ""  # the other session is in UTC
    shop.pay(
        f"1, '2026-09-30 15:59:59{plus}', 1, 1, true, null, 'September in Shanghai'",
        f"2, '2026-09-30 16:00:00{plus}', 1, 1, true, null, 'October'",
        f"3, '2026-10-31 16:00:00{plus}', 1, 1, true, null, 'November'",
    )
    assert shop.pull().rows == 1
    shop.load()
    assert [row[:2] for row in shop.rows()] == [("2", datetime(2026, 10, 1))]


@mariadb_only
def test_what_only_mysql_knows(shop: Shop) -> None:
    shop.pay(
        "1, '2026-10-05 00:00:00', 1, 1, 1, '0000-00-00', 'no date'",
        "2, '2026-10-05 00:00:00', 1, 1, 0, '2026-10-00', 'no day'",
        "3, '2026-10-05 00:00:00', 1, 1, 2, '2026-10-05', 'neither yes nor no'",
        r"4, '2026-10-05 00:00:00', 1, 1, 1, '2026-10-05', 'NUL\0inside'",
        "5, '2026-10-05 00:00:00', 1, 1, 1, '2026-10-05', 'good'",
    )
    shop.pay(*(f"{n}, '2026-10-05 00:00:00', 1, 1, 1, '2026-10-05', 'good'" for n in (6, 7)))
    assert shop.pull().rows == 7
    (result,) = shop.load()
    assert (result.state, result.rows_quarantined) == ("loaded", 3)
    good = [(n, date(2026, 10, 5)) for n in "567"]
    assert [(row[0], row[5]) for row in shop.rows()] == [("1", None), *good]
    found = [(column, value) for _, _, column, value, _ in shop.warehouse.quarantine()]
    assert found[:2] == [("paid_date", "2026-10-00"), ("is_gift", "2")]
    assert "NUL" in shop.warehouse.quarantine()[2][4]


def test_what_no_file_can_hold_names_its_place(shop: Shop) -> None:
    blob = "bytea" if shop.server.kind == "postgresql" else "blob"
    shop.recreate(f"pay_id bigint primary key, pay_time timestamp null, amt decimal(14,4), qty int,"
                  f" gift boolean, pay_day date, 备注 {blob}")  # fmt: skip
    value = r"'\xff00'" if shop.server.kind == "postgresql" else "x'ff00'"
    shop.pay(f"7, '2026-10-05 00:00:00', 1, 1, true, null, {value}")
    with pytest.raises(TelmartError) as caught:
        shop.pull()
    assert "shop: pay_record, row payment_id=7, column remark:" in caught.value.message
    assert "is binary and no text" in caught.value.message
    assert "view" in caught.value.remedy
    assert shop.landed() == []


def test_files_of_somebody_else_are_left_alone(shop: Shop) -> None:
    shop.pull()
    (shop.pull().folder / ".pulled.json").unlink()
    with pytest.raises(TelmartError, match="holds files that were not pulled"):
        shop.pull()


def test_a_refresh_pulls_what_is_due(shop: Shop) -> None:
    shop.many(4)
    shop = shop.agreed(table="pay_record", cursor="paid_at", **{"from": "2026-08"})
    third = datetime(2026, 11, 3, 7, 59)
    assert due_periods(shop.settings, third) == [(FEED, "2026-08"), (FEED, "2026-09")]
    at_eight = third.replace(hour=8, minute=0)
    assert due_periods(shop.settings, at_eight)[-1] == (FEED, "2026-10")
    shop.pull()
    assert (FEED, "2026-10") not in due_periods(shop.settings, at_eight)
    progress = Progress()
    assert gather(shop.settings, progress, "2026-09") == []
    assert "shop/payment/2026-09/manifest.json" in shop.landed()
    shop.server.relay.cut(after=0)
    (missed,) = gather(shop.settings, progress, "2026-08")
    assert missed.startswith(f"{FEED} 2026-08: ")
    assert progress.notes == [f"Not brought in: {missed}"]
    assert {r.period: r.state for r in shop.load()} == {"2026-09": "loaded", "2026-10": "loaded"}


@postgresql_only
def test_dlt_tells_nobody(shop: Shop) -> None:
    shop.pull()
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
    from dlt.common.runtime import anon_tracker

    context = Container()[PluggableRunContext].context
    assert not context.runtime_config.dlthub_telemetry
    assert anon_tracker._ANON_TRACKER_ENDPOINT is None
