-- grain: one row per business month and subscriber
--
-- The wide file turned upright: a column's suffix becomes the month. This is the only model that
-- reads the file; the canonical staging views choose from it. The publisher's nulls mean 'none'
-- and become 0.
{%- set months = [6, 7, 8, 9] %}
{% for m in months %}
select
    cast('2014-0{{ m }}-01' as date) as stat_month,
    mobile_number as subscriber_id,
    circle_id,
    -- the age on network is that of the end of the last month
    cast(
        {{ dbt.dateadd("day", "-aon", "cast('2014-09-30' as date)") }} as date
    ) as opened_on,
    cast(arpu_{{ m }} as numeric(18, 2)) as billed_amt,
    total_og_mou_{{ m }} as voice_out_min,
    total_ic_mou_{{ m }} as voice_in_min,
    coalesce(loc_og_t2m_mou_{{ m }}, 0) + coalesce(std_og_t2m_mou_{{ m }}, 0) as voice_offnet_min,
    coalesce(std_og_mou_{{ m }}, 0) + coalesce(isd_og_mou_{{ m }}, 0) as voice_long_distance_min,
    coalesce(roam_og_mou_{{ m }}, 0) as voice_roaming_min,
    vol_2g_mb_{{ m }} + vol_3g_mb_{{ m }} as data_mb,
    cast(coalesce(av_rech_amt_data_{{ m }}, 0) as numeric(18, 2)) as data_pack_amt,
    total_rech_amt_{{ m }} as recharge_amt,
    date_of_last_rech_{{ m }} as last_recharged_on,
    {%- if m == 9 %}
    -- the publisher's definition of churn: no call in, none out, no data in the last month
    total_og_mou_9 = 0 and total_ic_mou_9 = 0 and vol_2g_mb_9 = 0 and vol_3g_mb_9 = 0 as has_left,
    {%- else %}
    1 = 0 as has_left,
    {%- endif %}
    _load_id as load_id
from {{ source("raw", "prepaid__subscriber_wide") }}
{{ "union all" if not loop.last }}
{%- endfor %}
