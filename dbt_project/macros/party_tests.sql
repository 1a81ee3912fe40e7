{# The stretches of one entity follow each other: none ends before it begins or overlaps the next,
   at most one is open and it is the last, and is_current says which. #}
{% test no_overlapping_history(model, key) %}
with ordered as (
    select
        {{ key }},
        valid_from,
        valid_to,
        is_current,
        version_no,
        lead(valid_from) over (partition by {{ key }} order by valid_from) as next_valid_from,
        row_number() over (partition by {{ key }} order by valid_from) as place
    from {{ model }}
)

select *
from ordered
where
    valid_from is null
    or valid_to <= valid_from
    or is_current <> (valid_to is null)
    or version_no <> place
    or (next_valid_from is not null and (valid_to is null or valid_to > next_valid_from))
{% endtest %}

{# The weights of a key make exactly 1, and each is a share. #}
{% test weights_sum_to_one(model, key) %}
select {{ key | join(", ") }}
from {{ model }}
group by {{ key | join(", ") }}
having sum(weight) <> 1 or min(weight) <= 0
{% endtest %}

{# Every level of the merged bill carries what was billed, in every month: the subscribers' bills,
   and the items of group accounts or of lines without a bill - counted in the extracts, not in the
   models between. #}
{% test levels_carry_the_bills(model) %}
with bills as (
    select * from {{ ref("stg_boss__subscriber_bill") }}
    where {{ in_months("stat_month") }}
),

items as (
    select
        items.*,
        coalesce(items.group_id, accounts.group_id) is not null as is_group_bill
    from {{ ref("stg_boss__bill_item") }} as items
    left join {{ ref("stg_boss__account") }} as accounts
        on items.stat_month = accounts.stat_month and items.account_id = accounts.account_id
    where {{ in_months("items.stat_month") }}
),

billed as (
    select stat_month, billed_amt as net_amt
    from bills
    union all
    select items.stat_month, items.net_amt
    from items
    left join bills
        on items.stat_month = bills.stat_month and items.subscriber_id = bills.subscriber_id
    where items.is_group_bill or bills.subscriber_id is null
),

totals as (
    select stat_month, sum(net_amt) as net_amt
    from billed
    group by stat_month
),

levels as (
    select stat_month, level, sum(net_amt) as net_amt
    from {{ model }}
    group by stat_month, level
),

expected as (
    select totals.stat_month, totals.net_amt, names.level
    from totals
    cross join (
        {%- for level in ["person", "family", "account", "group"] %}
        select '{{ level }}' as level {{- " union all" if not loop.last }}
        {%- endfor %}
    ) as names
)

select
    coalesce(expected.stat_month, levels.stat_month) as stat_month,
    coalesce(expected.level, levels.level) as level,
    expected.net_amt as expected_amt,
    levels.net_amt
from expected
full join levels
    on expected.stat_month = levels.stat_month and expected.level = levels.level
where expected.net_amt is distinct from levels.net_amt
{% endtest %}

{# What competitors are said to have is said by somebody, on a day, with a confidence (R039). #}
{% test reported_with_confidence(model) %}
select *
from {{ model }}
where has_report and (confidence is null or collected_on is null or collected_by is null)
{% endtest %}

{# The bands that hold on one day begin at 0 or 1 and follow each other without a gap; the last is
   open. A quantity of whole numbers. #}
{% test bands_without_gap(model, low, high) %}
with days as (
    select distinct valid_from as day_on
    from {{ model }}
),

ordered as (
    select
        days.day_on,
        bands.{{ low }} as low,
        bands.{{ high }} as high,
        lead(bands.{{ low }}) over (partition by days.day_on order by bands.{{ low }}) as next_low,
        row_number() over (partition by days.day_on order by bands.{{ low }}) as place
    from days
    inner join {{ model }} as bands
        on {{ holds_in("bands", "days.day_on") }}
)

select *
from ordered
where
    high < low
    or (place = 1 and low <> 0)
    or (next_low is null and high is not null)
    or (next_low is not null and (high is null or next_low <> high + 1))
{% endtest %}
