-- Months that are closed: what people read of them changes no more, except openly and with a reason.

create schema archive;     -- what closed months said before they were restated
comment on schema archive is
    'Rows of closed months as they were before a restatement, one table per month and version.';

create table status.month_close (
    stat_month date not null,
    close_version integer not null check (close_version >= 1),
    closed_at timestamptz not null,
    closed_by text not null,
    reason text,               -- why a later version replaced the one before
    is_current boolean not null default true,
    primary key (stat_month, close_version)
);
create unique index month_close_current on status.month_close (stat_month) where is_current;
comment on table status.month_close is
    'Closed months and their versions: 1 at the close, one more with each restatement. 月结版本。';
comment on column status.month_close.reason is 'Why the version before was restated. 重述原因。';
