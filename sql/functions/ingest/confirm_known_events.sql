-- version: 1
-- Takes the staged events that are rows already out of staging. Their rows are posted from now on and keep their content;
-- what they left open of user, branch, title and the rest is filled. The gathered events follow.
create or replace function confirm_known_events(p_tenant_id uuid, p_day date) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
set enable_nestloop = off
as $$
declare
    v_kind integer;
    v_columns text;
begin
    insert into known_events (kind, event_id, visit_id)
    select s.kind, s.event_id, g.visit_id
    from staged_events s
    join gathered_events g on g.kind = s.kind and g.event_id = s.event_id
    where g.event_date = p_day and not s.own_id and s.visit_id is not null;

    for v_kind in select distinct k.kind from known_events k loop
        v_columns := array_to_string(event_columns(v_kind), ', ');
        -- Through the primary key by itself, whatever the planner knows of the tenant.
        execute format('
            insert into %I as t (tenant_id, event_date, posted, %s)
            select $1, $2, true, %2$s
            from staged_events s
            where s.kind = $3 and s.event_id = any(array(select k.event_id from known_events k where k.kind = $3))
            on conflict (tenant_id, event_date, event_id) do update
            set posted = true, web_user_id = coalesce(t.web_user_id, excluded.web_user_id),
                ga_user_id = coalesce(t.ga_user_id, excluded.ga_user_id),
                branch_id = coalesce(t.branch_id, excluded.branch_id),
                page_title = coalesce(t.page_title, excluded.page_title), extra = coalesce(t.extra, excluded.extra)
            where not t.posted or t.web_user_id is null and excluded.web_user_id is not null
                or t.ga_user_id is null and excluded.ga_user_id is not null
                or t.branch_id is null and excluded.branch_id is not null
                or t.page_title is null and excluded.page_title is not null
                or t.extra is null and excluded.extra is not null',
            (event_tables())[v_kind], v_columns)
        using p_tenant_id, p_day, v_kind;
    end loop;
    if v_kind is null then
        return;
    end if;
    update gathered_events g
    set web_user_id = coalesce(g.web_user_id, s.web_user_id), ga_user_id = coalesce(g.ga_user_id, s.ga_user_id),
        branch_id = coalesce(g.branch_id, s.branch_id)
    from staged_events s
    where s.kind = g.kind and s.event_id = g.event_id and g.event_date = p_day;
    update known_events k
    set branch_after = coalesce(k.branch_before, s.branch_id)
    from staged_events s
    where s.kind = k.kind and s.event_id = k.event_id;
    delete from staged_events s using known_events k where k.kind = s.kind and k.event_id = s.event_id;
end
$$;

comment on function confirm_known_events(uuid, date) is 'version 1: staged events that are rows already become posted';
revoke execute on function confirm_known_events(uuid, date) from public;
grant execute on function confirm_known_events(uuid, date) to ga_services;
