-- Fills raw with :subscribers subscribers over :months months up to October 2026, straight in the
-- server: for timing the models and for comparing runs, where no number is known beforehand.
-- Repeatable: every value follows from hashes of the subscriber, the month and a salt.
create function pg_temp.u(salt text, a bigint, b bigint default 0) returns double precision
language sql immutable parallel safe
return (hashtextextended(salt || ':' || b, a) & 1048575) / 1048576.0;

create temporary table life on commit drop as
select
    i,
    'S' || lpad(i::text, 8, '0') as subscriber_id,
    'A' || lpad((1 + i % 80)::text, 3, '0') as area_id,
    least(pow(pg_temp.u('value', i), 3) * 400 + 20, 400) as usual_bill,
    -- one in four was opened during the period, one in five leaves during it
    case when pg_temp.u('open', i) < 0.25
        then (pg_temp.u('opened', i) * {months})::integer else -1 end as opens_in,
    case when pg_temp.u('leave', i) < 0.2
        then (pg_temp.u('left', i) * {months} * 1.2)::integer else 999 end as leaves_in
from generate_series(1, {subscribers}) as i;

create temporary table months on commit drop as
select n, (date '2026-10-01' - make_interval(months => {months} - 1 - n))::date as m
from generate_series(0, {months} - 1) as n;

create temporary table state on commit drop as
select
    l.*, t.n, t.m,
    (t.m + interval '1 month' - interval '1 day')::date as month_end,
    opens_in <= t.n as is_open,
    greatest(leaves_in, opens_in + 1) as gone_in,
    case when opens_in >= 0 then (date '2026-10-05' - make_interval(months => {months} - 1 - opens_in))::date
        else date '2020-01-01' + (i % 1500)::integer end as opened_on
from life as l cross join months as t
where opens_in <= t.n;

insert into raw.hr__org_unit (
    org_unit_id, parent_id, level, org_unit_name, org_unit_name_en, sort_no, _period, _load_id
)
select u.*, m, 1 from months cross join (
    select 'HQ', null, 'hq', '集团', 'Headquarters', 1
    union all select 'P01', 'HQ', 'province', '省', 'Province', 1
    union all select 'C' || c, 'P01', 'city', '市' || c, 'City ' || c, c from generate_series(1, 4) as c
    union all select 'T' || t, 'C' || (1 + t % 4), 'county', '县' || t, 'County ' || t, t
        from generate_series(1, 16) as t
    union all select 'A' || lpad(a::text, 3, '0'), 'T' || (1 + a % 16), 'area', '片区' || a, 'Area ' || a, a
        from generate_series(1, 80) as a
) as u;

insert into raw.hr__staff (
    staff_id, staff_name, staff_name_en, post, org_unit_id, hired_on, is_active, _period, _load_id
)
select
    'E' || lpad(e::text, 4, '0'), '员工' || e, 'Staff ' || e,
    case when e <= 80 then 'manager' else 'account_manager' end,
    'A' || lpad((1 + e % 80)::text, 3, '0'), date '2020-01-01', true, m, 1
from months cross join generate_series(1, 240) as e;

insert into raw.boss__product (
    product_id, product_name, product_name_en, product_family, is_new_business, list_fee_amt,
    _period, _load_id
)
select 'P' || p, '产品' || p, 'Product ' || p, 'bundling', false, 50, m, 1
from months cross join generate_series(1, 5) as p;

insert into raw.crm__subscriber (
    subscriber_id, msisdn, customer_name, birth_year, brand, vip_level, opened_on, area_id,
    account_manager_id, acquisition_channel, status, status_since, _period, _load_id
)
select
    subscriber_id, (13800000000 + i)::text, '张三', 1980, 'gotone',
    case when usual_bill > 300 then 'diamond' when usual_bill > 200 then 'gold'
        when usual_bill > 150 then 'silver' else 'none' end,
    opened_on, area_id,
    case when usual_bill > 120 then 'E' || lpad((81 + i % 160)::text, 4, '0') end,
    'hall',
    case when n >= gone_in then case when i % 5 = 0 then 'ported_out' else 'off_net' end
        when pg_temp.u('suspend', i, n) < 0.01 then 'suspended' else 'on_net' end,
    case when n >= gone_in then
        (date '2026-10-10' - make_interval(months => {months} - 1 - gone_in))::date else opened_on end,
    m, 1
from state;

insert into raw.boss__status_event (
    event_id, subscriber_id, event_at, event_type, event_reason, _period, _load_id
)
select
    'V' || i || '-' || n, subscriber_id, m + interval '9 days',
    case when i % 5 = 0 then 'port_out' else 'off_net' end,
    case when i % 3 = 0 then 'arrears' else 'voluntary' end, m, 1
from state where n = gone_in;

insert into raw.crm__contract (
    contract_id, subscriber_id, product_id, binding_type, starts_on, ends_on, deposit_amt,
    monthly_commit_amt, contract_status, _period, _load_id
)
select
    'K' || i, subscriber_id, 'P' || (1 + i % 5), case when i % 2 = 0 then 'handset' else 'prepaid_fee' end,
    date '2025-01-01', date '2026-01-01' + (i % 500)::integer, 100, 58,
    case when n >= gone_in then 'broken' else 'active' end, m, 1
from state where i % 3 = 0;

insert into raw.boss__subscriber_usage (
    subscriber_id, voice_out_min, voice_in_min, voice_offnet_min, voice_long_distance_min,
    voice_roaming_min, sms_cnt, data_mb, call_forward_cnt, active_days, _period, _load_id
)
select
    subscriber_id, v, v * 0.8, v * least(1, 0.2 + pow(pg_temp.u('off', i, n), 6)), v * 0.1, 0, 10,
    usual_bill * 60 * pg_temp.u('data', i, n),
    (pow(pg_temp.u('fwd', i, n), 20) * 60)::integer, 5 + (pg_temp.u('days', i, n) * 24)::integer, m, 1
from (
    select *, (usual_bill * 1.6 * (0.3 + pg_temp.u('voice', i, n)))::numeric(12, 2) as v
    from state where n <= gone_in
) as s;

insert into raw.boss__subscriber_bill (
    subscriber_id, rental_fee_amt, voice_fee_amt, data_fee_amt, vas_fee_amt, other_fee_amt,
    discount_amt, billed_amt, arrears_amt, _period, _load_id
)
select subscriber_id, fee, 0, 0, vas, 0, 0, fee + vas, 0, m, 1
from (
    select *,
        (usual_bill * (1.1 - pow(pg_temp.u('bill', i, n), 5)))::numeric(18, 2) as fee,
        (pg_temp.u('vas', i, n) * 20)::numeric(18, 2) as vas
    from state where n <= gone_in
) as s;

insert into raw.boss__recharge (
    recharge_id, subscriber_id, recharged_at, recharge_amt, recharge_channel, _period, _load_id
)
select
    'R' || i || '-' || n, subscriber_id, m + interval '3 days',
    50 + 50 * (i % 4), 'online', m, 1
from state where n <= gone_in and pg_temp.u('recharge', i, n) < 0.8;
