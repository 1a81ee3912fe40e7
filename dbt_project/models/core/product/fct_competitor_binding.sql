-- grain: one row per business month, group customer, competitor and kind of business
--
-- What is known of the competitor at the end of the month: the latest report of the months that the
-- rule lets count, with the day it was collected and how sure it is. Minutes and portings are the
-- month's own and belong to communication; they make a row also where nobody reported anything.
with groups as (
    select * from {{ ref("stg_crm__group_customer") }}
    where {{ in_months("stat_month") }}
),

-- the months of the customer file: a report does not reach into months that are still to come
known_months as (
    select distinct stat_month from groups
),

rules as (
    select
        months.stat_month,
        months.month_end_on,
        {{ parameter("rule", "parameter", "keep_months") }} as keep_months
    from {{ ref("dim_month") }} as months
    inner join known_months
        on months.stat_month = known_months.stat_month
    inner join {{ ref("competitor_binding_rule") }} as rule
        on {{ holds_in("rule", "months.stat_month") }}
    where {{ in_months("months.stat_month") }}
    group by months.stat_month, months.month_end_on
),

windows as (
    select
        rules.stat_month,
        earlier.stat_month as report_month
    from rules
    inner join {{ ref("dim_month") }} as earlier
        on
            earlier.stat_month <= rules.stat_month
            and earlier.stat_month
            > {{ add_months("rules.stat_month", "-cast(rules.keep_months as integer)") }}
),

reports as (
    select * from {{ ref("stg_competitor__intelligence") }}
),

members as (
    select distinct stat_month, group_id, subscriber_id
    from {{ ref("stg_crm__group_member") }}
    where {{ in_months("stat_month") }} and left_on is null
),

calls as (
    select * from {{ ref("stg_mediation__usage_destination") }}
    where {{ in_months("stat_month") }} and split_type = 'network'
),

ports as (
    select * from {{ ref("stg_competitor__ported_number") }}
    where {{ in_months("stat_month") }} and group_id is not null
),

ranked as (
    select
        windows.stat_month,
        reports.group_id,
        reports.competitor,
        reports.business_kind,
        reports.intelligence_id,
        reports.service_name,
        reports.line_cnt,
        reports.monthly_spend_amt,
        reports.monthly_volume_min,
        reports.contract_ends_on,
        reports.customer_stage,
        reports.next_action,
        reports.next_action_on,
        reports.source,
        reports.confidence,
        reports.collected_on,
        reports.collected_by,
        row_number() over (
            partition by
                windows.stat_month, reports.group_id, reports.competitor, reports.business_kind
            order by reports.collected_on desc, reports.intelligence_id desc
        ) as newest_first
    from windows
    inner join reports
        on windows.report_month = reports.stat_month
),

minutes as (
    select
        members.stat_month,
        members.group_id,
        calls.destination_code as competitor,
        sum(calls.voice_min) as voice_min
    from members
    inner join calls
        on
            members.stat_month = calls.stat_month
            and members.subscriber_id = calls.subscriber_id
    group by members.stat_month, members.group_id, calls.destination_code
),

all_minutes as (
    select stat_month, group_id, sum(voice_min) as voice_min
    from minutes
    group by stat_month, group_id
),

ported as (
    select
        stat_month,
        group_id,
        other_operator as competitor,
        sum(case when direction = 'in' then 1 else 0 end) as ported_in_cnt,
        sum(case when direction = 'out' then 1 else 0 end) as ported_out_cnt
    from ports
    group by stat_month, group_id, other_operator
),

ties as (
    select stat_month, group_id, competitor, business_kind
    from ranked
    where newest_first = 1
    union
    select minutes.stat_month, minutes.group_id, minutes.competitor, 'communication'
    from minutes
    inner join {{ ref("code_name") }} as operators
        on operators.code_set = 'competitor' and minutes.competitor = operators.code
    union
    select stat_month, group_id, competitor, 'communication'
    from ported
),

joined as (
    select
        ties.stat_month,
        ties.group_id,
        ties.competitor,
        ties.business_kind,
        coalesce(groups.area_id, '-') as area_id,
        coalesce(groups.account_manager_id, '-') as account_manager_id,
        ranked.intelligence_id is not null as has_report,
        ranked.intelligence_id,
        ranked.service_name,
        coalesce(ranked.line_cnt, 0) as line_cnt,
        coalesce(ranked.monthly_spend_amt, 0) as monthly_spend_amt,
        coalesce(ranked.monthly_volume_min, 0) as monthly_volume_min,
        ranked.contract_ends_on,
        ranked.customer_stage,
        ranked.next_action,
        ranked.next_action_on,
        ranked.source,
        ranked.confidence,
        ranked.collected_on,
        ranked.collected_by,
        case when ties.business_kind = 'communication' then 1 else 0 end as is_communication,
        coalesce(minutes.voice_min, 0) as voice_to_min,
        coalesce(all_minutes.voice_min, 0) as voice_min,
        coalesce(ported.ported_in_cnt, 0) as ported_in_cnt,
        coalesce(ported.ported_out_cnt, 0) as ported_out_cnt
    from ties
    left join groups
        on ties.stat_month = groups.stat_month and ties.group_id = groups.group_id
    left join ranked
        on
            ties.stat_month = ranked.stat_month
            and ties.group_id = ranked.group_id
            and ties.competitor = ranked.competitor
            and ties.business_kind = ranked.business_kind
            and ranked.newest_first = 1
    left join minutes
        on
            ties.stat_month = minutes.stat_month
            and ties.group_id = minutes.group_id
            and ties.competitor = minutes.competitor
    left join all_minutes
        on ties.stat_month = all_minutes.stat_month and ties.group_id = all_minutes.group_id
    left join ported
        on
            ties.stat_month = ported.stat_month
            and ties.group_id = ported.group_id
            and ties.competitor = ported.competitor
),

final as (
    select
        stat_month,
        group_id,
        competitor,
        business_kind,
        area_id,
        account_manager_id,
        has_report,
        intelligence_id,
        service_name,
        -- reported, and not that it has nothing there any more
        has_report and customer_stage <> 'won' and (line_cnt > 0 or monthly_spend_amt > 0)
            as is_bound,
        line_cnt,
        cast(monthly_spend_amt as numeric(18, 2)) as monthly_spend_amt,
        cast(monthly_volume_min as numeric(18, 2)) as monthly_volume_min,
        contract_ends_on,
        customer_stage,
        next_action,
        next_action_on,
        source,
        confidence,
        collected_on,
        collected_by,
        cast(voice_to_min * is_communication as numeric(18, 2)) as voice_to_min,
        cast(voice_min * is_communication as numeric(18, 2)) as voice_min,
        cast(ported_in_cnt * is_communication as integer) as ported_in_cnt,
        cast(ported_out_cnt * is_communication as integer) as ported_out_cnt
    from joined
)

select * from final
