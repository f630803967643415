-- version: 2
-- Product lines and search lines of the visits in the temporary tables of open_visit_tables; sets products_viewed in
-- made_visits. p_visits: those whose lines may go; null = none, for no event has. The items are read from the event tables
-- of p_days; null = they were gathered.
create or replace function refresh_visit_lines(p_tenant_id uuid, p_visits uuid[], p_days date[]) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set work_mem = '64MB'
set jit = off
-- A plan is kept from a call with few rows to one with many.
set enable_nestloop = off
as $$
declare
    v_carts uuid[];
    -- only these can stand in the list that shows viewed products
    v_active uuid[];
begin
    if p_days is not null then
        v_carts := array(select m.visit_id from made_visits m where m.carts > 0);
        v_active := array(select m.visit_id from made_visits m
            where m.pages > 2 and m.user_id is not null and m.view_items > 0);
    else
        -- The others' product lines stay as they are.
        update made_visits m
        set products_viewed = b.products_viewed
        from visits_before b
        where m.visit_id = b.visit_id and b.products_viewed > 0;
        v_carts := array(select distinct e.visit_id from gathered_events e where e.kind = 3 and e.fresh);
        v_active := array(
            select m.visit_id from made_visits m
            left join visits_before b on b.visit_id = m.visit_id and b.pages > 2 and b.user_id is not null
                and b.view_items = m.view_items
            where m.pages > 2 and m.user_id is not null and m.view_items > 0 and b.visit_id is null);
    end if;
    if p_visits is not null then
        delete from visit_products p where p.tenant_id = p_tenant_id and p.visit_id = any(p_visits);
        delete from search_lines l where l.tenant_id = p_tenant_id and l.visit_id = any(p_visits);
    end if;
    if cardinality(v_carts || v_active) > 0 then
        execute format($sql$
        with stored as (
        insert into visit_products as p (tenant_id, visit_id, cart, viewed)
        select $1, coalesce(c.visit_id, w.visit_id), c.lines, w.lines
        from (
            select e.visit_id, jsonb_agg(jsonb_build_object('item_id', i.item -> 'item_id',
                    'item_name', i.item -> 'item_name', 'item_category', i.item -> 'item_category',
                    'price', i.item -> 'price', 'quantity', i.item -> 'quantity')
                order by e.event_timestamp, e.batch_page_id, e.batch_ordering_id, e.batch_event_index, e.event_id,
                    i.n) as lines
            from %s
            cross join lateral jsonb_array_elements(e.items) with ordinality as i (item, n)
            where %s and e.visit_id = any($3)
            group by e.visit_id
        ) c
        full join (
            select d.visit_id, jsonb_agg(jsonb_build_object('title', coalesce(d.item -> 'item_name', d.item -> 'item_id'),
                    'url', d.page_location, 'category', d.item -> 'item_category', 'price', d.item -> 'price')
                order by d.event_timestamp, d.batch_page_id, d.batch_ordering_id, d.batch_event_index, d.event_id,
                    d.n) as lines
            from (
                select distinct on (e.visit_id, coalesce('i' || (i.item ->> 'item_id'), 'n' || (i.item ->> 'item_name')))
                    e.visit_id, e.event_timestamp, e.batch_page_id, e.batch_ordering_id, e.batch_event_index, e.event_id,
                    e.page_location, i.item, i.n
                from %s
                cross join lateral jsonb_array_elements(e.items) with ordinality as i (item, n)
                where %s and e.visit_id = any($4)
                order by e.visit_id, coalesce('i' || (i.item ->> 'item_id'), 'n' || (i.item ->> 'item_name')),
                    e.event_timestamp, e.batch_page_id, e.batch_ordering_id, e.batch_event_index, e.event_id, i.n
            ) d
            group by d.visit_id
        ) w on w.visit_id = c.visit_id
        on conflict (tenant_id, visit_id) do update
        set cart = coalesce(excluded.cart, p.cart), viewed = coalesce(excluded.viewed, p.viewed)
        returning p.visit_id, p.viewed
        )
        update made_visits m
        set products_viewed = jsonb_array_length(s.viewed)
        from stored s
        where m.visit_id = s.visit_id and s.viewed is not null
        $sql$,
        case when p_days is null then 'gathered_events e' else 'add_to_cart e' end,
        case when p_days is null then 'e.kind = 3' else 'e.tenant_id = $1 and e.event_date = any($2)' end,
        case when p_days is null then 'gathered_events e' else 'view_item e' end,
        case when p_days is null then 'e.kind = 2' else 'e.tenant_id = $1 and e.event_date = any($2)' end)
        using p_tenant_id, p_days, v_carts, v_active;
    end if;

    insert into search_lines (tenant_id, line_id, visit_id, search_type, search_term, search_count, last_ts, last_day,
        day, user_pseudo_id, ga_session_id, user_id, location_id, converted)
    select p_tenant_id, s.line_id, f.visit_id, s.search_type, s.search_term, s.search_count, s.last_ts, s.last_day,
        f.day, f.user_pseudo_id, f.ga_session_id, f.user_id, f.location_id, s.search_type = 'no_conversion' and f.purchases > 0
    from (
        select e.visit_id, 'no_results' as search_type, e.term as search_term, sum(e.event_count) as search_count,
            max(e.event_timestamp) as last_ts,
            (array_agg(e.event_date order by e.event_timestamp desc, e.batch_page_id desc, e.batch_ordering_id desc,
                e.batch_event_index desc, e.event_id desc))[1] as last_day,
            (left(e.visit_id::text, 18)
                || left(encode(sha256(convert_to('no_results:' || e.term, 'UTF8')), 'hex'), 16))::uuid as line_id
        from gathered_events e
        where e.kind = 6 and e.term is not null
        group by e.visit_id, e.term
        union all
        select e.visit_id, 'no_conversion', string_agg(distinct e.term, ', ' order by e.term), sum(e.event_count),
            max(e.event_timestamp),
            (array_agg(e.event_date order by e.event_timestamp desc, e.batch_page_id desc, e.batch_ordering_id desc,
                e.batch_event_index desc, e.event_id desc))[1],
            e.visit_id
        from gathered_events e
        where e.kind = 5 and e.term is not null
        group by e.visit_id
        having sum(e.event_count) > 2
    ) s
    join made_visits f on f.visit_id = s.visit_id
    on conflict (tenant_id, line_id) do update
    set search_term = excluded.search_term, search_count = excluded.search_count, last_ts = excluded.last_ts,
        last_day = excluded.last_day, day = excluded.day, user_id = excluded.user_id,
        location_id = excluded.location_id, converted = excluded.converted;
end
$$;

comment on function refresh_visit_lines(uuid, uuid[], date[]) is
    'version 2: product and search lines of visits';
revoke execute on function refresh_visit_lines(uuid, uuid[], date[]) from public;
grant execute on function refresh_visit_lines(uuid, uuid[], date[]) to ga_services;
