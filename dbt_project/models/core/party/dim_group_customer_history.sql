-- grain: one row per group customer and stretch of months in which its profile stayed the same
{{ history(
    ref("stg_crm__group_customer"),
    "group_id",
    [
        "group_name",
        "industry_code",
        "employees_cnt",
        "area_id",
        "account_manager_id",
        "opened_on",
        "status",
        "control_level",
        "layer",
        "market_position",
        "economic_influence",
        "ict_level",
        "credit_class",
        "entitled_tier",
        "chosen_tier",
        "alliance_stage",
    ],
) }}
