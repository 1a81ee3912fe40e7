"""A warehouse small enough to count by hand: two cities, eight areas, sixteen account managers.

Build tables are filled directly, with the key columns of the real marts and a few others, so that
tests of access and publication need neither extracts nor dbt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from orchestration.access import apply_people
from orchestration.engine.databases import connect, provision
from orchestration.engine.server import EmbeddedServer
from orchestration.publication import publish
from orchestration.settings import Settings
from tests.conftest import scratch_settings

MONTHS = (date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1))
#: column: type, and its value for a customer of core.dim_subscriber; every number is :amount
KEYS = {
    "stat_month": ("date not null", "m"),
    "province_id": ("text", "'P'"),
    "city_id": ("text", "left(area_id_current, 1)"),
    "city_name": ("text", "left(area_id_current, 1) || '市'"),
    "city_name_en": ("text", "'City ' || left(area_id_current, 1)"),
    "county_id": ("text", "left(area_id_current, 2)"),
    "area_id": ("text", "area_id_current"),
    "account_manager_id": ("text", "account_manager_id_current"),
}
_COUNT = ("bigint", ":amount")
_MONEY = ("numeric(18, 2)", ":amount")
TABLES = {
    "mart_retention__cohort_month": {
        "cohort_id": ("text", "'2025-12'"), "base_cnt": _COUNT, "retained_cnt": _COUNT,
    },
    "mart_retention__segment_month": {
        "vad_class": ("text", "'VAD'"), "subscriber_cnt": _COUNT, "billed_amt": _MONEY,
    },
    "mart_retention__subscriber_month": {
        "subscriber_id": ("text", "subscriber_id"),
        "msisdn_masked": ("text", "msisdn_masked"),
        # some values live in city B only: whoever meets them has looked too far
        "customer_name_masked": (
            "text", "case left(area_id_current, 1) when 'B' then '欧**' else '张**' end"
        ),
        "vip_level": (
            "text", "case left(area_id_current, 1) when 'B' then 'diamond' else 'none' end"
        ),
        "billed_amt": _MONEY,
        "is_mid_high": ("boolean", "true"),
        "contract_ends_on": ("date", "date '2027-01-31'"),
    },
    "mart_retention__warning": {
        "warning_id": ("text", "m || '|' || subscriber_id"),
        "warning_level": ("integer", ":amount"),
        "subscriber_id": ("text", "subscriber_id"),
    },
}  # fmt: skip
PEOPLE = """\
person,staff_id,display_name,display_name_en,persona,language
chen_province,E1,陈岚,Chen Lan,executive,zh
li_city_a,E2,李青,Li Qing,manager,zh
wang_city_b,E3,王栖,Wang Qi,manager,zh
zhao_county,E4,赵霞,Zhao Xia,manager,zh
sun_area,E5,孙关,Sun Guan,manager,zh
zhou_account,M-A111,周晓,Zhou Xiao,account_manager,zh
wu_analyst,E6,吴析,Wu Xi,analyst,en
zheng_engineer,E7,郑工,Zheng Gong,data_engineer,en
qian_noscope,E8,钱新,Qian Xin,manager,zh
feng_expired,E9,冯旧,Feng Jiu,manager,zh
han_future,E10,韩来,Han Lai,executive,zh
he_both,E11,何双,He Shuang,manager,zh
"""
SCOPES = """\
person,scope_type,scope_id,valid_from,valid_to
chen_province,all,*,2025-01-01,
li_city_a,city,A,2025-01-01,
wang_city_b,city,B,2025-01-01,
zhao_county,county,B1,2025-01-01,
sun_area,area,B22,2025-01-01,
zhou_account,account_manager,M-A111,2025-01-01,
wu_analyst,city,A,2025-01-01,
zheng_engineer,all,*,2025-01-01,
feng_expired,city,A,2025-01-01,2026-01-31
feng_expired,all,*,2025-01-01,2026-01-31
han_future,all,*,2099-01-01,
he_both,area,A11,2025-01-01,
he_both,account_manager,M-B111,2025-01-01,
"""
#: SQL that is true of the rows each person may see; the independent statement of the same rules
SEES = {
    "chen_province": "true",
    "li_city_a": "city_id = 'A'",
    "wang_city_b": "city_id = 'B'",
    "zhao_county": "county_id = 'B1'",
    "sun_area": "area_id = 'B22'",
    "zhou_account": "account_manager_id = 'M-A111'",
    "wu_analyst": "city_id = 'A'",
    "zheng_engineer": "true",
    "qian_noscope": "false",
    "feng_expired": "false",
    "han_future": "false",
    "he_both": "area_id = 'A11' or account_manager_id = 'M-B111'",
}


@dataclass(frozen=True)
class Miniature:
    """The running miniature and its connections."""

    settings: Settings

    def owner(self, **kw: Any) -> psycopg.Connection[Any]:
        """A connection past every rule, to count what there is."""
        return connect(self.settings, **kw)

    def person(self, name: str, **kw: Any) -> psycopg.Connection[Any]:
        """A connection as people have it: their own role, their own password."""
        return connect(self.settings, user=name, **kw)

    def one(self, query: str, person: str | None = None) -> Any:
        """First column of the first row of ``query``, as the owner or as a person."""
        with connect(self.settings, user=person, autocommit=True) as connection:
            row = connection.execute(query).fetchone()  # type: ignore[arg-type]
            return row[0] if row else None


@contextmanager
def miniature(home: Path) -> Iterable[Miniature]:  # type: ignore[misc]
    """A server of its own with the miniature built, people applied and everything published."""
    settings = scratch_settings(home)
    server = EmbeddedServer(settings)
    server.start()
    try:
        provision(settings)
        fill(settings)
        write_people(settings)
        apply_people(settings)
        publish(settings)
        apply_people(settings)  # as a refresh does: search paths name what is served
        yield Miniature(settings)
    finally:
        server.remove()


def write_people(settings: Settings, people: str = PEOPLE, scopes: str = SCOPES) -> Path:
    """Put people files where an installation's own are read from."""
    folder = settings.home / "people"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "people.csv").write_text(people)
    (folder / "person_scope.csv").write_text(scopes)
    return folder


