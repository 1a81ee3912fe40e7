-- Marts are published one by one: each waits for its own feeds and is held by its own faults.

alter table ops.hold add column marts text[];
update ops.hold set marts = '{}' where not blocks;
alter table ops.hold drop column blocks;
comment on column ops.hold.marts is
    'Marts this keeps from being published; null: all of them; none: engineers see it, nobody waits.';

create table ops.publication (
    load_id bigint not null references ops.load (load_id) on delete cascade,
    mart text not null,
    published_at timestamptz not null,
    primary key (load_id, mart)
);
comment on table ops.publication is
    'Which mart has published a load; ops.load.published_at is set when all that need it have.';
insert into ops.publication (load_id, mart, published_at)
select load_id, 'retention', published_at from ops.load where published_at is not null;

alter table ops.restatement add column mart text not null default 'retention';
alter table ops.restatement alter column mart drop default;

alter table status.month_close add column mart text not null default 'retention';
alter table status.month_close alter column mart drop default;
alter table status.month_close drop constraint month_close_pkey;
alter table status.month_close add primary key (mart, stat_month, close_version);
drop index status.month_close_current;
create unique index month_close_current on status.month_close (mart, stat_month) where is_current;

update ops.fingerprint set name = 'models:retention' where name = 'models';
