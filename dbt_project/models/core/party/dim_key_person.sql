-- grain: one row per business month and key person in a role at a group customer
--
-- Names and numbers are masked here; who may see them asks staging by the person's number.
with persons as (
    select * from {{ ref("stg_crm__key_person") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

groups as (
    select * from {{ ref("stg_crm__group_customer") }}
),

final as (
    select
        persons.stat_month,
        persons.key_person_id,
        persons.group_id,
        coalesce(groups.area_id, '-') as area_id,
        coalesce(groups.account_manager_id, '-') as account_manager_id,
        persons.person_type,
        {{ mask_name("persons.person_name") }} as person_name_masked,
        {{ mask_msisdn("persons.mobile_no") }} as mobile_no_masked,
        persons.job_title,
        persons.subscriber_id,
        persons.birth_year,
        persons.birthday,
        persons.birthday is not null as has_birthday,
        persons.interests is not null as has_interests,
        persons.social_ties is not null as has_social_ties,
        persons.mobile_no is not null as has_mobile_no,
        persons.valid_from_on,
        persons.valid_to_on,
        persons.recorded_on,
        -- systems are known to leave people marked current whose time is over
        persons.is_current
        and persons.valid_from_on <= months.month_end_on
        and coalesce(persons.valid_to_on, months.month_end_on) >= months.month_end_on
            as is_in_role
    from persons
    inner join months
        on persons.stat_month = months.stat_month
    left join groups
        on persons.stat_month = groups.stat_month and persons.group_id = groups.group_id
)

select * from final