def write_manifest(
    settings: Settings,
    tables: Iterable[str] = tuple(TABLES),
    *,
    feeds: Sequence[str] = ("boss.subscriber_bill",),
    others: Mapping[str, Sequence[str]] | None = None,
    **meta: Any,
) -> None:
    """A dbt manifest with these models in ``marts/retention``, described in two languages.

    Args:
        feeds: what they are built from; the rule table of the cohorts is one more.
        others: more marts, of one table ``mart_<mart>__month`` each, and their feeds.
    """
    seed = "seed.telmart.retention_cohort"
    nodes: dict[str, Any] = {
        seed: {"resource_type": "seed", "fqn": ["telmart", "retention_cohort"],
               "name": "retention_cohort"},
    }  # fmt: skip
    parents: dict[str, list[str]] = {}
    for table in tables:
        nodes[f"model.telmart.{table}"] = _node("retention", table, meta)
        parents[f"model.telmart.{table}"] = [seed, *map(_source, feeds)]
    for mart, needed in (others or {}).items():
        table = f"mart_{mart}__month"
        nodes[f"model.telmart.{table}"] = _node(mart, table, meta)
        parents[f"model.telmart.{table}"] = [_source(feed) for feed in needed]
    every = {*feeds, *(feed for needed in (others or {}).values() for feed in needed)}
    path = settings.home / "dbt/manifest.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({
        "nodes": nodes,
        "sources": {_source(feed): {"config": {"meta": {"feed": feed}}} for feed in every},
        "parent_map": parents,
    }))  # fmt: skip


def _source(feed: str) -> str:
    return f"source.telmart.raw.{feed.replace('.', '__')}"


