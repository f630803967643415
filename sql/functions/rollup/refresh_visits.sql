-- version: 1
-- Makes the visits that touch one day again from the event tables, with everything that hangs on them: product lines,
-- search lines, orders, and the roll-ups of every day they reach. Called in the transaction that changed the day's events.
--
-- p_carried: visits whose user or branch may have changed by events that are not landed (visit_identities of the day).
--
-- The common visit lies within one day and names one user and one branch: it is aggregated by hashing alone. Visits that
-- cross midnight or name several users are few; only they are sorted into event order.
create or replace function refresh_visits(p_tenant_id uuid, p_day date, p_carried uuid[]) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set work_mem = '64MB'
set client_min_messages = warning
as $$
declare
    v_zone text;
    -- visits of this day that have, or had, a part on another day
    v_spanning uuid[];
    -- every visit written or removed here
    v_visits uuid[];
    v_days date[];
    v_contested uuid[];
begin
    select t.time_zone into strict v_zone from tenants t where t.tenant_id = p_tenant_id;

    create temporary table if not exists visit_events (
        visit_id uuid, kind smallint, event_date date, event_timestamp bigint, batch_page_id bigint,
        batch_ordering_id bigint, batch_event_index bigint, event_id uuid, user_pseudo_id text collate "C",
        ga_session_id bigint, web_user_id text collate "C", ga_user_id text collate "C", branch_id text collate "C",
        page_location text collate "C", term text collate "C", items_count integer, items_value numeric
    ) on commit delete rows;
    create temporary table if not exists fresh_visits (
        like visits, min_web text collate "C", max_web text collate "C", min_ga text collate "C", max_ga text collate "C",
        min_branch text collate "C", max_branch text collate "C"
    ) on commit delete rows;
    truncate visit_events, fresh_visits;

    perform collect_visit_events(p_tenant_id, array[p_day], null);

    v_spanning := array(
        select v.visit_id from visits v
        where v.tenant_id = p_tenant_id and v.last_day <> v.first_day and v.last_day >= p_day and v.first_day <= p_day
        union
        select v.visit_id from visits v
        where v.tenant_id = p_tenant_id
            and v.visit_id = any(array(select distinct e.visit_id from visit_events e) || p_carried)
            and (v.first_day <> p_day or v.last_day <> p_day));

    -- The days those visits reach, before and after.
    v_days := array(
        select distinct d::date
        from visits v, generate_series(v.first_day::timestamp, v.last_day::timestamp, interval '1 day') d
        where v.tenant_id = p_tenant_id and v.visit_id = any(v_spanning) and d::date <> p_day);
    if cardinality(v_spanning) > 0 then
        perform collect_visit_events(p_tenant_id, v_days, v_spanning);
    end if;
    analyze visit_events;

    insert into fresh_visits (tenant_id, visit_id, day, first_day, last_day, user_pseudo_id, ga_session_id, first_ts, last_ts,
        start_hour, page_views, pages, view_items, carts, purchases, searches, searches_with_term, failed_searches,
        last_page_ts, last_page_day, last_cart_ts, last_cart_day, entry_page, cart_items, cart_value, products_viewed,
        own_event_ids, min_web, max_web, min_ga, max_ga, min_branch, max_branch)
    select p_tenant_id, p.visit_id, min(p.day), min(p.day), max(p.last_day), min(p.user_pseudo_id), min(p.ga_session_id),
        min(p.first_ts), max(p.last_ts),
        extract(hour from to_timestamp(min(p.first_ts) / 1000000) at time zone v_zone),
        sum(p.page_views), count(p.page), sum(p.view_items), sum(p.carts), sum(p.purchases), sum(p.searches),
        sum(p.searches_with_term), sum(p.failed_searches),
        max(p.last_page_ts), max(p.last_page_day), max(p.last_cart_ts), max(p.last_cart_day),
        case when count(p.page) = 1 then min(p.page) end, sum(p.cart_items), sum(p.cart_value), 0, bool_or(p.own_event_ids),
        min(p.min_web), max(p.max_web), min(p.min_ga), max(p.max_ga), min(p.min_branch), max(p.max_branch)
    from (
        -- First by page, so that pages are counted without a sort. Only a bounced visit keeps an entry page: its one page.
        select e.visit_id, case when e.kind = 1 then e.page_location end as page,
            min(e.event_date) as day, max(e.event_date) as last_day,
            min(e.user_pseudo_id) as user_pseudo_id, min(e.ga_session_id) as ga_session_id,
            min(e.event_timestamp) as first_ts, max(e.event_timestamp) as last_ts,
            count(*) filter (where e.kind = 1) as page_views,
            count(*) filter (where e.kind = 2) as view_items,
            count(*) filter (where e.kind = 3) as carts,
            count(*) filter (where e.kind = 4) as purchases,
            count(*) filter (where e.kind = 5) as searches,
            count(*) filter (where e.kind = 5 and e.term is not null) as searches_with_term,
            count(*) filter (where e.kind = 6) as failed_searches,
            max(e.event_timestamp) filter (where e.kind = 1) as last_page_ts,
            max(e.event_date) filter (where e.kind = 1) as last_page_day,
            max(e.event_timestamp) filter (where e.kind = 3) as last_cart_ts,
            max(e.event_date) filter (where e.kind = 3) as last_cart_day,
            coalesce(sum(e.items_count), 0) as cart_items, coalesce(sum(e.items_value), 0) as cart_value,
            bool_or(left(e.event_id::text, 18) <> left(e.visit_id::text, 18)) as own_event_ids,
            min(e.web_user_id) as min_web, max(e.web_user_id) as max_web,
            min(e.ga_user_id) as min_ga, max(e.ga_user_id) as max_ga,
            min(e.branch_id) as min_branch, max(e.branch_id) as max_branch
        from visit_events e
        group by 1, 2
    ) p
    group by p.visit_id;

    -- The day and the last days of a visit that crosses midnight go by event order, not by the calendar.
    update fresh_visits f
    set day = o.day, last_page_day = o.last_page_day, last_cart_day = o.last_cart_day
    from (
        select e.visit_id,
            (array_agg(e.event_date order by e.event_timestamp, e.batch_page_id, e.batch_ordering_id,
                e.batch_event_index, e.event_id))[1] as day,
            (array_agg(e.event_date order by e.event_timestamp desc, e.batch_page_id desc, e.batch_ordering_id desc,
                e.batch_event_index desc, e.event_id desc) filter (where e.kind = 1))[1] as last_page_day,
            (array_agg(e.event_date order by e.event_timestamp desc, e.batch_page_id desc, e.batch_ordering_id desc,
                e.batch_event_index desc, e.event_id desc) filter (where e.kind = 3))[1] as last_cart_day
        from visit_events e
        where e.visit_id = any(array(select s.visit_id from fresh_visits s where s.first_day <> s.last_day))
        group by e.visit_id
    ) o
    where f.visit_id = o.visit_id;

    -- What events that are not landed carried, on whatever day of the visit.
    analyze fresh_visits;
    update fresh_visits f
    set min_web = least(g.min_web, i.min_web), max_web = greatest(g.max_web, i.max_web),
        min_ga = least(g.min_ga, i.min_ga), max_ga = greatest(g.max_ga, i.max_ga),
        min_branch = least(g.min_branch, i.min_branch), max_branch = greatest(g.max_branch, i.max_branch),
        user_id = coalesce(greatest(g.max_web, i.max_web), greatest(g.max_ga, i.max_ga)),
        location_id = greatest(g.max_branch, i.max_branch)
    from fresh_visits g
    left join (
        select v.visit_id,
            min(v.value) filter (where v.kind = 'web_user') as min_web, max(v.value) filter (where v.kind = 'web_user') as max_web,
            min(v.value) filter (where v.kind = 'ga_user') as min_ga, max(v.value) filter (where v.kind = 'ga_user') as max_ga,
            min(v.value) filter (where v.kind = 'branch') as min_branch, max(v.value) filter (where v.kind = 'branch') as max_branch
        from visit_identities v
        where v.tenant_id = p_tenant_id and v.visit_id = any(array(select s.visit_id from fresh_visits s))
        group by v.visit_id
    ) i on i.visit_id = g.visit_id
    where f.visit_id = g.visit_id;

    -- Several users or branches in one visit: the last one in event order is the visit's.
    v_contested := array(select f.visit_id from fresh_visits f
        where f.min_web <> f.max_web or f.min_ga <> f.max_ga or f.min_branch <> f.max_branch);
    if cardinality(v_contested) > 0 then
        update fresh_visits f
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
                    from visit_events e
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

    v_visits := array(
        select v.visit_id from visits v where v.tenant_id = p_tenant_id and v.day = p_day and v.first_day = p_day
            and v.last_day = p_day
        union select f.visit_id from fresh_visits f
        union select unnest(v_spanning));
    -- Days the visits reach now.
    v_days := v_days || p_day || array(
        select d::date from fresh_visits f, generate_series(f.first_day::timestamp, f.last_day::timestamp, interval '1 day') d
        where f.visit_id = any(array(select s.visit_id from fresh_visits s where s.last_day <> s.first_day)));
    perform refresh_visit_lines(p_tenant_id, v_visits, array(select distinct unnest(v_days)));

    delete from visits v where v.tenant_id = p_tenant_id and v.visit_id = any(v_visits);
    insert into visits
    select f.tenant_id, f.visit_id, f.day, f.first_day, f.last_day, f.user_pseudo_id, f.ga_session_id, f.user_id, f.location_id,
        f.first_ts, f.last_ts, f.start_hour, f.page_views, f.pages, f.view_items, f.carts, f.purchases, f.searches,
        f.searches_with_term, f.failed_searches, f.last_page_ts, f.last_page_day, f.last_cart_ts, f.last_cart_day,
        f.entry_page, f.cart_items, f.cart_value, f.products_viewed, f.own_event_ids
    from fresh_visits f;

    v_days := v_days || refresh_orders(p_tenant_id, p_day, v_spanning, v_zone);
    perform refresh_rollups(p_tenant_id, array(select distinct unnest(v_days)), v_zone);
end
$$;

comment on function refresh_visits(uuid, date, uuid[]) is
    'version 1: makes the visits that touch a day, and all that is derived from them, again from the events';
revoke execute on function refresh_visits(uuid, date, uuid[]) from public;
grant execute on function refresh_visits(uuid, date, uuid[]) to ga_services;
