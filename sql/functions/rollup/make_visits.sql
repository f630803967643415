-- version: 1
-- Makes the visits of all events in the temporary table gathered_events (open_visit_tables), with what visit_identities
-- knows of them, into the temporary table made_visits. Product lines come later (refresh_visit_lines).
--
-- The common visit lies within one day and names one user and one branch: it is aggregated by hashing alone. Visits that
-- cross midnight or name several users are few; only they are sorted into event order.
--
-- The planner takes a tenant that it has not met for one row, and then any index that begins with the tenant for as good
-- as the primary key, visit by visit. Only the primary key gives the order that identities are asked for without a sort.
create or replace function make_visits(p_tenant_id uuid, p_zone text) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set work_mem = '64MB'
set jit = off
-- A plan is kept from a call with few rows to one with many.
set enable_nestloop = off
set enable_sort = off
as $$
declare
    v_contested uuid[];
begin
    with made as materialized (
        select e.visit_id, min(e.event_date) as first_day, max(e.event_date) as last_day,
            min(e.user_pseudo_id) as user_pseudo_id, min(e.ga_session_id) as ga_session_id,
            min(e.event_timestamp) as first_ts, max(e.event_timestamp) as last_ts,
            coalesce(sum(e.event_count) filter (where e.kind = 1), 0) as page_views,
            coalesce(sum(e.event_count) filter (where e.kind = 2), 0) as view_items,
            coalesce(sum(e.event_count) filter (where e.kind = 3), 0) as carts,
            coalesce(sum(e.event_count) filter (where e.kind = 4), 0) as purchases,
            coalesce(sum(e.event_count) filter (where e.kind = 5), 0) as searches,
            coalesce(sum(e.event_count) filter (where e.kind = 5 and e.term is not null), 0) as searches_with_term,
            coalesce(sum(e.event_count) filter (where e.kind = 6), 0) as failed_searches,
            max(e.event_timestamp) filter (where e.kind = 1) as last_page_ts,
            max(e.event_date) filter (where e.kind = 1) as last_page_day,
            max(e.event_timestamp) filter (where e.kind = 3) as last_cart_ts,
            max(e.event_date) filter (where e.kind = 3) as last_cart_day,
            coalesce(sum(e.items_count), 0) as cart_items, coalesce(sum(e.items_value), 0) as cart_value,
            bool_or(e.own_id) as own_event_ids, bool_or(e.event_count <> 1) as has_aggregates,
            min(e.web_user_id) as min_web, max(e.web_user_id) as max_web,
            min(e.ga_user_id) as min_ga, max(e.ga_user_id) as max_ga,
            min(e.branch_id) as min_branch, max(e.branch_id) as max_branch
        from gathered_events e
        group by e.visit_id
    ), pages as (
        -- Counted without a sort.
        select d.visit_id, count(*) as pages, min(d.page_location) as page
        from (
            select distinct e.visit_id, e.page_location
            from gathered_events e
            where e.kind = 1 and e.page_location is not null) d
        group by d.visit_id
    ), identities as (
        -- What events that are not landed carried, on whatever day of the visit.
        select m.visit_id,
            min(v.value) filter (where v.kind = 'web_user') as min_web,
            max(v.value) filter (where v.kind = 'web_user') as max_web,
            min(v.value) filter (where v.kind = 'ga_user') as min_ga,
            max(v.value) filter (where v.kind = 'ga_user') as max_ga,
            min(v.value) filter (where v.kind = 'branch') as min_branch,
            max(v.value) filter (where v.kind = 'branch') as max_branch
        from made m, lateral (
            select k.kind, k.value
            from visit_identities k
            where k.tenant_id = p_tenant_id and k.visit_id >= m.visit_id and k.visit_id <= m.visit_id
            order by k.visit_id
            offset 0) v
        group by m.visit_id
    )
    insert into made_visits (tenant_id, visit_id, day, first_day, last_day, user_pseudo_id, ga_session_id, user_id,
        location_id, first_ts, last_ts, start_hour, page_views, pages, view_items, carts, purchases, searches,
        searches_with_term, failed_searches, last_page_ts, last_page_day, last_cart_ts, last_cart_day, entry_page,
        cart_items, cart_value, products_viewed, own_event_ids, has_aggregates, is_contested)
    -- Only a bounced visit keeps an entry page: its one page.
    select p_tenant_id, m.visit_id, m.first_day, m.first_day, m.last_day, m.user_pseudo_id, m.ga_session_id,
        coalesce(greatest(m.max_web, i.max_web), greatest(m.max_ga, i.max_ga)), greatest(m.max_branch, i.max_branch),
        m.first_ts, m.last_ts, extract(hour from to_timestamp(m.first_ts / 1000000) at time zone p_zone), m.page_views,
        coalesce(p.pages, 0), m.view_items, m.carts, m.purchases, m.searches, m.searches_with_term, m.failed_searches,
        m.last_page_ts, m.last_page_day, m.last_cart_ts, m.last_cart_day, case when p.pages = 1 then p.page end,
        m.cart_items, m.cart_value, 0, m.own_event_ids, m.has_aggregates,
        coalesce(least(m.min_web, i.min_web) <> greatest(m.max_web, i.max_web), false)
            or coalesce(least(m.min_ga, i.min_ga) <> greatest(m.max_ga, i.max_ga), false)
            or coalesce(least(m.min_branch, i.min_branch) <> greatest(m.max_branch, i.max_branch), false)
    from made m
    left join pages p on p.visit_id = m.visit_id
    left join identities i on i.visit_id = m.visit_id;

    -- The day and the last days of a visit that crosses midnight go by event order, not by the calendar.
    if exists (select from made_visits m where m.first_day <> m.last_day) then
        update made_visits f
        set day = o.day, last_page_day = o.last_page_day, last_cart_day = o.last_cart_day
        from (
            select e.visit_id,
                (array_agg(e.event_date order by e.event_timestamp, e.batch_page_id, e.batch_ordering_id,
                    e.batch_event_index, e.event_id))[1] as day,
                (array_agg(e.event_date order by e.event_timestamp desc, e.batch_page_id desc, e.batch_ordering_id desc,
                    e.batch_event_index desc, e.event_id desc) filter (where e.kind = 1))[1] as last_page_day,
                (array_agg(e.event_date order by e.event_timestamp desc, e.batch_page_id desc, e.batch_ordering_id desc,
                    e.batch_event_index desc, e.event_id desc) filter (where e.kind = 3))[1] as last_cart_day
            from gathered_events e
            join made_visits s on s.visit_id = e.visit_id and s.first_day <> s.last_day
            group by e.visit_id
        ) o
        where f.visit_id = o.visit_id;
    end if;

    -- Several users or branches in one visit: the last one in event order is the visit's.
    v_contested := array(select f.visit_id from made_visits f where f.is_contested);
    if cardinality(v_contested) > 0 then
        update made_visits f
        set user_id = coalesce(l.web_user, l.ga_user), location_id = l.branch
        from (
            select c.visit_id, max(c.value) filter (where c.kind = 'web_user') as web_user,
                max(c.value) filter (where c.kind = 'ga_user') as ga_user,
                max(c.value) filter (where c.kind = 'branch') as branch
            from (
                select distinct on (a.visit_id, a.kind) a.visit_id, a.kind, a.value
                from (
                    select e.visit_id, k.kind, k.value, e.event_timestamp, e.batch_page_id, e.batch_ordering_id,
                        e.batch_event_index, e.event_id
                    from gathered_events e
                    cross join lateral (values ('web_user', e.web_user_id), ('ga_user', e.ga_user_id),
                        ('branch', e.branch_id)) as k (kind, value)
                    where e.visit_id = any(v_contested) and k.value is not null
                    union all
                    select i.visit_id, i.kind, i.value, i.event_timestamp, i.batch_page_id, i.batch_ordering_id,
                        i.batch_event_index, i.event_id
                    from visit_identities i
                    where i.tenant_id = p_tenant_id and i.visit_id = any(v_contested)
                ) a
                order by a.visit_id, a.kind, a.event_timestamp desc, a.batch_page_id desc, a.batch_ordering_id desc,
                    a.batch_event_index desc, a.event_id desc
            ) c
            group by c.visit_id
        ) l
        where f.visit_id = l.visit_id;
    end if;
end
$$;

comment on function make_visits(uuid, text) is 'version 1: visits from gathered events';
revoke execute on function make_visits(uuid, text) from public;
grant execute on function make_visits(uuid, text) to ga_services;
