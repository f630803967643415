-- version: 1
-- Puts the visits of the temporary table made_visits in the place of p_visits; null = each in its own place.
create or replace function store_visits(p_tenant_id uuid, p_visits uuid[]) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
as $$
declare
    v_columns constant text[] := array['day', 'first_day', 'last_day', 'user_pseudo_id', 'ga_session_id', 'user_id',
        'location_id', 'first_ts', 'last_ts', 'start_hour', 'page_views', 'pages', 'view_items', 'carts', 'purchases',
        'searches', 'searches_with_term', 'failed_searches', 'last_page_ts', 'last_page_day', 'last_cart_ts',
        'last_cart_day', 'entry_page', 'cart_items', 'cart_value', 'products_viewed', 'own_event_ids', 'has_aggregates'];
    v_updated text;
begin
    if p_visits is null then
        -- Through the primary key by itself, whatever the planner knows of the tenant.
        select 'on conflict (tenant_id, visit_id) do update set '
            || string_agg(format('%I = excluded.%1$I', c.name), ', ') into v_updated
        from unnest(v_columns) c (name);
    else
        delete from visits v where v.tenant_id = p_tenant_id and v.visit_id = any(p_visits);
    end if;
    execute format('insert into visits (tenant_id, visit_id, %s) select tenant_id, visit_id, %1$s from made_visits %s',
        array_to_string(v_columns, ', '), v_updated);
end
$$;

comment on function store_visits(uuid, uuid[]) is 'version 1: made visits in the place of what was there';
revoke execute on function store_visits(uuid, uuid[]) from public;
grant execute on function store_visits(uuid, uuid[]) to ga_services;
