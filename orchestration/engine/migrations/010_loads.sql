-- The ledger: one row per attempt to load a period of a feed; and the rows that did not pass.
create table ops.load (
    load_id bigint generated always as identity primary key,
    feed text not null,
    period text not null,                    -- 2026-10, 2026-10-15 or full
    period_date date not null,               -- value of _period in raw
    state text not null check (state in ('running', 'loaded', 'rejected', 'failed', 'skipped')),
    is_current boolean not null default false,
    path text check (path in ('fast', 'careful')),
    files jsonb not null default '[]',       -- name, bytes, mtime_ns, sha256, header of each file
    manifest jsonb,
    contract_version text not null,
    rows_read bigint,
    rows_loaded bigint,
    rows_quarantined bigint,
    control_totals jsonb,                    -- sums of the contract's control columns, as loaded
    replaced_load_id bigint references ops.load (load_id),
    error text,
    remedy text,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    backend_pid integer,
    published_at timestamptz,                -- when its rows were first in published marts
    check (not is_current or state = 'loaded')
);
create unique index load_one_current on ops.load (feed, period) where is_current;
create index load_by_period on ops.load (feed, period, load_id desc);
create index load_unpublished on ops.load (load_id) where is_current and published_at is null;

create table ops.quarantine (
    quarantine_id bigint generated always as identity primary key,
    load_id bigint not null references ops.load (load_id) on delete cascade,
    feed text not null,
    period text not null,
    file_name text not null,
    line_no bigint not null,                 -- physical line of a text file, row of a Parquet file
    column_name text,                        -- null when the row as a whole is at fault
    bad_value text,
    reason text not null,
    raw_line text,
    state text not null default 'open' check (state in ('open', 'replayed', 'dropped'))
);
create index quarantine_by_load on ops.quarantine (load_id);
comment on table ops.load is 'Ledger of loads: every attempt, and which one is current.';
comment on table ops.quarantine is 'Rows kept out of raw, with file, line, column and reason.';
