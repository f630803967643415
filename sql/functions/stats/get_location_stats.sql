-- version: 1
-- One row per active location, by name, with its figures of a range of days; zeros where nothing happened.
-- p_location_ids limits the rows to what the reader may see (null = all).
create or replace function get_location_stats(
    p_tenant_id uuid,
    p_start_date date,
    p_end_date date,
    p_location_ids text[]
) returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_months record := whole_months(p_start_date, p_end_date);
    v_currency text;
    v_locations text[];
    v_rows jsonb;
begin
    select t.currency into v_currency from tenants t where t.tenant_id = p_tenant_id;

    -- Named one by one, each location is a short stretch of the roll-ups' primary keys.
    select coalesce(array_agg(l.location_id), '{}') into v_locations
    from locations l
    where l.tenant_id = p_tenant_id and l.is_active
        and (p_location_ids is null or l.location_id = any(p_location_ids));

    with days as (
        select d.location_id, sum(d.revenue) as revenue, sum(d.purchases) as purchases, sum(d.visitors) as visitors,
            sum(d.abandoned_carts) as abandoned_carts, sum(d.failed_searches) as failed_searches
        from daily_stats d
        where d.tenant_id = p_tenant_id and d.location_id = any(v_locations)
            and d.day >= p_start_date and d.day <= p_end_date
        group by d.location_id
    ), users as (
        select u.location_id, count(*) as returning_users
        from (
            select p.location_id, p.user_id
            from (
                select m.location_id, m.user_id, m.visits
                from user_months m
                where m.tenant_id = p_tenant_id and m.location_id = any(v_locations)
                    and m.month >= v_months.first_month and m.month < v_months.after_months
                union all
                select d.location_id, d.user_id, d.visits
                from user_days d
                where d.tenant_id = p_tenant_id and d.location_id = any(v_locations)
                    and d.day >= p_start_date and d.day < v_months.first_month
                union all
                select d.location_id, d.user_id, d.visits
                from user_days d
                where d.tenant_id = p_tenant_id and d.location_id = any(v_locations)
                    and d.day >= v_months.after_months and d.day <= p_end_date
            ) p
            group by p.location_id, p.user_id
            having sum(p.visits) > 1) u
        group by u.location_id
    )
    select jsonb_agg(jsonb_build_object(
        'locationId', l.location_id,
        'locationName', l.location_name,
        'city', l.city,
        'state', l.state,
        'totalRevenue', money_text(coalesce(d.revenue, 0), v_currency),
        'revenue', coalesce(d.revenue, 0),
        'purchases', coalesce(d.purchases, 0),
        'totalVisitors', coalesce(d.visitors, 0),
        'abandonedCarts', coalesce(d.abandoned_carts, 0),
        'repeatVisits', coalesce(u.returning_users, 0),
        'failedSearches', coalesce(d.failed_searches, 0)) order by l.location_name, l.location_id)
    into v_rows
    from locations l
    left join days d on d.location_id = l.location_id
    left join users u on u.location_id = l.location_id
    where l.tenant_id = p_tenant_id and l.location_id = any(v_locations);
    return coalesce(v_rows, '[]');
end
$$;

comment on function get_location_stats is 'version 1: the figures of each active location';
revoke execute on function get_location_stats from public;
grant execute on function get_location_stats to ga_services;
