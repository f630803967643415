-- version: 2
-- Makes the visits that touch one day again from the event tables, with everything that hangs on them: product lines,
-- search lines, orders, and the roll-ups of every day they reach. Called in the transaction that changed the day's events.
--
-- p_carried: visits whose user or branch may have changed by events that are not landed (visit_identities of the day).
create or replace function refresh_visits(p_tenant_id uuid, p_day date, p_carried uuid[]) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set work_mem = '64MB'
set client_min_messages = warning
as $$
declare
    v_zone text;
    -- visits of this day that have, or had, a part on another day
    v_spanning uuid[];
    -- every visit written or removed here
    v_visits uuid[];
    v_days date[];
begin
    select t.time_zone into strict v_zone from tenants t where t.tenant_id = p_tenant_id;

    perform open_visit_tables();
    perform collect_visit_events(p_tenant_id, array[p_day], null);

    v_spanning := array(
        select v.visit_id from visits v
        where v.tenant_id = p_tenant_id and v.last_day <> v.first_day and v.last_day >= p_day and v.first_day <= p_day
        union
        select v.visit_id from visits v
        where v.tenant_id = p_tenant_id
            and v.visit_id = any(array(select distinct e.visit_id from gathered_events e) || p_carried)
            and (v.first_day <> p_day or v.last_day <> p_day));

    -- The days those visits reach, before and after.
    v_days := array(
        select distinct d::date
        from visits v, generate_series(v.first_day::timestamp, v.last_day::timestamp, interval '1 day') d
        where v.tenant_id = p_tenant_id and v.visit_id = any(v_spanning) and d::date <> p_day);
    if cardinality(v_spanning) > 0 then
        perform collect_visit_events(p_tenant_id, v_days, v_spanning);
    end if;
    analyze gathered_events;
    perform make_visits(p_tenant_id, v_zone);
    analyze made_visits;

    v_visits := array(
        select v.visit_id from visits v where v.tenant_id = p_tenant_id and v.day = p_day and v.first_day = p_day
            and v.last_day = p_day
        union select f.visit_id from made_visits f
        union select unnest(v_spanning));
    -- Days the visits reach now.
    v_days := v_days || p_day || array(
        select d::date from made_visits f, generate_series(f.first_day::timestamp, f.last_day::timestamp, interval '1 day') d
        where f.visit_id = any(array(select s.visit_id from made_visits s where s.last_day <> s.first_day)));
    perform refresh_visit_lines(p_tenant_id, v_visits, array(select distinct unnest(v_days)));

    perform store_visits(p_tenant_id, v_visits);
    v_days := v_days || refresh_orders(p_tenant_id, p_day, v_spanning, v_zone);
    perform refresh_rollups(p_tenant_id, array(select distinct unnest(v_days)), v_zone);
end
$$;

comment on function refresh_visits(uuid, date, uuid[]) is
    'version 2: makes the visits that touch a day, and all that is derived from them, again from the events';
revoke execute on function refresh_visits(uuid, date, uuid[]) from public;
grant execute on function refresh_visits(uuid, date, uuid[]) to ga_services;
