-- version: 1
-- The dashboard's chart: one point for every period of the range, zeros included. `date` is the period's first day
-- inside the range; `time` the same, or below daily the block's start in the tenant's zone (YYYY-MM-DDTHH:00).
-- p_granularity: hourly, 4hours, 12hours, daily, weekly, monthly.
create or replace function get_chart_data(
    p_tenant_id uuid,
    p_start_date date,
    p_end_date date,
    p_granularity text,
    p_location_ids text[]
) returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_scope text[] := coalesce(array_remove(p_location_ids, ''), array['']);
    v_hours integer := case p_granularity when 'hourly' then 1 when '4hours' then 4 when '12hours' then 12 end;
    v_week_start integer;
    v_time_zone text;
    v_points jsonb;
begin
    if p_granularity is null or v_hours is null and p_granularity <> all (array['daily', 'weekly', 'monthly']) then
        raise exception 'unknown granularity %', p_granularity using errcode = '22023';
    end if;
    select t.week_start, t.time_zone into v_week_start, v_time_zone from tenants t where t.tenant_id = p_tenant_id;

    if v_hours is null then
        with days as (
            select p_start_date + n as day from generate_series(0, p_end_date - p_start_date) n
        ), periods as (
            select d.day,
                greatest(p_start_date, case p_granularity
                    when 'weekly' then d.day - (extract(isodow from d.day)::integer - v_week_start + 7) % 7
                    when 'monthly' then date_trunc('month', d.day::timestamp)::date
                    else d.day end) as period
            from days d
        ), points as (
            select p.period, coalesce(sum(s.revenue), 0) as revenue, coalesce(sum(s.purchases), 0) as purchases,
                coalesce(sum(s.visitors), 0) as visitors, coalesce(sum(s.carts), 0) as carts,
                coalesce(sum(s.searches), 0) as searches
            from periods p
            left join daily_stats s on s.tenant_id = p_tenant_id and s.location_id = any(v_scope) and s.day = p.day
                and s.day >= p_start_date and s.day <= p_end_date
            group by p.period
        )
        select jsonb_agg(jsonb_build_object(
            'date', p.period, 'time', p.period, 'revenue', p.revenue, 'purchases', p.purchases,
            'visitors', p.visitors, 'carts', p.carts, 'searches', p.searches) order by p.period)
        into v_points
        from points p;
    else
        with days as (
            select d.day,
                (d.day + 1)::timestamp at time zone v_time_zone - d.day::timestamp at time zone v_time_zone
                    < interval '24 hours' as is_short
            from (select p_start_date + n as day from generate_series(0, p_end_date - p_start_date) n) d
        ), stats as (
            select s.day, s.hour - s.hour % v_hours as hour, sum(s.revenue) as revenue, sum(s.purchases) as purchases,
                sum(s.visitors) as visitors, sum(s.carts) as carts, sum(s.searches) as searches
            from hourly_stats s
            where s.tenant_id = p_tenant_id and s.location_id = any(v_scope)
                and s.day >= p_start_date and s.day <= p_end_date
            group by 1, 2
        )
        select jsonb_agg(jsonb_build_object(
            'date', d.day, 'time', d.day || to_char(h.hour, '"T"FM00') || ':00',
            'revenue', coalesce(s.revenue, 0), 'purchases', coalesce(s.purchases, 0),
            'visitors', coalesce(s.visitors, 0), 'carts', coalesce(s.carts, 0),
            'searches', coalesce(s.searches, 0)) order by d.day, h.hour)
        into v_points
        from days d
        cross join generate_series(0, 23, v_hours) h (hour)
        left join stats s on s.day = d.day and s.hour = h.hour
        -- An hour that the clocks skip is no period. (Nothing can have happened in it, unless GA4 and the tenant
        -- disagree about the zone; then it is shown.)
        where v_hours > 1 or not d.is_short or s.day is not null or local_hour_exists(d.day, h.hour, v_time_zone);
    end if;
    return coalesce(v_points, '[]');
end
$$;

comment on function get_chart_data is 'version 1: the points of the dashboard''s chart';
revoke execute on function get_chart_data from public;
grant execute on function get_chart_data to ga_services;
