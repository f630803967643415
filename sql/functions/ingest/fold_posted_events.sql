-- version: 1
-- Moves up to p_limit posted events of a day on into the event tables, and carries visits, orders and roll-ups forward by
-- what they change: the cost follows the events in hand and not the day. Afterwards rebuild_rollups gives the same bytes.
-- In the caller's transaction. Answers {folded, left: some wait still, busy: the day is being loaded, nothing was done}.
create or replace function fold_posted_events(p_tenant_id uuid, p_day date, p_limit integer) returns jsonb
language plpgsql
security invoker
set search_path = public, pg_temp
set work_mem = '64MB'
set jit = off
-- A plan is kept, from a call with few rows to one with many, and whatever is known of the tenant.
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
as $$
declare
    v_zone text;
    v_folded integer := 0;
    v_visits uuid[];
    v_kind integer;
    -- Never waited for: the load that holds it may take minutes.
    v_busy boolean := not pg_try_advisory_xact_lock(
        hashtextextended('ga load day ' || p_tenant_id::text || p_day::text, 0));
begin
    if not v_busy then
        -- As load_staged_day: always after the day's own lock, so that nobody waits in a circle.
        perform pg_advisory_xact_lock(hashtextextended('ga load ' || p_tenant_id::text, 0));
        perform open_staged_events();
        v_folded := take_posted_events(p_tenant_id, p_day, p_limit);
    end if;
    if v_folded > 0 then
        select t.time_zone into strict v_zone from tenants t where t.tenant_id = p_tenant_id;
        perform ensure_event_partitions(p_day);
        perform open_visit_tables();
        perform open_fold_tables();

        perform find_known_events(p_tenant_id, p_day);
        v_visits := array(
            select s.visit_id from staged_events s where s.visit_id is not null
            union select k.visit_id from known_events k where k.visit_id is not null);
        perform remember_visits(p_tenant_id, v_visits);
        perform gather_visits_before(p_tenant_id);
        perform confirm_known_events(p_tenant_id, p_day);

        -- What is still staged is new.
        perform store_staged_identities(p_tenant_id, p_day, true);
        for v_kind in select distinct s.kind from staged_events s where s.kind > 0 order by 1 loop
            perform store_staged_events(p_tenant_id, p_day, v_kind, true, false);
        end loop;
        insert into gathered_events (visit_id, kind, event_date, event_timestamp, batch_page_id, batch_ordering_id,
            batch_event_index, event_id, user_pseudo_id, ga_session_id, web_user_id, ga_user_id, branch_id, event_count,
            own_id, page_location, term, items_count, items_value, items, fresh)
        select s.visit_id, s.kind, s.event_date, s.event_timestamp, s.batch_page_id, s.batch_ordering_id,
            s.batch_event_index, s.event_id, s.user_pseudo_id, s.ga_session_id, s.web_user_id, s.ga_user_id, s.branch_id,
            s.event_count, s.own_id, s.page_location, s.term, case when s.kind = 3 then s.items_count end,
            case when s.kind = 3 then s.items_value end, case when s.kind in (2, 3) then s.items end, true
        from staged_events s
        where s.kind > 0 and s.visit_id is not null;

        perform make_visits(p_tenant_id, v_zone);
        perform refresh_visit_lines(p_tenant_id, null, null);
        perform store_visits(p_tenant_id, null);
        perform fold_orders(p_tenant_id, p_day, v_zone);
        perform fold_stats(p_tenant_id, p_day, v_zone);
        perform fold_users(p_tenant_id);
        perform fold_bounces(p_tenant_id);
    end if;
    return jsonb_build_object('folded', v_folded, 'busy', v_busy, 'left', exists (
        select from posted_events p where p.tenant_id = p_tenant_id and p.event_date = p_day));
end
$$;

comment on function fold_posted_events(uuid, date, integer) is
    'version 1: posted events into the event tables, with all that is derived from them';
revoke execute on function fold_posted_events(uuid, date, integer) from public;
grant execute on function fold_posted_events(uuid, date, integer) to ga_services;
