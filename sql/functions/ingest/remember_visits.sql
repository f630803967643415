-- version: 1
-- Puts the given visits, as they are stored, into the temporary table visits_before.
--
-- Only the primary key gives the order without a sort: see make_visits.
create or replace function remember_visits(p_tenant_id uuid, p_visits uuid[]) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
set enable_sort = off
as $$
begin
    insert into visits_before (visit_id, day, first_day, last_day, user_id, location_id, first_ts, last_ts, start_hour,
        page_views, pages, view_items, carts, purchases, searches, failed_searches, entry_page,
        products_viewed, own_event_ids, has_aggregates)
    select b.*
    from unnest(p_visits) k (visit_id), lateral (
        select v.visit_id, v.day, v.first_day, v.last_day, v.user_id, v.location_id, v.first_ts, v.last_ts, v.start_hour,
            v.page_views, v.pages, v.view_items, v.carts, v.purchases, v.searches, v.failed_searches, v.entry_page,
            v.products_viewed, v.own_event_ids, v.has_aggregates
        from visits v
        where v.tenant_id = p_tenant_id and v.visit_id >= k.visit_id and v.visit_id <= k.visit_id
        order by v.visit_id
        offset 0
    ) b;
end
$$;

comment on function remember_visits(uuid, uuid[]) is 'version 1: visits as they are before a fold';
revoke execute on function remember_visits(uuid, uuid[]) from public;
grant execute on function remember_visits(uuid, uuid[]) to ga_services;
