-- grain: one row per business month and subscriber on net at some time of the month
--
-- A prepaid operator sends no bills: revenue per user (arpu) is what is billed. What is spent on
-- data packs stands for value-added services; the rest of the revenue for voice.
select
    stat_month,
    subscriber_id,
    cast(0 as numeric(18, 2)) as rental_fee_amt,
    cast(greatest(billed_amt - data_pack_amt, 0) as numeric(18, 2)) as voice_fee_amt,
    cast(0 as numeric(18, 2)) as data_fee_amt,
    data_pack_amt as vas_fee_amt,
    cast(0 as numeric(18, 2)) as other_fee_amt,
    -- revenue below the packs' price, or below zero, was given back
    cast(greatest(data_pack_amt - billed_amt, 0) as numeric(18, 2)) as discount_amt,
    billed_amt,
    cast(0 as numeric(18, 2)) as arrears_amt,
    load_id
from {{ ref("stg_prepaid__subscriber_month") }}
