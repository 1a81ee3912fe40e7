-- What is published, what holds publication back, and with which models it was made.

create table status.data_state (
    mart text primary key,
    mart_name text not null,
    mart_name_en text not null,
    stat_month date,               -- latest published month
    cut_off_at timestamptz,        -- the data speak of everything up to this instant
    published_at timestamptz,
    state text not null default 'never' check (state in ('current', 'held', 'never')),
    state_name text not null default '尚未发布',
    state_name_en text not null default 'Not published yet',
    reason text,
    reason_en text,
    held_month date
);
comment on table status.data_state is
    'One row per mart: what people see now, and why not something newer. 数据发布状态。';
comment on column status.data_state.stat_month is 'Latest published month. 最新发布月份。';
comment on column status.data_state.cut_off_at is 'The data end here. 数据截止时间。';
comment on column status.data_state.state is
    'current, held (a newer month waits), never. 状态：最新、暂缓、未发布。';
comment on column status.data_state.reason is 'Why publication is held, in Chinese. 暂缓原因。';
comment on column status.data_state.held_month is 'The first month that waits. 被暂缓的月份。';

create table ops.hold (
    hold_id bigint generated always as identity primary key,
    feed text,                     -- null: a check of a mart
    period text,
    check_name text not null,      -- 'load', or the check's own name
    reason text not null,
    reason_en text not null,
    raised_at timestamptz not null default clock_timestamp(),
    resolved_at timestamptz
);
create unique index hold_open on ops.hold (coalesce(feed, ''), coalesce(period, ''), check_name)
    where resolved_at is null;
comment on table ops.hold is 'What stopped publication: open until the same thing succeeds.';

create table ops.fingerprint (
    name text primary key,
    value text not null,
    noted_at timestamptz not null default now()
);
comment on table ops.fingerprint is 'Hashes of what the published months were made with.';

-- A mart's name is said once, here; the migration that brings a new mart adds its row.
insert into status.data_state (mart, mart_name, mart_name_en)
values ('retention', '客户保有', 'Retention');
