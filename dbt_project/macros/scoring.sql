{#
    How a score is made from numbers: pure expressions, portable, and tested alone (tests/scoring
    renders this file without dbt, so nothing here may need dbt).

    A rate is the share of the full score: 1 is all of it, 1.2 a fifth more. Null is "no score",
    which is not zero. `base` is what the actual is held against: its target (目标值法), or the best
    of the peer group (比高法).
#}

{# floor <= rate <= cap. greatest and least skip nulls, which would make a score out of none. #}
{% macro clip(rate, floor, cap) -%}
    case when {{ rate }} is not null then least({{ cap }}, greatest({{ floor }}, {{ rate }})) end
{%- endmacro %}

{#
    The rate before floor and cap.

    Higher is better: actual / base. Lower is better: base / actual, as the documents' 比高法 has
    it (best / actual). Where a quotient says nothing: a base below zero is passed by the distance
    from it, in bases; lower is better and nothing at all was incurred gives the cap. A base of zero
    goes by `zero_base`: not_scored; floor, everybody has the floor; full, who is not worse than
    zero has the full score and who is has the floor.
#}
{% macro rate_against(actual, base, direction, floor, cap, zero_base) -%}
    case
        when {{ actual }} is null or {{ base }} is null then null
        when {{ base }} = 0 and {{ zero_base }} = 'not_scored' then null
        when {{ base }} = 0 and {{ zero_base }} = 'floor' then {{ floor }}
        when {{ base }} = 0 and {{ direction }} = 'up' and {{ actual }} < 0 then {{ floor }}
        when {{ base }} = 0 and {{ direction }} = 'down' and {{ actual }} > 0 then {{ floor }}
        when {{ base }} = 0 then 1
        when {{ base }} > 0 and {{ direction }} = 'up' then {{ actual }} / {{ base }}
        when {{ base }} > 0 and {{ actual }} <= 0 then {{ cap }}
        when {{ base }} > 0 then {{ base }} / {{ actual }}
        when {{ direction }} = 'up' then 1 + ({{ actual }} - {{ base }}) / abs({{ base }})
        else 1 - ({{ actual }} - {{ base }}) / abs({{ base }})
    end
{%- endmacro %}

{# The best actual of a peer group (`peers`: the columns that make one). #}
{% macro best_of(actual, direction, peers) -%}
    case
        when {{ direction }} = 'up' then max({{ actual }}) over (partition by {{ peers }})
        else min({{ actual }}) over (partition by {{ peers }})
    end
{%- endmacro %}

{# The rate before floor and cap, by whichever method; a best-comparison among fewer peers than
   `min_peers` compares with nobody and gives none. `band_rate`: of the band the actual is in. #}
{% macro rate_by_method(
    method, actual, base, band_rate, direction, floor, cap, zero_base, peers, min_peers
) -%}
    case
        when {{ method }} = 'best_in_group' and {{ peers }} < {{ min_peers }} then null
        when {{ method }} in ('target_value', 'best_in_group')
            then {{ rate_against(actual, base, direction, floor, cap, zero_base) }}
        when {{ actual }} is null then null
        when {{ method }} = 'bands' then {{ band_rate }}
        when {{ method }} = 'direct' then {{ actual }}
    end
{%- endmacro %}

{# Why there is a rate, or none. #}
{% macro score_state(method, rate, actual, target, peers, min_peers) -%}
    case
        when {{ rate }} is not null then 'scored'
        when {{ actual }} is null then 'no_actual'
        when {{ method }} = 'target_value' and {{ target }} is null then 'no_target'
        when {{ method }} = 'best_in_group' and {{ peers }} < {{ min_peers }} then 'few_peers'
        when {{ method }} = 'bands' then 'no_band'
        else 'zero_base'
    end
{%- endmacro %}

{#
    The weight that counts. An item without a score passes its weight to the scored items of the
    same part (so the city's 80 % stay 80 %), a part without any to the other parts. `counted`:
    whether the item counts; `part_weight` and `part_counted`: weight of the part, and of its
    counted items; `all_counted`: weight of all parts with a counted item.
#}
{% macro counted_weight(counted, weight, part_weight, part_counted, all_counted) -%}
    case
        when {{ counted }}
            then {{ weight }} * {{ part_weight }} / {{ part_counted }} / {{ all_counted }}
        else 0
    end
{%- endmacro %}

{# Whether a gate is passed. Nobody fails for a number that does not exist, unless the gate says
   so. #}
{% macro gate_passed(actual, threshold, direction, when_missing) -%}
    case
        when {{ actual }} is null or {{ threshold }} is null then {{ when_missing }} = 'pass'
        when {{ direction }} = 'up' then {{ actual }} >= {{ threshold }}
        else {{ actual }} <= {{ threshold }}
    end
{%- endmacro %}

{# The points after the gates: `gate_cap` is the lowest cap of the gates that failed, or null. #}
{% macro capped_points(points, gate_cap) -%}
    case
        when {{ points }} is not null
            then least({{ points }}, coalesce({{ gate_cap }}, {{ points }}))
    end
{%- endmacro %}

{# With whom a row is compared or ranked, from the columns of int_scope__month. #}
{% macro group_of(by, scope) -%}
    case {{ by }}
        when 'all' then 'all'
        when 'kind' then {{ scope }}.scope_kind
        when 'grade' then {{ scope }}.scope_grade
        when 'kind_grade' then {{ scope }}.scope_kind || ' / ' || {{ scope }}.scope_grade
        when 'county' then coalesce({{ scope }}.county_id, '-')
        when 'city' then coalesce({{ scope }}.city_id, '-')
        when 'province' then coalesce({{ scope }}.province_id, '-')
    end
{%- endmacro %}
