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
    v_events uuid[];
begin
    insert into known_events (kind, event_id, visit_id)
    select s.kind, s.event_id, g.visit_id
    from staged_events s
    join gathered_events g on g.kind = s.kind and g.event_id = s.event_id
    where g.event_date = p_day and not s.own_id and s.visit_id is not null;

    for v_kind, v_events in
        select k.kind, array_agg(k.event_id) from known_events k group by k.kind
    loop
        execute format('
            update %I t
            set posted = true, web_user_id = coalesce(t.web_user_id, s.web_user_id),
                ga_user_id = coalesce(t.ga_user_id, s.ga_user_id), branch_id = coalesce(t.branch_id, s.branch_id),
                page_title = coalesce(t.page_title, s.page_title), extra = coalesce(t.extra, s.extra)
            from staged_events s
            where t.tenant_id = $1 and t.event_date = $2 and t.event_id = any($3) and s.kind = $4 and s.event_id = t.event_id
                and (not t.posted or t.web_user_id is null and s.web_user_id is not null
                    or t.ga_user_id is null and s.ga_user_id is not null or t.branch_id is null and s.branch_id is not null
                    or t.page_title is null and s.page_title is not null or t.extra is null and s.extra is not null)',
            (event_tables())[v_kind])
        using p_tenant_id, p_day, v_events, v_kind;
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

comment on function confirm_known_events(uuid, date) is 'staged events that are rows already become posted';
revoke execute on function confirm_known_events(uuid, date) from public;
grant execute on function confirm_known_events(uuid, date) to ga_services;
