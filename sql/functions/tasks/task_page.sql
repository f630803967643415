-- version: 1
-- One page of a task list. A list's own file says what a line is, what it shows and how many there are; how any list
-- is filtered, searched, ordered, walked and completed is the same for all five and stands here.
--
-- p_lines is a query of the list's lines with the columns tenant_id, line_id, ts (microseconds of the activity that
-- orders the list), day (what a range of dates filters), event_date, session_id, user_pseudo_id, user_id, location_id,
-- and those of p_sortable: the list's own scalars with their types. p_details is the jsonb of what the list adds to a
-- line `l`, p_match says whether line `l` holds the searched text, p_total counts the lines of the selection. All four
-- are texts of this folder's files, never a caller's, and may use:
-- $1 tenant, $2 and $3 first and last day, $4 locations, $5 the text searched for, in lower case, $6 a jsonpath that
-- finds it in an array of items, $7 the locations as the roll-ups know them, $8 and $9 the bounds of ts.
-- The parameters are constants to the planner of a dynamic statement: what is null drops out of the plan.
create or replace function task_page(
    p_tenant_id uuid,
    p_list text,
    p_lines text,
    p_details text,
    p_match text,
    p_total text,
    p_sortable jsonb,
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
set jit = off
as $$
declare
    v_page jsonb;
    v_order record := task_order(p_list, p_sortable, p_sort_field, p_sort_desc, p_after);
    v_bounds record := activity_bounds(p_tenant_id, p_start_date, p_end_date);
    v_query text := lower(p_query);
    -- Flags: without regard to case, and nothing in the text is special.
    v_items jsonpath := replace(
        '$[*] ? (@.item_name like_regex %1 || @.item_id like_regex %1 || @.title like_regex %1)',
        '%1', to_jsonb(p_query)::text || ' flag "iq"')::jsonpath;
    v_user_ids text[];
    v_scope text[] := coalesce(array_remove(p_location_ids, ''), array['']);
    v_after_value text := p_after ->> 'v';
    v_after_ts bigint := (p_after ->> 'ts')::bigint;
    v_after_id uuid := (p_after ->> 'id')::uuid;
    v_searched boolean := p_query is not null or p_line_id is not null;
begin
    if p_query is not null then
        -- Customers are few against lines, and no index serves a search inside a text under row-level security.
        select coalesce(array_agg(u.user_id), '{}') into v_user_ids
        from users u
        where u.tenant_id = p_tenant_id
            and (strpos(lower(u.user_name), v_query) > 0
                or strpos(lower(u.buying_company_name), v_query) > 0
                or strpos(lower(u.email), v_query) > 0);
    end if;

    -- A searched selection is gone through once and counted on the way; a plain one is read from its index as far as
    -- the page reaches, and counted where the list says.
    execute format($sql$
        with lines as %s (
            select l.*, %s as sort_value
            from (%s) l %s
            where l.tenant_id = $1
                and ($2 is null or l.day >= $2 and l.ts >= $8)
                and ($3 is null or l.day <= $3 and l.ts < $9)
                and ($4 is null or l.location_id = any($4))
                and ($14 is null or l.line_id = $14)
                and ($5 is null or l.user_id = any($10)
                    or strpos(lower(l.user_id collate "default"), $5) > 0 or %s)
        ), page as (
            select l.* from lines l where %s order by %s limit $15 + 1 offset $16
        ), numbered as (
            select l.*, row_number() over (order by %8$s) as n from page l
        )
        select jsonb_build_object(
            'data', coalesce(jsonb_agg(jsonb_build_object(
                    'line_id', l.line_id,
                    'session_id', l.session_id,
                    'user_pseudo_id', l.user_pseudo_id,
                    'location_id', l.location_id,
                    'event_date', l.event_date,
                    'user_id', l.user_id,
                    'customer_name', u.buying_company_name,
                    'email', u.email,
                    'phone', u.cell_phone,
                    'office_phone', u.office_phone,
                    'completed', coalesce(s.completed, false),
                    'completed_by', s.completed_by,
                    'completed_at', s.completed_at
                ) || %s order by l.n) filter (where l.n <= $15), '[]'),
            'total', (%s),
            'next', (
                select jsonb_build_object('v', to_jsonb(n.sort_value) #>> '{}', 'ts', n.ts, 'id', n.line_id)
                from numbered n
                where n.n = $15 and exists (select from numbered m where m.n > $15)))
        from numbered l
        left join users u on u.tenant_id = $1 and u.user_id = l.user_id
        left join task_states s on s.tenant_id = $1 and s.list = $17 and s.line_id = l.line_id
        $sql$,
        case when v_searched then 'materialized' else '' end,
        v_order.sort_value, p_lines, v_order.joined, p_match, v_order.rest, v_order.ordering, v_order.ordering,
        p_details, case when v_searched then 'select count(*) from lines' else p_total end)
    into v_page
    using p_tenant_id, p_start_date, p_end_date, p_location_ids, v_query, v_items, v_scope,
        v_bounds.ts_from, v_bounds.ts_to, v_user_ids, v_after_value, v_after_ts, v_after_id,
        p_line_id, p_limit, p_offset, p_list;
    return v_page;
end
$$;

comment on function task_page is 'version 1: one page of a task list';
revoke execute on function task_page from public;
grant execute on function task_page to ga_services;
