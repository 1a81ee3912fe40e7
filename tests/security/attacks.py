"""What a person might try in order to see more, as SQL: one list, replayed through every door.

``tests/security/test_attacks.py`` sends it through a plain connection; the Superset tests send it
through SQL Lab and, where ``metric`` is set, as a custom metric of a chart. Needs nothing but the
standard library, so that both environments can import it. A session that starts read-only should
be made to write first (``set default_transaction_read_only = off``), as an attacker would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: ``refused``: the statement must fail.
#: ``own``: it may succeed, but nothing in rows, notices or errors may come from outside the scope.
#: ``blind``: it must say exactly the same about a foreign value and about one that does not exist.
Verdict = Literal["refused", "own", "blind"]


@dataclass(frozen=True)
class Target:
    """The place an attack is made from, and what lies outside.

    Attributes:
        table: a served table with the columns area_id, account_manager_id, city_name,
            subscriber_id, customer_name_masked, vip_level (schema-qualified).
        person: who attacks; sees one city.
        other: another person's role.
        foreign: column to a value that exists only outside the attacker's scope.
        absent: column to a value that exists nowhere, of the same length.
        markers: strings that occur only outside the scope; none may be seen.
    """

    table: str
    person: str
    other: str
    foreign: dict[str, str]
    absent: dict[str, str]
    markers: tuple[str, ...]


@dataclass(frozen=True)
class Attack:
    """One attempt.

    Attributes:
        name: stable identifier.
        sql: the statements; ``<table>``, ``<person>``, ``<other>`` and ``<area_id>`` (and the other
            keys of ``Target.foreign``) are filled in.
        verdict: what must not happen, see ``Verdict``.
        metric: the same as an expression, to be tried as a chart's custom metric; empty when the
            attack has no such form.
    """

    name: str
    sql: str
    verdict: Verdict
    metric: str = ""

    def statement(self, target: Target, *, absent: bool = False) -> str:
        """The SQL against this target, or against the value that exists nowhere."""
        return _fill(self.sql, target, absent)

    def expression(self, target: Target) -> str:
        """The custom metric against this target."""
        return _fill(self.metric, target, absent=False)


def _fill(text: str, target: Target, absent: bool) -> str:
    values = target.absent if absent else target.foreign
    for name, value in {
        "table": target.table, "person": target.person, "other": target.other, **values
    }.items():  # fmt: skip
        text = text.replace(f"<{name}>", value)
    return text


def _refused(name: str, sql: str, metric: str = "") -> Attack:
    return Attack(name, sql, "refused", metric)


def _own(name: str, sql: str, metric: str = "") -> Attack:
    return Attack(name, sql, "own", metric)


def _blind(name: str, sql: str) -> Attack:
    return Attack(name, sql, "blind")


#: the plan without what differs from run to run
_PLAN = "explain (analyze, costs off, timing off, summary off, buffers off)"

#: ---- SQL hidden in a function: what a mere chart viewer can send as a metric ------------------
_SQL_AS_TEXT = [
    _refused(
        "query_to_xml",
        "select query_to_xml('select * from <table>', true, true, '')",
        "max(query_to_xml('select * from <table>', true, true, '')::text)",
    ),
    _refused("query_to_xmlschema", "select query_to_xmlschema('select 1', true, true, '')"),
    _refused(
        "table_to_xml",
        "select table_to_xml('access.person_scope', true, true, '')",
        "max(table_to_xml('<table>'::regclass, true, true, '')::text)",
    ),
    _refused("schema_to_xml", "select schema_to_xml('core', true, true, '')"),
    _refused(
        "database_to_xml",
        "select database_to_xml(true, true, '')",
        "max(database_to_xml(true, true, '')::text)",
    ),
    _refused(
        "cursor_to_xml",
        "begin; declare c cursor for select * from <table>;"
        " select cursor_to_xml('c', 1000, true, true, '')",
    ),
    _refused(
        "ts_stat",
        "select * from ts_stat('select to_tsvector(''simple'', city_name) from <table>')",
        "max((select word from ts_stat('select to_tsvector(''simple'', city_name) from <table>')"
        " limit 1))",
    ),
    _refused("ts_rewrite", "select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, city_name')"),
]

#: ---- becoming somebody else -------------------------------------------------------------------
_IDENTITY = [
    _refused(
        "set_config_role",
        "select set_config('role', 'telmart', false)",
        "max(set_config('role', 'telmart', false))",
    ),
    _refused("set_config_rls", "select set_config('row_security', 'off', false)"),
    _refused("set_role_owner", "set role telmart"),
    _refused("set_role_person", "set role <other>"),
    _refused("set_role_group", "set role telmart_scope_all"),
    _refused("set_local_role", "begin; set local role telmart_people"),
    _refused("set_session_authorization", "set session authorization <other>"),
    _refused("set_session_authorization_owner", "set session authorization telmart"),
    _own("reset_role", "reset role; reset session authorization; reset all; table <table>"),
    _own("discard_all", "discard all; table <table>"),
    _refused("row_security_off", "set row_security = off; table <table>"),
    _refused("join_group", "grant telmart_scope_all to <person>"),
    _refused("join_owner", "grant telmart to <person>"),
    _refused("bypassrls", "alter role <person> bypassrls"),
    _refused("superuser", "alter role <person> superuser"),
    _refused("other_password", "alter role <other> password 'x'"),
    _refused("create_role", "create role mole in role telmart_scope_all"),
    _refused("alter_system", "alter system set session_preload_libraries = 'auto_explain'"),
    _refused("preload", "set session_preload_libraries = 'auto_explain'"),
    _refused("load", "load 'auto_explain'"),
]

#: ---- taking the guard away --------------------------------------------------------------------
_GUARD = [
    _refused("disable_rls", "alter table <table> disable row level security"),
    _refused("no_force", "alter table <table> no force row level security"),
    _refused("create_policy", "create policy mine on <table> using (true)"),
    _refused("drop_policy", "drop policy scope_area on <table>"),
    _own("grant_to_all", "grant select on <table> to public; table <table>"),
    _refused("widen_scope",
             "insert into access.person_area values ('<person>', '<area_id>', '-infinity')"),
    _refused("widen_all", "insert into access.person_all values ('<person>', '-infinity')"),
    _refused("move_scope", "update access.person_area set area_id = '<area_id>'"),
    # of what he would make himself, which is nothing
    _own("default_privileges", "alter default privileges in schema retention grant select on tables"
         " to public; table <table>"),
    _own("drop_owned", "drop owned by <person>; table <table>"),
]  # fmt: skip

#: ---- looking elsewhere ------------------------------------------------------------------------
_ELSEWHERE = [
    _refused("raw", "select * from raw.crm__subscriber"),
    _refused("core", "select * from core.dim_subscriber"),
    _refused("build", "select * from build.mart_retention__warning"),
    _refused("staging", "select * from staging.stg_crm__subscriber"),
    _refused("quarantine", "select * from ops.quarantine"),
    _refused("ledger", "select * from ops.load"),
    _refused("quality", "select * from quality.check_result"),
    _refused("scopes", "table access.person_scope"),
    _refused("people", "table access.person"),
    _refused("pii_log", "table access.pii_access"),
    _own("own_areas_only", "table access.person_area; table access.person_account"),
    _own("who_sees_all", "select person from access.person_all where person <> '<person>'"),
    _refused("passwords", "select rolpassword from pg_authid"),
    _refused("shadow", "select passwd from pg_shadow"),
    _own("other_databases", "select datname from pg_database"),
    _own("grants", "table information_schema.role_table_grants"),
    _own("source_of_functions", "select prosrc from pg_proc where pronamespace::regnamespace::text"
         " = 'access'"),
]  # fmt: skip

#: ---- what the server knows about the rows -----------------------------------------------------
_STATISTICS = [
    _refused("pg_stats", "select most_common_vals from pg_stats"),
    _refused("pg_stats_ext", "select most_common_vals from pg_stats_ext"),
    _refused("pg_stats_ext_exprs", "select most_common_vals from pg_stats_ext_exprs"),
    _refused("pg_statistic", "select stavalues1 from pg_statistic"),
    _refused("pg_stat_activity", "select query from pg_stat_activity"),
    _refused("pg_stat_get_activity", "select query from pg_stat_get_activity(null)"),
    _refused("pg_stat_user_tables", "select relname, n_live_tup from pg_stat_user_tables"),
    _refused("pg_stat_get_live_tuples", "select pg_stat_get_live_tuples('<table>'::regclass)"),
    _refused("pg_relation_size", "select pg_relation_size('<table>')"),
    _refused("pg_total_relation_size", "select pg_total_relation_size('<table>')"),
    _refused("pg_locks", "table pg_locks"),
    _blind("estimate_area", "explain select * from <table> where area_id = '<area_id>'"),
    _blind("estimate_vip", "explain select * from <table> where vip_level = '<vip_level>'"),
    _blind(
        "estimate_name",
        "explain select * from <table> where customer_name_masked = '<customer_name_masked>'",
    ),
    _blind("estimate_city", "explain select * from <table> where city_name in ('<city_name>')"),
    _blind("count_area", f"{_PLAN} select * from <table> where area_id = '<area_id>'"),
    _blind(
        "count_account",
        "set enable_seqscan = off; set enable_bitmapscan = off;"
        f" {_PLAN} select * from <table> where account_manager_id = '<account_manager_id>'",
    ),
    _blind(
        "count_area_by_index",
        "set enable_seqscan = off;"
        f" {_PLAN} select * from <table> where area_id = any ('{{<area_id>}}') and area_id > ''",
    ),
    _blind(
        "count_subscriber",
        f"{_PLAN} select * from <table> where subscriber_id = '<subscriber_id>'",
    ),
    _blind("count_vip", f"{_PLAN} select * from <table> where vip_level = '<vip_level>'"),
    _blind(
        "count_join",
        "set enable_hashjoin = off; set enable_mergejoin = off;"
        f" {_PLAN} select * from (values ('<area_id>')) as v (a) join <table> as t"
        " on t.area_id = v.a",
    ),
]

#: ---- reading a row by its side effects --------------------------------------------------------
_SIDE_EFFECTS = [
    _blind(
        "division_by_zero",
        "select count(*) from <table>"
        " where 1 / (case when area_id = '<area_id>' then 0 else 1 end) = 1",
    ),
    _blind(
        "cast_error",
        "select count(*) from <table>"
        " where (case when vip_level = '<vip_level>' then city_name else '1' end)::integer = 1",
    ),
    _blind(
        "cast_error_in_output",
        "select (case when subscriber_id = '<subscriber_id>' then msisdn_masked else '1' end)::int"
        " from <table>",
    ),
    _blind(
        "slow_row",
        "select count(*) from <table> where area_id = '<area_id>'"
        " and repeat(md5(city_name), 10) > ''",
    ),
    _own("regexp", "select regexp_replace(city_name, '.*', '\\&\\&') from <table>"),
]

#: ---- plain reading, in every form -------------------------------------------------------------
_READING = [
    _own("everything", "table <table>", "count(*)"),
    _own("or_true", "select * from <table> where area_id = '<area_id>' or true"),
    _own("distinct_values", "select distinct city_name, vip_level from <table>",
         "string_agg(distinct city_name, ',')"),
    _own("as_json", "select json_agg(t) from <table> as t", "max(city_name)"),
    _own("as_row", "select t::text from <table> as t"),
    _own("subquery", "select (select string_agg(city_name, ',') from <table>)",
         "(select string_agg(city_name, ',') from <table>)"),
    _own("lateral", "select t.* from generate_series(1, 2) as n cross join lateral"
         " (select * from <table>) as t"),
    _own("union", "select city_name from <table> union all select city_name from <table>"),
    _own("recursive", "with recursive r as (select city_name from <table> union"
         " select t.city_name from r join <table> as t on true) table r"),
    _own("window", "select city_name, count(*) over () from <table>", "count(*) over ()"),
    _own("sample", "select * from <table> tablesample system (100)"),
    _own("only", "select * from only <table>"),
    _own("by_tid", "select * from <table> where ctid >= '(0,0)'"),
    _own("system_columns", "select ctid, xmin, tableoid, * from <table>"),
    _own("cursor", "begin; declare c scroll cursor with hold for table <table>; commit;"
         " fetch all from c"),
    _own("prepared", "prepare p as table <table>; execute p"),
    _own("read_write", "begin read write; table <table>"),
    _own("plan_forced", "set enable_seqscan = off; set enable_indexscan = off; table <table>"),
    _own("time_zone", "set time zone 'Etc/GMT+12'; table <table>"),
    _own("search_path", "set search_path = pg_temp, core, raw; table <table>"),
    _own("debug_plan", "set client_min_messages = debug5; set debug_print_plan = on;"
         " table <table>"),
    _own("settings", "select name, setting from pg_settings"),
    _own("current_setting", "select current_setting('is_superuser'), current_user",
         "max(current_setting('is_superuser'))"),
]  # fmt: skip

#: ---- making something -------------------------------------------------------------------------
_MAKING = [
    _refused(name, sql)
    for name, sql in {
        "insert": "insert into <table> select * from <table>",
        "update": "update <table> set area_id = 'x'",
        "delete": "delete from <table>",
        "truncate": "truncate <table>",
        "merge": "merge into <table> as t using (select 1) on true when matched then delete",
        "select_for_update": "select * from <table> for update",
        "lock": "begin; lock table <table> in access exclusive mode",
        "lock_share": "begin; lock table <table> in share mode",
        "view": "create view mine as table <table>",
        "view_served": "create view retention.mine as table <table>",
        "materialized": "create materialized view mine as table <table>",
        "table_as": "create table mine as table <table>",
        "table_public": "create table public.mine (a int)",
        "temp_table": "create temporary table mine (a text)",
        "temp_view": "create temporary view mine as table <table>",
        "temp_function": "create function pg_temp.leak(text) returns bool language sql as"
        " 'select true'",
        "inherit": "create table mine () inherits (<table>)",
        "function": "create function leak(t text) returns bool cost 0.0001 leakproof"
        " language sql as 'select true'",
        "function_status": "create function status.leak() returns int language sql as 'select 1'",
        "procedure": "create procedure p() language sql as 'select 1'",
        "aggregate": "create aggregate a (text) (sfunc = textcat, stype = text)",
        "operator": "create operator === (leftarg = text, rightarg = text, function = texteq)",
        "cast": "create cast (text as int) with inout as implicit",
        "type": "create type mine as (a int)",
        "domain": "create domain mine as text",
        "schema": "create schema mine",
        "database": "create database mine",
        "trigger": "create trigger t before insert on <table> execute function suppress_redundant"
        "_updates_trigger()",
        "rule": "create rule r as on select to <table> do also select 1",
        "statistics": "create statistics s on area_id, vip_level from <table>",
        "event_trigger": "create event trigger e on sql_drop execute function x()",
        "publication": "create publication p for table <table>",
        "index": "create index on <table> ((leak(area_id)))",
        "comment": "comment on table <table> is 'x'",
        "extension_dblink": "create extension dblink",
        "extension_fdw": "create extension postgres_fdw",
        "extension_file_fdw": "create extension file_fdw",
        "server": "create server s foreign data wrapper postgres_fdw",
        "dblink": "select * from dblink('dbname=telmart', 'select 1') as t (a int)",
        "do_block": "do $$ begin raise notice 'hello'; end $$",
        "refresh": "reindex table <table>",
        "cluster": "cluster <table> using x",
        "two_phase": "begin; select 1; prepare transaction 'x'",
    }.items()
]

#: ---- the machine ------------------------------------------------------------------------------
_MACHINE = [
    _refused(name, sql, metric)
    for name, sql, metric in [
        ("copy_to_program", "copy (table <table>) to program 'cat > /dev/null'", ""),
        ("copy_from_program", "copy <table> from program 'id'", ""),
        ("copy_to_file", "copy (table <table>) to '/tmp/mine.csv'", ""),
        ("copy_from_file", "copy <table> from '/etc/passwd'", ""),
        ("read_file", "select pg_read_file('/etc/passwd')", "max(pg_read_file('/etc/passwd'))"),
        ("read_binary_file", "select pg_read_binary_file('PG_VERSION')", ""),
        ("ls_dir", "select pg_ls_dir('.')", "max((select pg_ls_dir('.') limit 1))"),
        ("stat_file", "select pg_stat_file('PG_VERSION')", ""),
        ("lo_import", "select lo_import('/etc/passwd')", "max(lo_import('/etc/passwd')::text)"),
        ("lo_export", "select lo_export(1, '/tmp/mine')", ""),
        ("lo_create", "select lo_create(0)", "max(lo_create(0)::text)"),
        ("lo_from_bytea", "select lo_from_bytea(0, 'x')", ""),
        ("lo_get", "select lo_get(1)", ""),
        ("sleep", "select pg_sleep(0.1)", "max(pg_sleep(0.1)::text)"),
        ("advisory_lock", "select pg_advisory_lock(hashtext('telmart.publish'))",
         "max(pg_advisory_lock(hashtext('telmart.publish'))::text)"),
        ("try_advisory_lock", "select pg_try_advisory_xact_lock(1)", ""),
        ("notify", "select pg_notify('a', 'b')", "max(pg_notify('a', 'b')::text)"),
        ("emit_message", "select pg_logical_emit_message(false, 'a', 'b')", ""),
        ("replication_slot", "select pg_create_logical_replication_slot('s', 'pgoutput')", ""),
        ("slot_changes", "select * from pg_logical_slot_peek_changes('s', null, null)", ""),
        ("export_snapshot", "select pg_export_snapshot()", ""),
        ("terminate_owner", "select 1 / pg_terminate_backend(1)::int", ""),
        ("reload", "select pg_reload_conf()", ""),
        ("stat_reset", "select pg_stat_reset()", ""),
        ("switch_wal", "select pg_switch_wal()", ""),
        ("nextval", "select nextval('access.pii_access_pii_access_id_seq')", ""),
        ("checkpoint", "checkpoint", ""),
        ("log_memory", "select pg_log_backend_memory_contexts(1)", ""),
    ]
]  # fmt: skip

#: ---- behind the mask --------------------------------------------------------------------------
_MASK = [
    _refused("request_foreign", "select access.request_msisdn('<subscriber_id>', 'just looking')"),
    _blind("request_existence", "select access.request_msisdn('<subscriber_id>', 'just looking')"),
    _refused("reveal_without_request", "select access.reveal_msisdn(1)"),
    _refused("profile_foreign", "select access.request_vip_profile('<subscriber_id>', 'looking')"),
    _blind("profile_existence", "select access.request_vip_profile('<subscriber_id>', 'looking')"),
    _refused("profile_without_request", "select access.reveal_vip_profile(1)"),
    _refused("profile_in_staging", "select birthday from staging.stg_crm__vip_profile"),
]  # fmt: skip

ATTACKS: list[Attack] = [
    *_SQL_AS_TEXT, *_IDENTITY, *_GUARD, *_ELSEWHERE, *_STATISTICS, *_SIDE_EFFECTS, *_READING,
    *_MAKING, *_MACHINE, *_MASK,
]  # fmt: skip

#: those that can be sent as a chart's custom metric
METRIC_ATTACKS = [attack for attack in ATTACKS if attack.metric]