def _node(mart: str, table: str, meta: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "fqn": ["telmart", "marts", mart, table],
        "alias": table,
        "schema": "build",
        "description": f"One row per month of {table}.",
        "config": {"meta": {"description_zh": "每月一行。", "reach_months": 1, **meta}},
        "columns": {
            "area_id": {
                "description": "Area.",
                "config": {"meta": {"label": "Area code", "label_zh": "片区编码"}},
            }
        },
    }


def fill(settings: Settings) -> None:
    """Organisation, staff, customers and the four marts in ``build``; three months."""
    write_manifest(settings)
    with connect(settings) as warehouse:
        warehouse.execute(
            "create table core.dim_org_unit (stat_month date, org_unit_id text, level text,"
            " province_id text, city_id text, county_id text, area_id text);"
            "create table core.dim_staff (stat_month date, staff_id text);"
            "create table core.dim_subscriber (subscriber_id text, as_of_month date,"
            " msisdn_masked text, area_id_current text, account_manager_id_current text);"
            "create table staging.stg_crm__subscriber (stat_month date, subscriber_id text,"
            " msisdn text);"
            "create table staging.stg_crm__vip_profile (stat_month date, subscriber_id text,"
            " birthday text, occupation text, industry_code text, interests text)"
        )
        warehouse.execute(
            "insert into core.dim_org_unit"
            " select m, city || county || area, 'area', 'P', city, city || county,"
            " city || county || area"
            " from unnest(%s::date[]) as m, unnest('{A,B}'::text[]) as city,"
            " unnest('{1,2}'::text[]) as county, unnest('{1,2}'::text[]) as area",
            [list(MONTHS)],
        )
        # two account managers in each area, five customers each
        warehouse.execute(
            "insert into core.dim_staff select distinct stat_month, 'M-' || area_id || n"
            " from core.dim_org_unit, unnest('{1,2}'::text[]) as n"
        )
        warehouse.execute(
            "insert into staging.stg_crm__subscriber select month, 'S' || n,"
            " '138' || lpad((n * 997)::text, 8, '0') from generate_series(1, 80) as n,"
            " unnest(%s::date[]) as month",
            [list(MONTHS)],
        )
        # every second customer has one
        warehouse.execute(
            "insert into staging.stg_crm__vip_profile select month, 'S' || n, '05-' ||"
            " lpad((mod(n, 28) + 1)::text, 2, '0'), 'doctor', 'Q84', null"
            " from generate_series(1, 80, 2) as n, unnest(%s::date[]) as month",
            [list(MONTHS)],
        )
        warehouse.execute(
            "insert into core.dim_subscriber select 'S' || row_number() over w, %s, null, area_id,"
            " 'M-' || area_id || n from (select distinct area_id from core.dim_org_unit) as areas,"
            " unnest('{1,2}'::text[]) as n, generate_series(1, 5)"
            " window w as (order by area_id, n)",
            [MONTHS[-1]],
        )
        warehouse.execute(
            "update core.dim_subscriber as c set msisdn_masked = left(msisdn, 3) || '****'"
            " || right(msisdn, 4) from staging.stg_crm__subscriber as s"
            " where c.subscriber_id = s.subscriber_id"
        )
        for table in TABLES:
            columns = ", ".join(f"{name} {kind}" for name, (kind, _) in columns_of(table).items())
            warehouse.execute(f"create table build.{table} ({columns})")
            fill_months(warehouse, table, MONTHS)
        warehouse.commit()


def columns_of(table: str) -> dict[str, tuple[str, str]]:
    """Name to type and value, keys first."""
    return KEYS | TABLES[table]


def fill_months(
    warehouse: psycopg.Connection[Any], table: str, months: Iterable[date], amount: int = 1
) -> None:
    """Rows of one build table for these months, replacing what it has for them.

    One row per customer in every table, to keep counting simple.
    """
    warehouse.execute(f"delete from build.{table} where stat_month = any(%s)", [list(months)])
    columns = columns_of(table)
    values = ", ".join(value.replace(":amount", str(amount)) for _, value in columns.values())
    warehouse.execute(
        f"insert into build.{table} ({', '.join(columns)})"
        f" select {values} from core.dim_subscriber, unnest(%s::date[]) as m",
        [list(months)],
    )
