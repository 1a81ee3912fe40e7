-- People, what they may see, and who looked behind a mask.
--
-- person_scope is what an administrator wrote; person_area, person_account and person_all are its
-- expansion over the organisation, the only thing the row policies read. The expansion carries
-- instants, not dates, so that a session's time zone cannot stretch an expired scope.

create table access.person (
    person text primary key check (person ~ '^[a-z][a-z0-9_]{2,40}$'),
    staff_id text,
    display_name text not null,
    display_name_en text not null,
    persona text not null
        check (persona in ('executive', 'manager', 'account_manager', 'analyst', 'data_engineer')),
    language text not null check (language in ('en', 'zh')),
    changed_at timestamptz not null default now()
);
comment on table access.person is 'One row per person with a database role. 人员。';

create table access.person_scope (
    person text not null references access.person on delete cascade,
    scope_type text not null
        check (scope_type in ('all', 'province', 'city', 'county', 'area', 'account_manager')),
    scope_id text not null,  -- '*' for all
    valid_from date not null,
    valid_to date check (valid_to >= valid_from),  -- inclusive; null: until further notice
    primary key (person, scope_type, scope_id, valid_from)
);
comment on table access.person_scope is 'What each person may see, as written down. 人员数据范围。';

create table access.person_area (
    person text not null references access.person on delete cascade,
    area_id text not null,
    valid_from timestamptz not null,
    valid_until timestamptz not null default 'infinity',  -- exclusive
    primary key (person, area_id, valid_from)
);
comment on table access.person_area is 'Areas each person sees; made from person_scope. 可见片区。';

create table access.person_account (
    person text not null references access.person on delete cascade,
    account_manager_id text not null,
    valid_from timestamptz not null,
    valid_until timestamptz not null default 'infinity',
    primary key (person, account_manager_id, valid_from)
);
comment on table access.person_account is
    'Account managers whose customers each person sees; made from person_scope. 可见客户经理。';

create table access.person_all (
    person text not null references access.person on delete cascade,
    valid_from timestamptz not null,
    valid_until timestamptz not null default 'infinity',
    primary key (person, valid_from)
);
comment on table access.person_all is 'Who sees every row, and for how long. 全量可见人员。';

create table access.pii_access (
    pii_access_id bigint generated always as identity primary key,
    person text not null,  -- no foreign key: the log outlives the person
    subscriber_id text not null,
    reason text not null,
    requested_at timestamptz not null default clock_timestamp(),
    request_xid xid8 not null default pg_current_xact_id()
);
create index on access.pii_access (person, requested_at);
comment on table access.pii_access is
    'Every look behind a mask: who, when, whose number, why. 敏感信息查看日志。';
comment on column access.pii_access.request_xid is
    'A number is shown only after this transaction has committed, so no look goes unlogged.';

-- A table with no rows whose policies are the pattern for every served table; pattern.sql writes
-- them. Column names and types are what a served table must have.
create table access.served_pattern (area_id text, account_manager_id text);
comment on table access.served_pattern is
    'The row policies every published mart must carry; see orchestration/access/pattern.sql.';

-- Every table people are served; `publish` enters them, `apply` keeps their policies.
create table access.served_table (
    schema_name text not null,
    table_name text not null,
    primary key (schema_name, table_name)
);
comment on table access.served_table is 'Published tables that carry the row policies. 已发布表。';
