-- version: 1
-- Bounced visits (one page), last seen first, and the ten entry pages of the selection that bounce most.
-- How the answer is paged, searched and sorted: task_page.
create or replace function get_performance_tasks(
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
declare
    v_pages jsonb := '[]';
    v_total bigint := 0;
begin
    -- Who asks for a single line does not look at the pages.
    if p_line_id is null then
        select p.pages, p.bounces into v_pages, v_total
        from bouncing_pages(p_tenant_id, p_start_date, p_end_date, p_location_ids) p;
    end if;

    return jsonb_build_object('frequently_bounced_pages', v_pages) || task_page(
        p_tenant_id => p_tenant_id,
        p_list => 'performance',
        p_lines => $sql$
            select v.tenant_id, v.visit_id as line_id, v.last_page_ts as ts, v.day, v.last_page_day as event_date,
                v.ga_session_id::text as session_id, v.user_pseudo_id, v.user_id, v.location_id, v.entry_page
            from visits v
            where v.tenant_id = $1 and v.pages = 1
            $sql$,
        p_details => $sql$ jsonb_build_object('entry_page', l.entry_page) $sql$,
        p_match => 'false',
        -- Every bounced visit has an entry page, so the bounces of all pages are the lines.
        p_total => format('select %s', v_total),
        p_sortable => jsonb '{"entry_page": "text"}',
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

comment on function get_performance_tasks is 'version 1: a page of the bounced visits, and the pages that bounce most';
revoke execute on function get_performance_tasks from public;
grant execute on function get_performance_tasks to ga_services;
