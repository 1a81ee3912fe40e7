alter table ops.hold add column blocks boolean not null default true;
comment on column ops.hold.blocks is
    'Whether a published table is built from the feed; a hold of another feed stops nothing.';
