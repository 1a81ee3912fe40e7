{# Parts of a whole: within each group of `by` they add up to 1, or none is given. #}
{% test adds_up_to_one(model, column, by) %}
select
    {{ by | join(", ") }},
    sum({{ column }}) as total
from {{ model }}
group by {{ by | join(", ") }}
having abs(sum({{ column }}) - 1) > 0.000000001 or count({{ column }}) not in (0, count(*))
{% endtest %}

{# The reorganisations that org_succession tells are those that the monthly trees show: a unit that
   passed everything on is in no later tree, and a successor is in the tree of the month it began.
   Months for which there is no tree are not judged. #}
{% test succession_is_in_the_trees(model, tree) %}
with months as (
    select distinct stat_month
    from {{ tree }}
),

ended as (
    select
        from_unit_id,
        effective_month
    from {{ model }}
    group by from_unit_id, effective_month
    having max(case when to_unit_id = from_unit_id then 1 else 0 end) = 0
)

select
    ended.from_unit_id as org_unit_id,
    tree.stat_month,
    'has passed everything on and is still there' as fault
from ended
inner join {{ tree }} as tree
    on ended.from_unit_id = tree.org_unit_id and ended.effective_month <= tree.stat_month
union all
select
    succession.to_unit_id as org_unit_id,
    succession.effective_month as stat_month,
    'has taken over and is not there' as fault
from {{ model }} as succession
inner join months
    on succession.effective_month = months.stat_month
left join {{ tree }} as tree
    on succession.to_unit_id = tree.org_unit_id and succession.effective_month = tree.stat_month
where tree.org_unit_id is null
{% endtest %}
