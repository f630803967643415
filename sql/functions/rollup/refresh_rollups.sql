-- version: 2
-- Makes the roll-ups of the given days again from visits, orders and events. location_id '' is the whole tenant.
-- Visit metrics go by the visit's day, event metrics by the event's day and its visit's branch.
create or replace function refresh_rollups(p_tenant_id uuid, p_days date[], p_zone text) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set work_mem = '64MB'
as $$
declare
    v_months date[];
begin
    delete from hourly_stats h where h.tenant_id = p_tenant_id and h.day = any(p_days);
    insert into hourly_stats (tenant_id, location_id, day, hour, revenue, purchases, visitors, carts, searches,
        failed_searches)
    select p_tenant_id, coalesce(f.location_id, ''), f.day, f.hour, trim_scale(sum(f.revenue)), sum(f.purchases),
        sum(f.visitors), sum(f.carts), sum(f.searches), sum(f.failed_searches)
    from (
        select v.location_id, v.day, v.start_hour as hour, 0::numeric as revenue, 0::bigint as purchases,
            count(*) as visitors, 0::bigint as carts, 0::bigint as searches, 0::bigint as failed_searches
        from visits v
        where v.tenant_id = p_tenant_id and v.day = any(p_days) and v.page_views > 0
        group by 1, 2, 3
        union all
        select o.location_id, o.event_date, o.hour, coalesce(sum(o.amount), 0),
            sum(case when o.transaction_id is null then o.event_count else 1 end), 0, 0, 0, 0
        from orders o
        where o.tenant_id = p_tenant_id and o.event_date = any(p_days) and o.counted
        group by 1, 2, 3
        union all
        select case when e.visit_id is null then e.branch_id else v.location_id end, e.event_date,
            extract(hour from to_timestamp(e.event_timestamp / 1000000) at time zone p_zone), 0, 0, 0,
            sum(e.event_count), 0, 0
        from add_to_cart e
        left join visits v on v.tenant_id = p_tenant_id and v.visit_id = e.visit_id
        where e.tenant_id = p_tenant_id and e.event_date = any(p_days)
        group by 1, 2, 3
        union all
        select case when e.visit_id is null then e.branch_id else v.location_id end, e.event_date,
            extract(hour from to_timestamp(e.event_timestamp / 1000000) at time zone p_zone), 0, 0, 0, 0,
            sum(e.event_count), 0
        from view_search_results e
        left join visits v on v.tenant_id = p_tenant_id and v.visit_id = e.visit_id
        where e.tenant_id = p_tenant_id and e.event_date = any(p_days)
        group by 1, 2, 3
        union all
        select case when e.visit_id is null then e.branch_id else v.location_id end, e.event_date,
            extract(hour from to_timestamp(e.event_timestamp / 1000000) at time zone p_zone), 0, 0, 0, 0,
            sum(e.event_count), sum(e.event_count)
        from no_search_results e
        left join visits v on v.tenant_id = p_tenant_id and v.visit_id = e.visit_id
        where e.tenant_id = p_tenant_id and e.event_date = any(p_days)
        group by 1, 2, 3
    ) f
    group by grouping sets ((f.day, f.hour), (f.day, f.hour, f.location_id))
    having grouping(f.location_id) = 1 or f.location_id is not null;

    delete from daily_stats d where d.tenant_id = p_tenant_id and d.day = any(p_days);
    insert into daily_stats (tenant_id, location_id, day, revenue, purchases, visitors, carts, searches, failed_searches,
        abandoned_carts, page_views, purchase_lines, min_ts, max_ts)
    select p_tenant_id, f.location_id, f.day, trim_scale(sum(f.revenue)), sum(f.purchases), sum(f.visitors), sum(f.carts),
        sum(f.searches), sum(f.failed_searches), sum(f.abandoned_carts), sum(f.page_views), sum(f.purchase_lines),
        min(f.min_ts), max(f.max_ts)
    from (
        select h.location_id, h.day, h.revenue, h.purchases, h.visitors, h.carts, h.searches, h.failed_searches,
            0::bigint as abandoned_carts, 0::bigint as page_views, 0::bigint as purchase_lines,
            null::bigint as min_ts, null::bigint as max_ts
        from hourly_stats h
        where h.tenant_id = p_tenant_id and h.day = any(p_days)
        union all
        select coalesce(v.location_id, ''), v.day, 0, 0, 0, 0, 0, 0,
            count(*) filter (where v.carts > 0 and v.purchases = 0), sum(v.page_views), 0, min(v.first_ts), max(v.last_ts)
        from visits v
        where v.tenant_id = p_tenant_id and v.day = any(p_days)
        group by grouping sets ((v.day), (v.day, v.location_id))
        having grouping(v.location_id) = 1 or v.location_id is not null
        union all
        select coalesce(o.location_id, ''), o.event_date, 0, 0, 0, 0, 0, 0, 0, 0, count(*) filter (where o.counted),
            min(o.event_timestamp), max(o.event_timestamp)
        from orders o
        where o.tenant_id = p_tenant_id and o.event_date = any(p_days)
        group by grouping sets ((o.event_date), (o.event_date, o.location_id))
        having grouping(o.location_id) = 1 or o.location_id is not null
        union all
        select coalesce(e.branch_id, ''), e.event_date, 0, 0, 0, 0, 0, 0, 0, sum(e.event_count), 0, null, null
        from page_view e
        where e.tenant_id = p_tenant_id and e.event_date = any(p_days) and e.visit_id is null
        group by grouping sets ((e.event_date), (e.event_date, e.branch_id))
        having grouping(e.branch_id) = 1 or e.branch_id is not null
    ) f
    group by f.location_id, f.day;

    delete from user_days u where u.tenant_id = p_tenant_id and u.day = any(p_days);
    insert into user_days (tenant_id, location_id, day, user_id, visits)
    select p_tenant_id, coalesce(v.location_id, ''), v.day, v.user_id, count(*)
    from visits v
    where v.tenant_id = p_tenant_id and v.day = any(p_days) and v.page_views > 0 and v.user_id is not null
    group by grouping sets ((v.day, v.user_id), (v.day, v.user_id, v.location_id))
    having grouping(v.location_id) = 1 or v.location_id is not null;

    delete from bounce_pages b where b.tenant_id = p_tenant_id and b.day = any(p_days);
    insert into bounce_pages (tenant_id, location_id, day, page_hash, entry_page, bounces)
    select p_tenant_id, coalesce(v.location_id, ''), v.day,
        left(encode(sha256(convert_to(v.entry_page, 'UTF8')), 'hex'), 32)::uuid, v.entry_page, count(*)
    from visits v
    where v.tenant_id = p_tenant_id and v.day = any(p_days) and v.pages = 1
    group by grouping sets ((v.day, v.entry_page), (v.day, v.entry_page, v.location_id))
    having grouping(v.location_id) = 1 or v.location_id is not null;

    v_months := array(select distinct date_trunc('month', d::timestamp)::date from unnest(p_days) d);
    delete from user_months u where u.tenant_id = p_tenant_id and u.month = any(v_months);
    insert into user_months (tenant_id, location_id, month, user_id, visits)
    select p_tenant_id, d.location_id, m.month, d.user_id, sum(d.visits)
    from unnest(v_months) m (month)
    join user_days d on d.tenant_id = p_tenant_id and d.day >= m.month
        and d.day < (m.month + interval '1 month')::date
    group by d.location_id, m.month, d.user_id;
    delete from bounce_months b where b.tenant_id = p_tenant_id and b.month = any(v_months);
    insert into bounce_months (tenant_id, location_id, month, page_hash, entry_page, bounces)
    select p_tenant_id, b.location_id, m.month, b.page_hash, min(b.entry_page), sum(b.bounces)
    from unnest(v_months) m (month)
    join bounce_pages b on b.tenant_id = p_tenant_id and b.day >= m.month
        and b.day < (m.month + interval '1 month')::date
    group by b.location_id, m.month, b.page_hash;

    delete from day_events d where d.tenant_id = p_tenant_id and d.day = any(p_days);
    insert into day_events (tenant_id, day, table_name, events)
    select p_tenant_id, c.day, c.table_name, c.events
    from (
        select e.event_date as day, 'page_view' as table_name, sum(e.event_count) as events from page_view e
        where e.tenant_id = p_tenant_id and e.event_date = any(p_days) group by 1
        union all
        select e.event_date, 'view_item', sum(e.event_count) from view_item e
        where e.tenant_id = p_tenant_id and e.event_date = any(p_days) group by 1
        union all
        select e.event_date, 'add_to_cart', sum(e.event_count) from add_to_cart e
        where e.tenant_id = p_tenant_id and e.event_date = any(p_days) group by 1
        union all
        select e.event_date, 'purchase', sum(e.event_count) from purchase e
        where e.tenant_id = p_tenant_id and e.event_date = any(p_days) group by 1
        union all
        select e.event_date, 'view_search_results', sum(e.event_count) from view_search_results e
        where e.tenant_id = p_tenant_id and e.event_date = any(p_days) group by 1
        union all
        select e.event_date, 'no_search_results', sum(e.event_count) from no_search_results e
        where e.tenant_id = p_tenant_id and e.event_date = any(p_days) group by 1
    ) c;
end
$$;

comment on function refresh_rollups(uuid, date[], text) is 'version 2: the roll-ups of days, from visits, orders and events';
revoke execute on function refresh_rollups(uuid, date[], text) from public;
grant execute on function refresh_rollups(uuid, date[], text) to ga_services;
