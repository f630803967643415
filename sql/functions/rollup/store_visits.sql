-- version: 1
-- Puts the visits of the temporary table made_visits in the place of p_visits.
create or replace function store_visits(p_tenant_id uuid, p_visits uuid[]) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
as $$
begin
    delete from visits v where v.tenant_id = p_tenant_id and v.visit_id = any(p_visits);
    insert into visits (tenant_id, visit_id, day, first_day, last_day, user_pseudo_id, ga_session_id, user_id, location_id,
        first_ts, last_ts, start_hour, page_views, pages, view_items, carts, purchases, searches, searches_with_term,
        failed_searches, last_page_ts, last_page_day, last_cart_ts, last_cart_day, entry_page, cart_items, cart_value,
        products_viewed, own_event_ids, has_aggregates)
    select m.tenant_id, m.visit_id, m.day, m.first_day, m.last_day, m.user_pseudo_id, m.ga_session_id, m.user_id,
        m.location_id, m.first_ts, m.last_ts, m.start_hour, m.page_views, m.pages, m.view_items, m.carts, m.purchases,
        m.searches, m.searches_with_term, m.failed_searches, m.last_page_ts, m.last_page_day, m.last_cart_ts,
        m.last_cart_day, m.entry_page, m.cart_items, m.cart_value, m.products_viewed, m.own_event_ids, m.has_aggregates
    from made_visits m;
end
$$;

comment on function store_visits(uuid, uuid[]) is 'version 1: made visits in the place of what was there';
revoke execute on function store_visits(uuid, uuid[]) from public;
grant execute on function store_visits(uuid, uuid[]) to ga_services;
