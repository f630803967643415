-- version: 1
-- The history of some visits: the newest p_limit entries of their events in event order, oldest first. An entry is
-- {event_timestamp, param_ga_session_id, event_type, details}; a view_item or add_to_cart is one entry per real item.
-- p_loose names events of no visit that belong to the same history, as loose_events gives them.
--
-- Event tables have no index of visits. A visit's events are found in the primary key by the day and the first half of
-- event_id, which is the visit's; one with events that brought their own identity is looked for in its whole days.
-- `offset 0` keeps the planner from joining the other way round, over the tables.
create or replace function visit_event_entries(
    p_tenant_id uuid,
    p_visit_ids uuid[],
    p_loose jsonb,
    p_limit integer
) returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
set jit = off
as $$
declare
    v_entries jsonb;
begin
    with keys as materialized (
        select v.visit_id, d.day::date as day, v.page_views, v.view_items, v.carts, v.purchases, v.searches,
            v.failed_searches,
            case when v.own_event_ids then '00000000-0000-0000-0000-000000000000'
                else overlay(v.visit_id::text placing '0000-000000000000' from 20) end::uuid as first_id,
            case when v.own_event_ids then 'ffffffff-ffff-ffff-ffff-ffffffffffff'
                else overlay(v.visit_id::text placing 'ffff-ffffffffffff' from 20) end::uuid as last_id
        from visits v, generate_series(v.first_day::timestamp, v.last_day::timestamp, interval '1 day') d (day)
        where v.tenant_id = p_tenant_id and v.visit_id = any(p_visit_ids)
        union all
        select null, (e ->> 'event_date')::date, (e ->> 'kind' = 'page_view')::integer,
            (e ->> 'kind' = 'view_item')::integer, (e ->> 'kind' = 'add_to_cart')::integer,
            (e ->> 'kind' = 'purchase')::integer, (e ->> 'kind' = 'view_search_results')::integer,
            (e ->> 'kind' = 'no_search_results')::integer, (e ->> 'event_id')::uuid, (e ->> 'event_id')::uuid
        from jsonb_array_elements(p_loose) e
    ), events as (
        select e.*
        from keys k, lateral (
            select 'page_view' as event_type, p.event_timestamp, p.batch_page_id, p.batch_ordering_id,
                p.batch_event_index, p.event_id, 1::bigint as item_no, p.ga_session_id,
                jsonb_build_object('page_location', p.page_location, 'page_title', p.page_title) as details
            from page_view p
            where k.page_views > 0 and p.tenant_id = p_tenant_id and p.event_date = k.day
                and p.event_id >= k.first_id and p.event_id <= k.last_id and p.visit_id is not distinct from k.visit_id
            offset 0) e
        union all
        select e.*
        from keys k, lateral (
            select 'view_item', p.event_timestamp, p.batch_page_id, p.batch_ordering_id,
                p.batch_event_index, p.event_id, i.item_no, p.ga_session_id,
                jsonb_build_object('item_id', i.item -> 'item_id', 'item_name', i.item -> 'item_name',
                    'category', i.item -> 'item_category', 'price', i.item -> 'price',
                    'quantity', coalesce(i.item -> 'quantity', '1'))
            from view_item p, jsonb_array_elements(p.items) with ordinality i (item, item_no)
            where k.view_items > 0 and p.tenant_id = p_tenant_id and p.event_date = k.day
                and p.event_id >= k.first_id and p.event_id <= k.last_id and p.visit_id is not distinct from k.visit_id
            offset 0) e
        union all
        select e.*
        from keys k, lateral (
            select 'add_to_cart', p.event_timestamp, p.batch_page_id, p.batch_ordering_id,
                p.batch_event_index, p.event_id, i.item_no, p.ga_session_id,
                jsonb_build_object('item_id', i.item -> 'item_id', 'item_name', i.item -> 'item_name',
                    'category', i.item -> 'item_category', 'price', i.item -> 'price',
                    'quantity', coalesce(i.item -> 'quantity', '1'))
            from add_to_cart p, jsonb_array_elements(p.items) with ordinality i (item, item_no)
            where k.carts > 0 and p.tenant_id = p_tenant_id and p.event_date = k.day
                and p.event_id >= k.first_id and p.event_id <= k.last_id and p.visit_id is not distinct from k.visit_id
            offset 0) e
        union all
        select e.*
        from keys k, lateral (
            select 'purchase', p.event_timestamp, p.batch_page_id, p.batch_ordering_id,
                p.batch_event_index, p.event_id, 1, p.ga_session_id,
                purchase_details(p.transaction_id, p.amount, p.items)
            from purchase p
            where k.purchases > 0 and p.tenant_id = p_tenant_id and p.event_date = k.day
                and p.event_id >= k.first_id and p.event_id <= k.last_id and p.visit_id is not distinct from k.visit_id
            offset 0) e
        union all
        select e.*
        from keys k, lateral (
            select 'view_search_results', p.event_timestamp, p.batch_page_id, p.batch_ordering_id,
                p.batch_event_index, p.event_id, 1, p.ga_session_id,
                jsonb_build_object('search_term', p.term)
            from view_search_results p
            where k.searches > 0 and p.tenant_id = p_tenant_id and p.event_date = k.day
                and p.event_id >= k.first_id and p.event_id <= k.last_id and p.visit_id is not distinct from k.visit_id
            offset 0) e
        union all
        select e.*
        from keys k, lateral (
            select 'no_search_results', p.event_timestamp, p.batch_page_id, p.batch_ordering_id,
                p.batch_event_index, p.event_id, 1, p.ga_session_id,
                jsonb_build_object('search_term', p.term)
            from no_search_results p
            where k.failed_searches > 0 and p.tenant_id = p_tenant_id and p.event_date = k.day
                and p.event_id >= k.first_id and p.event_id <= k.last_id and p.visit_id is not distinct from k.visit_id
            offset 0) e
    ), newest as (
        select e.*, row_number() over (order by e.event_timestamp desc, e.batch_page_id desc, e.batch_ordering_id desc,
            e.batch_event_index desc, e.event_id desc, e.item_no desc) as n
        from events e
        order by n
        limit p_limit
    )
    select jsonb_agg(jsonb_build_object(
        'event_timestamp', e.event_timestamp,
        'param_ga_session_id', e.ga_session_id::text,
        'event_type', e.event_type,
        'details', e.details) order by e.n desc)
    into v_entries
    from newest e;
    return coalesce(v_entries, '[]');
end
$$;

comment on function visit_event_entries is 'version 1: the newest entries of some visits'' history';
revoke execute on function visit_event_entries from public;
grant execute on function visit_event_entries to ga_services;
