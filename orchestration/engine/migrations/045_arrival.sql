-- What arrived late or not at all, and which published months were changed afterwards.

alter table status.data_state add column notice text, add column notice_en text;
comment on column status.data_state.notice is
    'Feeds that are late or not connected, months restated lately, in Chinese. 提示：迟到、未接入的数据源与近期重述。';
comment on column status.data_state.notice_en is
    'Feeds that are late or not connected, months restated lately, in English.';

create table ops.restatement (
    restatement_id bigint generated always as identity primary key,
    restated_at timestamptz not null,
    first_month date not null,
    last_month date not null,
    month_cnt integer not null,
    reason text not null,          -- in Chinese
    reason_en text not null
);
comment on table ops.restatement is
    'Months that people had seen and that were published again with other content, and why.';
