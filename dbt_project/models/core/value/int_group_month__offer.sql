-- grain: one row per business month and group customer with a next offer, or with one the month
-- before
--
-- The best candidate of the month, unless nothing speaks for any; and whether the customer came to
-- use the one of the month before. By lot, any of that month's candidates would have been offered:
-- the share of them that came into use is how often chance would have met it.
with customers as (
    select stat_month, group_id
    from {{ ref("fct_group_customer_month") }}
    where {{ in_months("stat_month") }}
),

candidates as (
    select * from {{ ref("int_group_offer__candidate") }}
    where {{ in_months("stat_month") }} or {{ in_months("stat_month", -1) }}
),

used as (
    select distinct
        stat_month,
        group_id,
        product_id
    from {{ ref("fct_product_instance") }}
    where {{ in_months("stat_month") }} and is_in_use
),

offers as (
    select * from candidates
    where rank_no = 1 and score > 0
),

followed as (
    select
        customers.stat_month,
        customers.group_id,
        max(case when candidates.rank_no = 1 and used.group_id is not null then 1 else 0 end)
            as taken_cnt,
        1.0 * sum(case when used.group_id is not null then 1 else 0 end) / count(*) as lot_cnt
    from customers
    inner join candidates
        on
            {{ add_months("customers.stat_month", -1) }} = candidates.stat_month
            and customers.group_id = candidates.group_id
    left join used
        on
            customers.stat_month = used.stat_month
            and customers.group_id = used.group_id
            and candidates.product_id = used.product_id
    group by customers.stat_month, customers.group_id
    having max(candidates.score) > 0
),

final as (
    select
        customers.stat_month,
        customers.group_id,
        offers.product_id,
        offers.need_type,
        offers.score,
        offers.reason,
        offers.own_need_cnt,
        offers.segment_need_share,
        offers.peer_cnt,
        offers.peer_user_cnt,
        offers.rules_from,
        case when followed.group_id is not null then 1 else 0 end as followed_cnt,
        cast(coalesce(followed.taken_cnt, 0) as integer) as taken_cnt,
        cast(coalesce(followed.lot_cnt, 0) as numeric(18, 8)) as lot_cnt
    from customers
    left join offers
        on customers.stat_month = offers.stat_month and customers.group_id = offers.group_id
    left join followed
        on customers.stat_month = followed.stat_month and customers.group_id = followed.group_id
    where offers.group_id is not null or followed.group_id is not null
)

select * from final
