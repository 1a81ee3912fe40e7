-- Eight customers from June to October 2026, small enough to count by hand. All are gold VIPs, on
-- net, with an account manager, without data traffic and value-added services.
--
--             1    2    3    4    5    6    7    8
-- voice     100  250  300  310  349  350  400  500   minutes, all outgoing, every month
-- June-Sep  100  100  100  100  100  100  100  100   yuan billed
-- October   100   75   70   60   50   40   30   20
truncate raw.crm__subscriber, raw.crm__contract, raw.boss__subscriber_usage,
    raw.boss__subscriber_bill, raw.boss__status_event, raw.boss__recharge;

create temporary table customer on commit drop as
select
    'S' || n as subscriber_id,
    (array[100, 250, 300, 310, 349, 350, 400, 500])[n] as minutes,
    (array[100, 75, 70, 60, 50, 40, 30, 20])[n] as october_amt,
    n,
    m::date as m
from generate_series(1, 8) as n
cross join generate_series(date '2026-06-01', date '2026-10-01', interval '1 month') as m;

insert into raw.crm__subscriber (
    subscriber_id, msisdn, customer_name, birth_year, brand, vip_level, opened_on, area_id,
    account_manager_id, acquisition_channel, status, status_since, _period, _load_id
)
select
    subscriber_id, '1380000000' || n, '张三', 1980, 'gotone', 'gold', date '2020-01-01', 'A001',
    'E0081', 'hall', 'on_net', date '2020-01-01', m, 1
from customer;

insert into raw.boss__subscriber_usage (
    subscriber_id, voice_out_min, voice_in_min, voice_offnet_min, voice_long_distance_min,
    voice_roaming_min, sms_cnt, data_mb, call_forward_cnt, active_days, _period, _load_id
)
select subscriber_id, minutes, 0, 0, 0, 0, 0, 0, 0, 20, m, 1
from customer;

insert into raw.boss__subscriber_bill (
    subscriber_id, rental_fee_amt, voice_fee_amt, data_fee_amt, vas_fee_amt, other_fee_amt,
    discount_amt, billed_amt, arrears_amt, _period, _load_id
)
select subscriber_id, amt, 0, 0, 0, 0, 0, amt, 0, m, 1
from (
    select *, case when m = date '2026-10-01' then october_amt else 100 end as amt from customer
) as billed;
