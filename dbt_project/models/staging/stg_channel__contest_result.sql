-- grain: one row per contest, dealer and month
select
    cast(_period as date) as stat_month,
    contest_id,
    dealer_id,
    agreement_id,
    quota_cnt,
    actual_cnt,
    is_met,
    met_months_cnt,
    reward_per_card_amt,
    reward_amt,
    _load_id as load_id
from {{ source('raw', 'channel__contest_result') }}
