-- grain: one row per campaign
select
    cast(_period as date) as stat_month,
    campaign_id,
    campaign_name,
    campaign_name_en,
    campaign_kind,
    offer_type,
    target_segment,
    product_id,
    main_channel,
    starts_on,
    ends_on,
    status,
    org_unit_id,
    owner_id,
    budget_amt,
    control_share,
    template_version,
    document_cnt,
    _load_id as load_id
from {{ source('raw', 'campaign__campaign') }}
