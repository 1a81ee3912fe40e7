-- How an extract or a raw table differed from its contract without being refused for it.
alter table ops.load add column if not exists drift jsonb not null default '[]';
comment on column ops.load.drift is
    'New columns, wider types: file, column, kind, what the contract says and what was found.';
