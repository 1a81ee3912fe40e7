-- grain: one row per business month, active group customer and group product that could be offered
--
-- A product could be offered when it is made for the customer's industry or for all, answers a kind
-- of need (next_offer_need) and never was the customer's. What it gave up is left out: winning that
-- back is another matter than a next offer.
{%- set reach = 11 %}
{%- set kinds = ["tariff", "one_stop", "solution"] %}
with customers as (
    select
        customers.stat_month,
        customers.group_id,
        customers.industry_code,
        coalesce(customers.size_band, '-') as size_band,
        coalesce(profiles.size_segment, '-') as size_segment
    from {{ ref("fct_group_customer_month") }} as customers
    left join {{ ref("dim_group_customer") }} as profiles
        on
            customers.stat_month = profiles.stat_month
            and customers.group_id = profiles.group_id
    where {{ in_months("customers.stat_month") }} and customers.is_active
),

products as (
    select
        stat_month,
        product_id,
        product_class,
        industry_code
    from {{ ref("dim_product") }}
    where {{ in_months("stat_month") }} and is_group_product
),

held as (
    select
        stat_month,
        group_id,
        product_id,
        max(case when is_in_use then 1 else 0 end) as is_user
    from {{ ref("fct_product_instance") }}
    where {{ in_months("stat_month") }}
    group by stat_month, group_id, product_id
),

needs as (
    {%- for kind in kinds %}
    select
        stat_month,
        group_id,
        '{{ kind }}' as need_type,
        unmet_{{ kind }}_cnt as unmet_cnt,
        unmet_need_cnt
    from {{ ref("int_group_month__need") }}
    where {{ in_months("stat_month") }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

heard as (
    select
        stat_month,
        group_id,
        need_type
    from {{ ref("int_customer_need__heard") }}
    where {{ in_reach("stat_month", reach) }}
),

windows as (
    select
        months.stat_month,
        {{ add_months("months.stat_month", "1 - cast(rule.value as integer)") }} as heard_from
    from {{ ref("dim_month") }} as months
    inner join {{ ref("customer_value_rule") }} as rule
        on
            {{ holds_in("rule", "months.stat_month") }}
            and rule.parameter = 'need_watch_months'
    where {{ in_months("months.stat_month") }}
),

-- the need index of a segment over the months in which needs are watched: in one month the few
-- large customers tell hardly any
asked as (
    select
        customers.stat_month,
        customers.size_segment,
        heard.need_type,
        count(*) as heard_cnt
    from customers
    inner join windows
        on customers.stat_month = windows.stat_month
    inner join heard
        on
            customers.group_id = heard.group_id
            and heard.stat_month between windows.heard_from and customers.stat_month
    group by customers.stat_month, customers.size_segment, heard.need_type
),

segment_needs as (
    select
        stat_month,
        size_segment,
        need_type,
        cast(
            1.0 * heard_cnt / sum(heard_cnt) over (partition by stat_month, size_segment)
            as numeric(18, 8)
        ) as segment_need_share
    from asked
),

weights as (
    select
        months.stat_month,
        {{ parameter("rule", "factor", "own_need", "weight") }} as own_need_weight,
        {{ parameter("rule", "factor", "segment_need", "weight") }} as segment_need_weight,
        {{ parameter("rule", "factor", "peers", "weight") }} as peers_weight,
        max(rule.valid_from) as rules_from
    from {{ ref("dim_month") }} as months
    inner join {{ ref("next_offer_weight") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    where {{ in_months("months.stat_month") }}
    group by months.stat_month
),

made_for as (
    select
        customers.stat_month,
        customers.group_id,
        customers.size_band,
        customers.size_segment,
        products.product_id,
        products.product_class,
        case when held.group_id is not null then 1 else 0 end as is_held,
        coalesce(held.is_user, 0) as is_user
    from customers
    inner join products
        on
            customers.stat_month = products.stat_month
            and products.industry_code in (customers.industry_code, '-')
    left join held
        on
            customers.stat_month = held.stat_month
            and customers.group_id = held.group_id
            and products.product_id = held.product_id
),

-- customers of the same size that it is made for: of an industry application, of the same industry
peers as (
    select
        stat_month,
        size_band,
        product_id,
        count(*) as peer_cnt,
        sum(is_user) as peer_user_cnt,
        cast(1.0 * sum(is_user) / count(*) as numeric(18, 8)) as peer_share
    from made_for
    group by stat_month, size_band, product_id
),

measured as (
    select
        made_for.stat_month,
        made_for.group_id,
        made_for.product_id,
        answers.need_type,
        coalesce(needs.unmet_cnt, 0) as own_need_cnt,
        cast(
            coalesce(1.0 * needs.unmet_cnt / nullif(needs.unmet_need_cnt, 0), 0)
            as numeric(18, 8)
        ) as own_need_share,
        cast(coalesce(segment_needs.segment_need_share, 0) as numeric(18, 8))
            as segment_need_share,
        peers.peer_cnt,
        peers.peer_user_cnt,
        peers.peer_share
    from made_for
    inner join {{ ref("next_offer_need") }} as answers
        on
            made_for.product_class = answers.product_class
            and {{ holds_in("answers", "made_for.stat_month") }}
    inner join peers
        on
            made_for.stat_month = peers.stat_month
            and made_for.size_band = peers.size_band
            and made_for.product_id = peers.product_id
    left join segment_needs
        on
            made_for.stat_month = segment_needs.stat_month
            and made_for.size_segment = segment_needs.size_segment
            and answers.need_type = segment_needs.need_type
    left join needs
        on
            made_for.stat_month = needs.stat_month
            and made_for.group_id = needs.group_id
            and answers.need_type = needs.need_type
    where made_for.is_held = 0
),

pointed as (
    select
        measured.*,
        weights.rules_from,
        100 * weights.own_need_weight * measured.own_need_share as own_need_points,
        100 * weights.segment_need_weight * measured.segment_need_share as segment_need_points,
        100 * weights.peers_weight * measured.peer_share as peers_points
    from measured
    inner join weights
        on measured.stat_month = weights.stat_month
),

-- kept to eight places before it is ranked, so that the rank is that of what is shown
scored as (
    select
        pointed.*,
        cast(own_need_points + segment_need_points + peers_points as numeric(18, 8)) as score,
        -- what the customer said itself speaks first, where two give as much
        case
            when own_need_points = 0 and segment_need_points = 0 and peers_points = 0 then null
            when
                own_need_points >= segment_need_points and own_need_points >= peers_points
                then 'own_need'
            when segment_need_points >= peers_points then 'segment_need'
            else 'peers'
        end as reason
    from pointed
),

-- a product that answers several kinds of need is offered for the one that speaks most for it
chosen as (
    select
        scored.*,
        row_number() over (
            partition by stat_month, group_id, product_id
            order by score desc, need_type
        ) as place
    from scored
),

final as (
    select
        stat_month,
        group_id,
        product_id,
        need_type,
        score,
        reason,
        cast(own_need_cnt as integer) as own_need_cnt,
        segment_need_share,
        cast(peer_cnt as integer) as peer_cnt,
        cast(peer_user_cnt as integer) as peer_user_cnt,
        rules_from,
        cast(
            row_number() over (
                partition by stat_month, group_id
                order by score desc, peer_user_cnt desc, product_id
            ) as integer
        ) as rank_no
    from chosen
    where place = 1
)

select * from final
