select
    _period as stat_month,
    number as subscriber_id,
    arpu as rental_fee_amt,
    cast(0 as numeric(18, 2)) as voice_fee_amt,
    cast(0 as numeric(18, 2)) as data_fee_amt,
    cast(0 as numeric(18, 2)) as vas_fee_amt,
    cast(0 as numeric(18, 2)) as other_fee_amt,
    cast(0 as numeric(18, 2)) as discount_amt,
    arpu as billed_amt,
    cast(0 as numeric(18, 2)) as arrears_amt,
    cast(1 as bigint) as load_id
from {{ source('raw', 'wide__customer') }}
