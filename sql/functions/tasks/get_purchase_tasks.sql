-- version: 2
-- Purchases to follow up: those that count, one per transaction. Latest first.
-- How the answer is paged, searched and sorted: task_page.
create or replace function get_purchase_tasks(
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
        p_list => 'purchases',
        p_lines => $sql$
            select o.tenant_id, o.line_id, o.event_timestamp as ts, o.event_date as day, o.event_date,
                o.ga_session_id::text as session_id, o.user_pseudo_id, o.user_id, o.location_id,
                o.transaction_id, coalesce(o.amount, 0) as order_value, o.amount is not null as has_value,
                coalesce(o.page_location, '') as page_location, o.ga_session_id::text as ga_session_id, o.products
            from orders o
            where o.tenant_id = $1 and o.counted
            $sql$,
        p_details => $sql$
            jsonb_build_object(
                'transaction_id', l.transaction_id,
                'order_value', l.order_value,
                'has_value', l.has_value,
                'page_location', l.page_location,
                'ga_session_id', l.ga_session_id,
                'products', l.products)
            $sql$,
        p_match => $sql$
            strpos(lower(l.transaction_id collate "default"), $5) > 0 or l.products @? $6
            $sql$,
        -- The same lines, counted by day when they were loaded. An aggregate is one line of several purchases.
        p_total => $sql$
            select coalesce(sum(coalesce(d.purchase_lines, d.purchases)), 0)
            from daily_stats d
            where d.tenant_id = $1 and d.location_id = any($7)
                and ($2 is null or d.day >= $2) and ($3 is null or d.day <= $3)
            $sql$,
        p_sortable => jsonb '{"transaction_id": "text", "order_value": "numeric", "has_value": "boolean",
            "page_location": "text", "ga_session_id": "text"}',
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

comment on function get_purchase_tasks is 'version 2: a page of the purchases that count';
revoke execute on function get_purchase_tasks from public;
grant execute on function get_purchase_tasks to ga_services;
