-- grain: one row per account and stretch of months in which its terms stayed the same
{{ history(
    ref("stg_boss__account"),
    "account_id",
    [
        "account_type",
        "group_id",
        "owner_party_id",
        "credit_class",
        "credit_limit_amt",
        "payment_method",
        "is_unified_payment",
        "term_days",
        "account_status",
    ],
) }}
