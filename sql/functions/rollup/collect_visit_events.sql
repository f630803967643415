-- version: 2
-- Adds to the temporary table gathered_events (open_visit_tables) the landed events of the given days that belong to a visit:
-- of all visits, or of p_visits alone.
create or replace function collect_visit_events(p_tenant_id uuid, p_days date[], p_visits uuid[]) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
as $$
declare
    v_tables constant text[] := event_tables();
    v_kind integer;
begin
    for v_kind in 1 .. cardinality(v_tables) loop
        execute format('insert into gathered_events (visit_id, kind, event_date, event_timestamp, batch_page_id,
                batch_ordering_id, batch_event_index, event_id, user_pseudo_id, ga_session_id, web_user_id, ga_user_id,
                branch_id, event_count, own_id, page_location, term, items_count, items_value)
            select e.visit_id, %s, e.event_date, e.event_timestamp, e.batch_page_id, e.batch_ordering_id,
                e.batch_event_index, e.event_id, e.user_pseudo_id, e.ga_session_id, e.web_user_id, e.ga_user_id,
                e.branch_id, e.event_count, left(e.event_id::text, 18) <> left(e.visit_id::text, 18), e.page_location, %s, %s
            from %I e
            where e.tenant_id = $1 and e.event_date = any($2) and %s',
            v_kind,
            case when v_kind in (5, 6) then 'e.term' else 'null' end,
            case when v_kind = 3 then 'e.items_count, e.items_value' else 'null, null' end,
            v_tables[v_kind],
            case when p_visits is null then 'e.visit_id is not null' else 'e.visit_id = any($3)' end)
        using p_tenant_id, p_days, p_visits;
    end loop;
end
$$;

comment on function collect_visit_events(uuid, date[], uuid[]) is
    'version 2: gathers the landed events of days into the temporary table gathered_events';
revoke execute on function collect_visit_events(uuid, date[], uuid[]) from public;
grant execute on function collect_visit_events(uuid, date[], uuid[]) to ga_services;
