-- version: 1
-- The order of a task list as SQL: the value a line is sorted by, the order, and what is left to walk after a cursor.
-- Only names of p_sortable (field -> type) and of the columns every line has are taken; the cursor's values are
-- parameters $11 (value), $12 (ts) and $13 (line) of the statement in task_page, never text of it.
-- Every order ends in line_id, so it is total: by activity, newest first, or by a field, lines without a value last.
create or replace function task_order(
    p_list text,
    p_sortable jsonb,
    p_sort_field text,
    p_sort_desc boolean,
    p_after jsonb,
    out sort_value text,
    out joined text,
    out ordering text,
    out rest text
)
language plpgsql
immutable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_type text := (p_sortable || jsonb '{"line_id": "uuid", "session_id": "text", "user_pseudo_id": "text",
        "location_id": "text", "event_date": "date", "completed": "boolean", "user_id": "text",
        "customer_name": "text", "email": "text", "phone": "text", "office_phone": "text"}') ->> p_sort_field;
    v_beyond text := case when p_sort_desc then '<' else '>' end;
begin
    sort_value := 'null::text';
    joined := '';
    ordering := case when p_sort_desc then 'l.ts desc, l.line_id desc' else 'l.ts, l.line_id' end;
    rest := case when p_after is null then 'true' else format('(l.ts, l.line_id) %s ($12, $13)', v_beyond) end;
    if p_sort_field is null then
        return;
    end if;
    if v_type is null then
        raise exception 'list % does not sort by %', p_list, p_sort_field using errcode = '22023';
    end if;

    sort_value := case p_sort_field
        when 'completed' then 'coalesce(s.completed, false)'
        when 'customer_name' then 'u.buying_company_name'
        when 'email' then 'u.email'
        when 'phone' then 'u.cell_phone'
        when 'office_phone' then 'u.office_phone'
        else format('l.%I', p_sort_field)
    end;
    if sort_value like 'u.%' then
        joined := 'left join users u on u.tenant_id = $1 and u.user_id = l.user_id';
    elsif p_sort_field = 'completed' then
        joined := 'left join task_states s on s.tenant_id = $1 and s.list = $17 and s.line_id = l.line_id';
    end if;
    if v_type = 'text' then
        sort_value := sort_value || ' collate "C"';
    end if;
    ordering := format('l.sort_value%s nulls last, l.ts desc, l.line_id desc',
        case when p_sort_desc then ' desc' else '' end);
    if p_after ->> 'v' is not null then
        rest := format('(l.sort_value %s $11::%s or l.sort_value is null
            or l.sort_value = $11::%2$s and (l.ts, l.line_id) < ($12, $13))', v_beyond, v_type);
    elsif p_after is not null then
        rest := 'l.sort_value is null and (l.ts, l.line_id) < ($12, $13)';
    end if;
end
$$;

comment on function task_order is 'version 1: the order of a task list and what is left after a cursor, as SQL';
revoke execute on function task_order from public;
grant execute on function task_order to ga_services;
