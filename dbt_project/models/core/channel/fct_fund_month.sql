-- grain: one row per business month and dealer with a development fund, as at the end of the month
--
-- A balance is the sum of all movements up to then. A lot whose contribution lies before the first
-- month loaded is not known, and taking it out must not make the balance negative: it is left out
-- of the balance and told of by itself.
with movements as (
    select * from {{ ref("fct_fund_movement") }}
),

dealers as (
    select * from {{ ref("dim_dealer") }}
),

months as (
    select * from {{ ref("dim_month") }}
),

lots as (
    select
        dealers.stat_month,
        dealers.dealer_id,
        movements.lot_id,
        max(movements.vests_on) <= max(months.month_end_on) as is_vested,
        max(case when movements.movement_type = 'contribution' then 1 else 0 end) = 1 as is_known,
        sum(movements.movement_amt) as balance_amt
    from dealers
    inner join months
        on dealers.stat_month = months.stat_month
    inner join movements
        on
            dealers.dealer_id = movements.dealer_id
            and movements.stat_month <= dealers.stat_month
    group by dealers.stat_month, dealers.dealer_id, movements.lot_id
),

balances as (
    select
        stat_month,
        dealer_id,
        sum(case when is_known then balance_amt else 0 end) as balance_amt,
        sum(case when is_known and is_vested then balance_amt else 0 end) as vested_amt,
        sum(case when is_known and not is_vested then balance_amt else 0 end) as locked_amt,
        sum(case when is_known then 0 else -balance_amt end) as unknown_lot_taken_amt
    from lots
    group by stat_month, dealer_id
),

moved as (
    select
        stat_month,
        dealer_id,
        sum(contribution_amt) as contribution_amt,
        sum(subsidy_amt) as subsidy_amt,
        sum(withdrawal_amt) as withdrawal_amt,
        sum(case when is_early_withdrawal then withdrawal_amt else 0 end)
            as early_withdrawal_amt,
        sum(forfeit_amt) as forfeit_amt
    from movements
    group by stat_month, dealer_id
),

final as (
    select
        balances.stat_month,
        balances.dealer_id,
        dealers.area_id,
        dealers.channel_manager_id,
        balances.balance_amt,
        balances.vested_amt,
        balances.locked_amt,
        balances.unknown_lot_taken_amt,
        {%- for part in [
            "contribution", "subsidy", "withdrawal", "early_withdrawal", "forfeit"
        ] %}
        coalesce(moved.{{ part }}_amt, 0) as {{ part }}_amt{{ "," if not loop.last }}
        {%- endfor %}
    from balances
    inner join dealers
        on
            balances.stat_month = dealers.stat_month
            and balances.dealer_id = dealers.dealer_id
    left join moved
        on balances.stat_month = moved.stat_month and balances.dealer_id = moved.dealer_id
)

select * from final
