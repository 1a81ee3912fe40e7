-- grain: one row per business month and certificate, as at the end of the month
with certificates as (
    select * from {{ ref("stg_training__certificate") }}
),

staff as (
    select * from {{ ref("dim_staff") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

final as (
    select
        certificates.stat_month,
        certificates.certificate_id,
        certificates.staff_id,
        staff.org_unit_id,
        certificates.certificate_kind,
        certificates.issued_on,
        certificates.expires_on,
        certificates.state,
        certificates.exam_result_id,
        certificates.issuer,
        certificates.state = 'valid' and certificates.expires_on >= months.month_end_on
            as is_valid,
        {{ elapsed_days("months.month_end_on", "certificates.expires_on") }} as days_left_cnt,
        {{ in_its_month("certificates.issued_on", "certificates.stat_month") }}
            as is_issued_in_month
    from certificates
    inner join months
        on certificates.stat_month = months.stat_month
    left join staff
        on
            certificates.stat_month = staff.stat_month
            and certificates.staff_id = staff.staff_id
)

select * from final
