-- Results of Great Expectations, and the numbers its expectations compare with earlier periods.

create table quality.check_result (
    result_id bigint generated always as identity primary key,
    run_id text not null,               -- the Dagster run
    suite text not null,                -- arrival.<system>__<feed> | marts.<mart table>
    expectation text not null,          -- the expectation's id within its suite
    subject text not null,              -- the feed or the mart
    period text not null,               -- '2026-10', or '2025-05..2026-10' when they passed together
    success boolean not null,
    observed text not null,             -- counts and aggregates only, never a row's value
    expected text not null,
    severity text not null check (severity in ('critical', 'warning')),
    description text not null,
    description_zh text not null,
    owner text not null,
    checked_at timestamptz not null default now()
);
create index on quality.check_result (suite, checked_at);
create index on quality.check_result (run_id);

-- One number per subject, period and measure; its history is what "usual" means.
create table quality.profile (
    subject text not null,
    period date not null,
    measure text not null,
    value numeric,
    load_id bigint,                     -- feeds: the load it was measured on
    measured_at timestamptz not null default now(),
    primary key (subject, measure, period)
);

-- What is usual for a number: its median over the six periods before; where there are fewer than
-- three, the nearest later ones count as well. Four sigma of counting noise are allowed for in
-- ratio_beyond_noise, so that a feed with a dozen events a month does not cry wolf; in large feeds
-- that is next to nothing.
create view quality.profile_usual as
select
    p.subject, p.period, p.measure, p.value, u.usual,
    p.value / nullif(u.usual, 0) as ratio,
    case
        when u.usual <= 0 then null
        when p.value < u.usual then least(1, (p.value + 4 * sqrt(u.usual)) / u.usual)
        when p.value > u.usual then greatest(1, (p.value - 4 * sqrt(u.usual)) / u.usual)
        when p.value = u.usual then 1
    end as ratio_beyond_noise
from quality.profile as p
cross join lateral (
    select (percentile_cont(0.5) within group (order by near.value))::numeric as usual
    from (
        select
            other.value,
            other.period < p.period as is_earlier,
            count(*) filter (where other.period < p.period) over () as earlier_cnt,
            row_number() over (
                order by other.period < p.period desc, abs(other.period - p.period)
            ) as place
        from quality.profile as other
        where other.subject = p.subject and other.measure = p.measure
            and other.period <> p.period and other.value is not null
    ) as near
    where near.place <= 6 and (near.is_earlier or near.earlier_cnt < 3)
) as u;
