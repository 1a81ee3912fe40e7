-- grain: one row per company, spelt as meant
with accounts as (
    select * from {{ source("raw", "b2b__account") }}
),

aliases as (
    select * from {{ source("raw", "b2b__value_alias") }}
    where feed = 'b2b.account'
),

industries as (
    select * from {{ source("raw", "b2b__sector_industry") }}
),

spelt as (
    select
        accounts.account,
        coalesce(sectors.value_meant, accounts.sector) as sector,
        accounts.employees,
        coalesce(countries.value_meant, accounts.office_location) as office_location,
        accounts.subsidiary_of,
        accounts._load_id as load_id
    from accounts
    left join aliases as sectors
        on sectors.column_name = 'sector' and accounts.sector = sectors.value_sent
    left join aliases as countries
        on
            countries.column_name = 'office_location'
            and accounts.office_location = countries.value_sent
)

select
    spelt.account,
    spelt.sector,
    industries.industry_code,
    spelt.employees,
    spelt.office_location,
    spelt.subsidiary_of,
    spelt.load_id
from spelt
left join industries
    on spelt.sector = industries.sector
