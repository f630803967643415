-- version: 1
-- Visits with a cart that was left: an add_to_cart and no purchase. Last added to first.
-- How the answer is paged, searched and sorted: task_page.
create or replace function get_cart_abandonment_tasks(
    p_tenant_id uuid,
    p_start_date date,
    p_end_date date,
    p_location_ids text[],
    p_query text,
    p_sort_field text,
    p_sort_desc boolean,
    p_limit integer,
    p_offset bigint,
    p_after jsonb,
    p_line_id uuid
) returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
begin
    return task_page(
        p_tenant_id => p_tenant_id,
        p_list => 'cart-abandonment',
        p_lines => $sql$
            select v.tenant_id, v.visit_id as line_id, v.last_cart_ts as ts, v.day, v.last_cart_day as event_date,
                v.ga_session_id::text as session_id, v.user_pseudo_id, v.user_id, v.location_id,
                v.last_cart_day as last_activity, v.last_cart_ts as last_activity_at,
                v.cart_items as items_count, v.cart_value as total_value,
                v.cart_value <> 0 or exists (
                    select
                    from visit_products p, jsonb_array_elements(p.cart) i
                    where p.tenant_id = $1 and p.visit_id = v.visit_id and i ->> 'price' is not null) as has_value
            from visits v
            where v.tenant_id = $1 and v.carts > 0 and v.purchases = 0
            $sql$,
        p_details => $sql$
            jsonb_build_object(
                'last_activity', l.last_activity,
                'last_activity_at', l.last_activity_at,
                'items_count', l.items_count,
                'total_value', l.total_value,
                'has_value', l.has_value,
                'products', (
                    select p.cart from visit_products p where p.tenant_id = $1 and p.visit_id = l.line_id))
            $sql$,
        p_match => $sql$
            exists (
                select
                from visit_products p
                where p.tenant_id = $1 and p.visit_id = l.line_id and p.cart @? $6)
            $sql$,
        -- The same visits, counted by day when they were loaded.
        p_total => $sql$
            select coalesce(sum(d.abandoned_carts), 0)
            from daily_stats d
            where d.tenant_id = $1 and d.location_id = any($7)
                and ($2 is null or d.day >= $2) and ($3 is null or d.day <= $3)
            $sql$,
        p_sortable => jsonb '{"last_activity": "date", "last_activity_at": "bigint", "items_count": "integer",
            "total_value": "numeric", "has_value": "boolean"}',
        p_start_date => p_start_date,
        p_end_date => p_end_date,
        p_location_ids => p_location_ids,
        p_query => p_query,
        p_sort_field => p_sort_field,
        p_sort_desc => p_sort_desc,
        p_limit => p_limit,
        p_offset => p_offset,
        p_after => p_after,
        p_line_id => p_line_id);
end
$$;

comment on function get_cart_abandonment_tasks is 'version 1: a page of the visits with a cart that was left';
revoke execute on function get_cart_abandonment_tasks from public;
grant execute on function get_cart_abandonment_tasks to ga_services;
