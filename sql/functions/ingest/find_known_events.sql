-- version: 1
-- Which staged events are rows already, as far as their visit does not tell: events of no visit, and events that brought
-- their own identity, whose row may be of another visit. Into the temporary table known_events.
create or replace function find_known_events(p_tenant_id uuid, p_day date) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
as $$
declare
    v_kind integer;
begin
    for v_kind in
        select distinct s.kind from staged_events s where s.kind > 0 and (s.own_id or s.visit_id is null)
    loop
        execute format('
            insert into known_events (kind, event_id, visit_id, event_timestamp, event_count, branch_before)
            select s.kind, k.*
            from staged_events s, lateral (
                select e.event_id, e.visit_id, e.event_timestamp, e.event_count, e.branch_id
                from %I e
                where e.tenant_id = $2 and e.event_date = $3 and e.event_id = s.event_id
                offset 0
            ) k
            where s.kind = $1 and (s.own_id or s.visit_id is null)', (event_tables())[v_kind])
        using v_kind, p_tenant_id, p_day;
    end loop;
end
$$;

comment on function find_known_events(uuid, date) is 'version 1: staged events that are rows already';
revoke execute on function find_known_events(uuid, date) from public;
grant execute on function find_known_events(uuid, date) to ga_services;
