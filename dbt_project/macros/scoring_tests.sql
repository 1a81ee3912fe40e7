{# Invariants of the scoring rule tables. Each gives back the rule_id of a row at fault. #}

{# Every day on which one of the rules begins or ends. #}
{% macro scoring_days(model) -%}
    select valid_from as day_on
    from {{ model }}
    union
    select valid_to as day_on
    from {{ model }}
    where valid_to is not null
{%- endmacro %}

{# On every day the weights of a scorecard sum to 1. #}
{% test scorecard_weights(model) %}
with days as (
    {{ telmart.scoring_days(model) }}
)

select
    days.day_on,
    rule.scorecard_code,
    min(rule.rule_id) as rule_id,
    sum(rule.weight) as weight_sum
from days
inner join {{ model }} as rule
    on {{ holds_in("rule", "days.day_on") }}
group by days.day_on, rule.scorecard_code
having sum(rule.weight) <> 1
{% endtest %}

{# On every day the parts of a scorecard have these shares: {scorecard: {part: share}}. #}
{% test scorecard_parts(model, shares) %}
with days as (
    {{ telmart.scoring_days(model) }}
),

shares as (
    {%- for scorecard, parts in shares.items() %}
    {%- set last_scorecard = loop.last %}
    {%- for part, share in parts.items() %}
    select '{{ scorecard }}' as scorecard_code, '{{ part }}' as part, {{ share }} as share
    {{ "union all" if not (last_scorecard and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

found as (
    select
        days.day_on,
        rule.scorecard_code,
        rule.part,
        min(rule.rule_id) as rule_id,
        sum(rule.weight) as share
    from days
    inner join {{ model }} as rule
        on {{ holds_in("rule", "days.day_on") }}
    group by days.day_on, rule.scorecard_code, rule.part
)

select
    found.rule_id,
    found.scorecard_code,
    found.part,
    found.share
from found
left join shares
    on found.scorecard_code = shares.scorecard_code and found.part = shares.part
where
    found.scorecard_code in (select shares.scorecard_code from shares)
    and (shares.share is null or found.share <> shares.share)
{% endtest %}

{# On every day the bands of a set cover all numbers, once: the first has no lower end, the last no
   upper end, and each begins where the one before ends. #}
{% test bands_cover(model) %}
with days as (
    {{ telmart.scoring_days(model) }}
),

holding as (
    select
        days.day_on,
        rule.rule_id,
        rule.from_value,
        rule.to_value,
        row_number() over (
            partition by days.day_on, rule.band_set order by rule.band_no
        ) as place_no,
        count(*) over (partition by days.day_on, rule.band_set) as bands_cnt,
        lead(rule.from_value) over (
            partition by days.day_on, rule.band_set order by rule.band_no
        ) as next_from_value
    from days
    inner join {{ model }} as rule
        on {{ holds_in("rule", "days.day_on") }}
)

select rule_id
from holding
where
    (place_no = 1) <> (from_value is null)
    or (place_no = bands_cnt) <> (to_value is null)
    or to_value <= from_value
    or (place_no < bands_cnt and next_from_value is distinct from to_value)
{% endtest %}

{# On every day, what a rule names is a rule that holds in the other table. #}
{% test names_a_rule(model, column, to, to_column=none) %}
with days as (
    {{ telmart.scoring_days(model) }}
    union
    {{ telmart.scoring_days(to) }}
),

named as (
    select distinct
        days.day_on,
        other.{{ to_column or column }} as code
    from days
    inner join {{ to }} as other
        on {{ holds_in("other", "days.day_on") }}
)

select
    rule.rule_id,
    rule.{{ column }} as named_code,
    days.day_on
from days
inner join {{ model }} as rule
    on {{ holds_in("rule", "days.day_on") }}
left join named
    on days.day_on = named.day_on and rule.{{ column }} = named.code
where rule.{{ column }} is not null and named.code is null
{% endtest %}

{# Following the parents from any KPI ends: at most six levels, and no circle. #}
{% test tree_ends(model, key, parent) %}
{%- set steps = range(1, 7) %}
select node.rule_id
from {{ model }} as node
{%- for n in steps %}
inner join {{ model }} as up{{ n }}
    on {{ "node" if n == 1 else "up" ~ (n - 1) }}.{{ parent }} = up{{ n }}.{{ key }}
{%- endfor %}
{% endtest %}

{# A target of a KPI that the catalogue has on that day. #}
{% test names_a_kpi(model) %}
select
    tested.stat_month,
    tested.kpi_code,
    count(*) as targets_cnt
from {{ model }} as tested
left join {{ ref("kpi") }} as kpis
    on tested.kpi_code = kpis.kpi_code and {{ holds_in("kpis", "tested.stat_month") }}
where kpis.kpi_code is null
group by tested.stat_month, tested.kpi_code
{% endtest %}

{# None of these columns is null, in one query for all of them. #}
{% test no_nulls(model, columns) %}
select *
from {{ model }}
where
    {%- for column in columns %}
    {{ "or " if not loop.first }}{{ column }} is null
    {%- endfor %}
{% endtest %}
