-- grain: one row per business month and group customer with members in it
--
-- A member is a line of an employee or leader, on any network, that belongs to the group at month
-- end; machines are counted apart. A subscriber who is twice on the list uses and pays once.
with members as (
    select * from {{ ref("stg_crm__group_member") }}
    where {{ in_months("stat_month") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

usage as (
    select * from {{ ref("stg_boss__subscriber_usage") }}
    where {{ in_months("stat_month") }}
),

bills as (
    select * from {{ ref("stg_boss__subscriber_bill") }}
    where {{ in_months("stat_month") }}
),

dated as (
    select
        members.*,
        members.left_on is null or members.left_on > months.month_end_on as is_here,
        members.joined_on >= months.stat_month as has_joined,
        members.left_on between months.stat_month and months.month_end_on as has_left,
        row_number() over (
            partition by members.stat_month, members.group_id, members.subscriber_id
            order by case when members.left_on is null then 0 else 1 end, members.member_no
        ) as place
    from members
    inner join months
        on members.stat_month = months.stat_month
),

judged as (
    select
        dated.*,
        is_here and member_role <> 'machine' as is_member,
        is_here and member_role <> 'machine' and network = 'own' as is_own_member,
        -- of a subscriber listed twice the first line speaks for use and bills
        is_here and subscriber_id is not null and place = 1 as has_own_use
    from dated
),

summed as (
    select
        judged.stat_month,
        judged.group_id,
        sum(case when is_member then 1 else 0 end) as member_cnt,
        sum(case when is_own_member then 1 else 0 end) as own_member_cnt,
        {%- for rival in ["op_b", "op_c"] %}
        sum(case when is_member and network = '{{ rival }}' then 1 else 0 end)
            as {{ rival }}_member_cnt,
        {%- endfor %}
        sum(case when is_member and is_verified then 1 else 0 end) as verified_member_cnt,
        sum(case when is_own_member and is_verified then 1 else 0 end) as own_verified_member_cnt,
        sum(case when is_member and member_role = 'leader' then 1 else 0 end) as leader_cnt,
        sum(case when is_here and member_role = 'machine' then 1 else 0 end) as machine_cnt,
        sum(case when is_own_member and is_unified_payment then 1 else 0 end)
            as unified_payment_member_cnt,
        sum(case when is_own_member and has_joined then 1 else 0 end) as joined_member_cnt,
        sum(case when has_left and network = 'own' and member_role <> 'machine' then 1 else 0 end)
            as left_member_cnt,
        -- who changes the employer is no loss of the group, who changes the network is
        sum(
            case
                when
                    has_left and network = 'own' and member_role <> 'machine'
                    and left_reason = 'changed_network'
                    then 1
                else 0
            end
        ) as left_network_member_cnt,
        sum(case when has_own_use and bills.subscriber_id is not null then 1 else 0 end)
            as billed_member_cnt,
        sum(case when has_own_use then coalesce(bills.billed_amt, 0) else 0 end) as member_bill_amt,
        sum(
            case
                when has_own_use
                    then coalesce(usage.voice_out_min, 0) + coalesce(usage.voice_in_min, 0)
                else 0
            end
        ) as member_voice_min,
        sum(case when has_own_use then coalesce(usage.voice_out_min, 0) else 0 end)
            as member_voice_out_min,
        sum(case when has_own_use then coalesce(usage.voice_offnet_min, 0) else 0 end)
            as member_voice_offnet_min,
        sum(case when has_own_use then coalesce(usage.data_mb, 0) else 0 end) as member_data_mb,
        sum(case when has_own_use then coalesce(usage.sms_cnt, 0) else 0 end) as member_sms_cnt
    from judged
    left join usage
        on
            judged.stat_month = usage.stat_month
            and judged.subscriber_id = usage.subscriber_id
    left join bills
        on
            judged.stat_month = bills.stat_month
            and judged.subscriber_id = bills.subscriber_id
    group by judged.stat_month, judged.group_id
),

final as (
    select
        stat_month,
        group_id,
        {%- for name in [
            "member_cnt", "own_member_cnt", "op_b_member_cnt", "op_c_member_cnt",
            "verified_member_cnt", "own_verified_member_cnt", "leader_cnt", "machine_cnt",
            "unified_payment_member_cnt", "joined_member_cnt", "left_member_cnt",
            "left_network_member_cnt", "billed_member_cnt", "member_sms_cnt",
        ] %}
        cast({{ name }} as integer) as {{ name }},
        {%- endfor %}
        {%- for name in [
            "member_bill_amt", "member_voice_min", "member_voice_out_min",
            "member_voice_offnet_min", "member_data_mb",
        ] %}
        cast({{ name }} as numeric(18, 2)) as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from summed
)

select * from final
