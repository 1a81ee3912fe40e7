-- Who is on net at the end of a month is there at the opening of the next: those who left must
-- stay in the snapshot (crm.subscriber), or their leaving would be counted nowhere.
with facts as (
    select
        stat_month,
        sum(case when is_opening then 1 else 0 end) as opening_cnt,
        sum(case when is_on_net then 1 else 0 end) as subscriber_cnt
    from {{ ref("fct_subscriber_month") }}
    group by stat_month
)

select
    facts.stat_month,
    facts.opening_cnt,
    previous.subscriber_cnt as previous_subscriber_cnt
from facts
inner join {{ ref("dim_month") }} as months
    on facts.stat_month = months.stat_month
inner join facts as previous
    on months.previous_month = previous.stat_month
where {{ in_months("facts.stat_month") }} and facts.opening_cnt <> previous.subscriber_cnt
