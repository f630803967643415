-- version: 1
-- Searches to look at: a (visit, term) that found nothing, and a visit that searched more than twice without buying;
-- p_include_converted keeps the visits that bought after all. Last search first.
-- How the answer is paged, searched and sorted: task_page.
create or replace function get_search_analysis_tasks(
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
    p_line_id uuid,
    p_include_converted boolean
) returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_kept text := case when p_include_converted then '' else 'and not l.converted' end;
begin
    return task_page(
        p_tenant_id => p_tenant_id,
        p_list => 'search-analysis',
        p_lines => $sql$
            select l.tenant_id, l.line_id, l.last_ts as ts, l.day, l.last_day as event_date,
                l.ga_session_id::text as session_id, l.user_pseudo_id, l.user_id, l.location_id,
                l.search_term, l.search_type, l.search_count, l.converted
            from search_lines l
            where l.tenant_id = $1 $sql$ || v_kept,
        p_details => $sql$
            jsonb_build_object(
                'search_term', l.search_term,
                'search_type', l.search_type,
                'search_count', l.search_count,
                'converted', l.converted)
            $sql$,
        p_match => $sql$
            strpos(lower(l.search_term collate "default"), $5) > 0
            $sql$,
        p_total => $sql$
            select count(*)
            from search_lines l
            where l.tenant_id = $1
                and ($2 is null or l.day >= $2 and l.last_ts >= $8)
                and ($3 is null or l.day <= $3 and l.last_ts < $9)
                and ($4 is null or l.location_id = any($4)) $sql$ || v_kept,
        p_sortable => jsonb '{"search_term": "text", "search_type": "text", "search_count": "integer",
            "converted": "boolean"}',
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

comment on function get_search_analysis_tasks is 'version 1: a page of the searches that found or led to nothing';
revoke execute on function get_search_analysis_tasks from public;
grant execute on function get_search_analysis_tasks to ga_services;
