-- version: 1
-- Active visits (more than two pages) of customers who have more than one of them in the selection. Last seen first.
-- How the answer is paged, searched and sorted: task_page.
create or replace function get_repeat_visit_tasks(
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
        p_list => 'repeat-visits',
        -- "Another one" and not a count: the look-up ends at the first.
        p_lines => $sql$
            select v.tenant_id, v.visit_id as line_id, v.last_page_ts as ts, v.day, v.last_page_day as event_date,
                v.ga_session_id::text as session_id, v.user_pseudo_id, v.user_id, v.location_id,
                v.pages as page_views_count, v.products_viewed
            from visits v
            where v.tenant_id = $1 and v.pages > 2 and v.user_id is not null
                and exists (
                    select
                    from visits o
                    where o.tenant_id = $1 and o.user_id = v.user_id and o.pages > 2 and o.visit_id <> v.visit_id
                        and ($2 is null or o.day >= $2) and ($3 is null or o.day <= $3)
                        and ($4 is null or o.location_id = any($4)))
            $sql$,
        p_details => $sql$
            jsonb_build_object(
                'page_views_count', l.page_views_count,
                'products_viewed', l.products_viewed,
                'products_details', (
                    select p.viewed from visit_products p where p.tenant_id = $1 and p.visit_id = l.line_id))
            $sql$,
        p_match => $sql$
            exists (
                select
                from visit_products p
                where p.tenant_id = $1 and p.visit_id = l.line_id and p.viewed @? $6)
            $sql$,
        p_total => $sql$
            select coalesce(sum(u.visits), 0)
            from (
                select count(*) as visits
                from visits v
                where v.tenant_id = $1 and v.pages > 2 and v.user_id is not null
                    and ($2 is null or v.day >= $2 and v.last_page_ts >= $8)
                    and ($3 is null or v.day <= $3 and v.last_page_ts < $9)
                    and ($4 is null or v.location_id = any($4))
                group by v.user_id
                having count(*) > 1) u
            $sql$,
        p_sortable => jsonb '{"page_views_count": "integer", "products_viewed": "integer"}',
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

comment on function get_repeat_visit_tasks is 'version 1: a page of the active visits of returning customers';
revoke execute on function get_repeat_visit_tasks from public;
grant execute on function get_repeat_visit_tasks to ga_services;
