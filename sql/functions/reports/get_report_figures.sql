-- version: 1
-- What a report says of a day: one row for each branch asked for and each of the eight days that end at p_report_date,
-- zeros where the branch had nothing. has_data is the tenant's: whether any event of the day was loaded, so that a branch
-- on which nothing happened is told from a day nobody knows about. repeat_visits are the known users with more than one
-- visit in the 30 days to p_report_date, on the row of that day; 0 on the others.
-- '' stands for the whole tenant, whatever the branch; p_location_ids null = that and all active locations. The figures
-- are those of get_overview_stats and get_location_stats for the same days.
create or replace function get_report_figures(p_tenant_id uuid, p_report_date date, p_location_ids text[])
returns table (
    location_id text,
    day date,
    has_data boolean,
    revenue numeric,
    purchases bigint,
    visitors bigint,
    unique_users bigint,
    abandoned_carts bigint,
    searches bigint,
    failed_searches bigint,
    repeat_visits bigint
)
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_scope text[] := p_location_ids;
    v_first date := p_report_date - 7;
    v_first_of_month date := p_report_date - 29;
    v_months record := whole_months(p_report_date - 29, p_report_date);
    v_loaded date[];
begin
    if v_scope is null then
        select array_agg(l.location_id) || array[''] into v_scope
        from locations l
        where l.tenant_id = p_tenant_id and l.is_active;
        v_scope := coalesce(v_scope, array['']);
    end if;
    select coalesce(array_agg(e.day), '{}') into v_loaded
    from day_events e
    where e.tenant_id = p_tenant_id and e.day >= v_first and e.day <= p_report_date and e.events > 0;

    -- Laid on top of each other rather than joined: no estimate of 10 or of 500 branches makes that slow.
    return query
    select f.code, f.day, f.day = any(v_loaded), sum(f.revenue), sum(f.purchases)::bigint, sum(f.visitors)::bigint,
        sum(f.unique_users)::bigint, sum(f.abandoned_carts)::bigint, sum(f.searches)::bigint,
        sum(f.failed_searches)::bigint, sum(f.repeat_visits)::bigint
    from (
        select b.code collate "C" as code, v_first + n as day, 0::numeric as revenue, 0::bigint as purchases,
            0::bigint as visitors, 0::bigint as unique_users, 0::bigint as abandoned_carts, 0::bigint as searches,
            0::bigint as failed_searches, 0::bigint as repeat_visits
        from (select distinct c.code from unnest(v_scope) c (code)) b
        cross join generate_series(0, 7) n
        union all
        select s.location_id, s.day, s.revenue, s.purchases, s.visitors, 0, s.abandoned_carts, s.searches,
            s.failed_searches, 0
        from daily_stats s
        where s.tenant_id = p_tenant_id and s.location_id = any(v_scope)
            and s.day >= v_first and s.day <= p_report_date
        union all
        select u.location_id, u.day, 0, 0, 0, count(*), 0, 0, 0, 0
        from user_days u
        where u.tenant_id = p_tenant_id and u.location_id = any(v_scope)
            and u.day >= v_first and u.day <= p_report_date
        group by u.location_id, u.day
        union all
        select r.location_id, p_report_date, 0, 0, 0, 0, 0, 0, 0, count(*)
        from (
            select p.location_id, p.user_id
            from (
                select m.location_id, m.user_id, m.visits
                from user_months m
                where m.tenant_id = p_tenant_id and m.location_id = any(v_scope)
                    and m.month >= v_months.first_month and m.month < v_months.after_months
                union all
                select d.location_id, d.user_id, d.visits
                from user_days d
                where d.tenant_id = p_tenant_id and d.location_id = any(v_scope)
                    and d.day >= v_first_of_month and d.day < v_months.first_month
                union all
                select d.location_id, d.user_id, d.visits
                from user_days d
                where d.tenant_id = p_tenant_id and d.location_id = any(v_scope)
                    and d.day >= v_months.after_months and d.day <= p_report_date
            ) p
            group by p.location_id, p.user_id
            having sum(p.visits) > 1) r
        group by r.location_id
    ) f
    group by f.code, f.day
    order by f.code, f.day;
end
$$;

comment on function get_report_figures is 'version 1: the figures of a day and of the seven before it, by branch';
revoke execute on function get_report_figures from public;
grant execute on function get_report_figures to ga_services;
