-- version: 1
-- Carries hourly_stats, daily_stats and day_events forward: by the difference between the visits and orders in hand before
-- and after, and by the staged events. What refresh_rollups would not have made goes.
create or replace function fold_stats(p_tenant_id uuid, p_day date, p_zone text) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
set enable_nestloop = off
as $$
declare
    v_days date[];
begin
    with changes as materialized (
        select coalesce(c.location_id, '') as location_id, c.day, c.hour, sum(c.revenue) as revenue,
            sum(c.purchases) as purchases, sum(c.purchase_lines) as purchase_lines, sum(c.visitors) as visitors,
            sum(c.carts) as carts, sum(c.searches) as searches, sum(c.failed_searches) as failed_searches,
            sum(c.abandoned_carts) as abandoned_carts, sum(c.page_views) as page_views, min(c.min_ts) as min_ts,
            max(c.max_ts) as max_ts
        from (
            select b.location_id, b.day, b.start_hour as hour, 0::numeric as revenue, 0::bigint as purchases,
                0::bigint as purchase_lines, -(b.page_views > 0)::integer as visitors, 0::bigint as carts,
                0::bigint as searches, 0::bigint as failed_searches,
                -(b.carts > 0 and b.purchases = 0)::integer as abandoned_carts, -b.page_views as page_views,
                null::bigint as min_ts, null::bigint as max_ts
            from visits_before b
            union all
            select m.location_id, m.day, m.start_hour, 0, 0, 0, (m.page_views > 0)::integer, 0, 0, 0,
                (m.carts > 0 and m.purchases = 0)::integer, m.page_views, m.first_ts, m.last_ts
            from made_visits m
            union all
            select o.location_id, o.event_date, o.hour, o.revenue, o.purchases, o.purchase_lines, 0, 0, 0, 0, 0, 0,
                case when o.sign = 1 then o.event_timestamp end, case when o.sign = 1 then o.event_timestamp end
            from order_changes o
            union all
            select e.location_id, e.event_date, extract(hour from to_timestamp(e.event_timestamp / 1000000) at time zone p_zone),
                0, 0, 0, 0, case when e.kind = 3 then e.n else 0 end, case when e.kind in (5, 6) then e.n else 0 end,
                case when e.kind = 6 then e.n else 0 end, 0, case when e.kind = 1 then e.n else 0 end, null, null
            from (
                -- Page views of a visit count with the visit.
                select x.location_id, g.event_date, g.event_timestamp, g.kind, x.sign * g.event_count as n
                from gathered_events g
                join made_visits m on m.visit_id = g.visit_id
                left join visits_before b on b.visit_id = g.visit_id
                cross join lateral (values (1, m.location_id), (-1, b.location_id)) x (sign, location_id)
                where g.kind in (3, 5, 6)
                    and (g.fresh and x.sign = 1 or not g.fresh and b.location_id is distinct from m.location_id)
                union all
                select s.branch_id, s.event_date, s.event_timestamp, s.kind, s.event_count
                from staged_events s
                where s.kind in (1, 3, 5, 6) and s.visit_id is null
                union all
                select x.branch, p_day, k.event_timestamp, k.kind, x.sign * k.event_count
                from known_events k
                cross join lateral (values (1, k.branch_after), (-1, k.branch_before)) x (sign, branch)
                where k.kind in (1, 3, 5, 6) and k.visit_id is null and k.branch_before is distinct from k.branch_after
            ) e
        ) c
        group by grouping sets ((c.day, c.hour), (c.day, c.hour, c.location_id))
        having grouping(c.location_id) = 1 or c.location_id is not null
    ), hours as (
        insert into hourly_stats as h (tenant_id, location_id, day, hour, revenue, purchases, visitors, carts, searches,
            failed_searches)
        select p_tenant_id, c.location_id, c.day, c.hour, trim_scale(c.revenue), c.purchases, c.visitors, c.carts, c.searches,
            c.failed_searches
        from changes c
        where c.revenue <> 0 or c.purchases <> 0 or c.visitors <> 0 or c.carts <> 0 or c.searches <> 0
            or c.failed_searches <> 0
        on conflict (tenant_id, location_id, day, hour) do update
        set revenue = trim_scale(h.revenue + excluded.revenue), purchases = h.purchases + excluded.purchases,
            visitors = h.visitors + excluded.visitors, carts = h.carts + excluded.carts,
            searches = h.searches + excluded.searches, failed_searches = h.failed_searches + excluded.failed_searches
    ), days as (
        insert into daily_stats as d (tenant_id, location_id, day, revenue, purchases, purchase_lines, visitors, carts,
            searches, failed_searches, abandoned_carts, page_views, min_ts, max_ts)
        select p_tenant_id, c.location_id, c.day, trim_scale(sum(c.revenue)), sum(c.purchases), sum(c.purchase_lines),
            sum(c.visitors), sum(c.carts), sum(c.searches), sum(c.failed_searches), sum(c.abandoned_carts),
            sum(c.page_views), min(c.min_ts), max(c.max_ts)
        from changes c
        group by c.location_id, c.day
        on conflict (tenant_id, location_id, day) do update
        set revenue = trim_scale(d.revenue + excluded.revenue), purchases = d.purchases + excluded.purchases,
            purchase_lines = coalesce(d.purchase_lines, d.purchases) + excluded.purchase_lines,
            visitors = d.visitors + excluded.visitors, carts = d.carts + excluded.carts,
            searches = d.searches + excluded.searches, failed_searches = d.failed_searches + excluded.failed_searches,
            abandoned_carts = d.abandoned_carts + excluded.abandoned_carts, page_views = d.page_views + excluded.page_views,
            min_ts = least(d.min_ts, excluded.min_ts), max_ts = greatest(d.max_ts, excluded.max_ts)
        returning d.day
    )
    select array_agg(distinct d.day) into v_days from days d;
    delete from hourly_stats h
    where h.tenant_id = p_tenant_id and h.day = any(v_days) and h.purchases = 0 and h.visitors = 0 and h.carts = 0
        and h.searches = 0;
    perform narrow_days(p_tenant_id);
    delete from daily_stats d
    where d.tenant_id = p_tenant_id and d.day = any(v_days) and d.min_ts is null and d.purchases = 0 and d.visitors = 0
        and d.carts = 0 and d.searches = 0 and d.page_views = 0;

    insert into day_events as d (tenant_id, day, table_name, events)
    select p_tenant_id, p_day, (event_tables())[s.kind], sum(s.event_count)
    from staged_events s
    where s.kind > 0
    group by s.kind
    on conflict (tenant_id, day, table_name) do update
    set events = d.events + excluded.events;
end
$$;

comment on function fold_stats(uuid, date, text) is 'version 1: figures of hours and days carried forward';
revoke execute on function fold_stats(uuid, date, text) from public;
grant execute on function fold_stats(uuid, date, text) to ga_services;
