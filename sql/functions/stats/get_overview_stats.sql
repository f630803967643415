-- version: 1
-- The dashboard's figures for a range of days and some locations (null = all of the tenant), from the daily roll-ups.
create or replace function get_overview_stats(
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
    v_scope text[] := coalesce(array_remove(p_location_ids, ''), array['']);
    v_months record := whole_months(p_start_date, p_end_date);
    v_currency text;
    v_days record;
    v_users record;
begin
    select t.currency into v_currency from tenants t where t.tenant_id = p_tenant_id;

    select coalesce(sum(d.revenue), 0) as revenue,
        coalesce(sum(d.purchases), 0) as purchases,
        coalesce(sum(d.visitors), 0) as visitors,
        coalesce(sum(d.abandoned_carts), 0) as abandoned_carts,
        coalesce(sum(d.searches), 0) as searches,
        coalesce(sum(d.failed_searches), 0) as failed_searches
    into v_days
    from daily_stats d
    where d.tenant_id = p_tenant_id and d.location_id = any(v_scope)
        and d.day >= p_start_date and d.day <= p_end_date;

    select count(*) as known, count(*) filter (where u.visits > 1) as returning_users
    into v_users
    from (
        select sum(p.visits) as visits
        from (
            select m.user_id, m.visits
            from user_months m
            where m.tenant_id = p_tenant_id and m.location_id = any(v_scope)
                and m.month >= v_months.first_month and m.month < v_months.after_months
            union all
            select d.user_id, d.visits
            from user_days d
            where d.tenant_id = p_tenant_id and d.location_id = any(v_scope)
                and d.day >= p_start_date and d.day < v_months.first_month
            union all
            select d.user_id, d.visits
            from user_days d
            where d.tenant_id = p_tenant_id and d.location_id = any(v_scope)
                and d.day >= v_months.after_months and d.day <= p_end_date
        ) p
        group by p.user_id) u;

    return jsonb_build_object(
        'totalRevenue', money_text(v_days.revenue, v_currency),
        'revenue', v_days.revenue,
        'currency', v_currency,
        'purchases', v_days.purchases,
        'totalVisitors', v_days.visitors,
        'uniqueUsers', v_users.known,
        'abandonedCarts', v_days.abandoned_carts,
        'totalSearches', v_days.searches,
        'failedSearches', v_days.failed_searches,
        'repeatVisits', v_users.returning_users,
        'conversionRate', case when v_days.visitors > 0
            then round(100.0 * v_days.purchases / v_days.visitors, 2) else 0 end);
end
$$;

comment on function get_overview_stats is 'version 1: the figures of the dashboard';
revoke execute on function get_overview_stats from public;
grant execute on function get_overview_stats to ga_services;
