-- version: 1
-- What taking the staged list of locations in would change: counts, and the first 100 changes. As compare_staged_users, of
-- staged_locations into compared_locations. A location without a name goes by its code.
create or replace function compare_staged_locations(p_tenant_id uuid, p_columns text[], p_mode text) returns jsonb
language plpgsql
security invoker
set search_path = public, pg_temp
set client_min_messages = warning
as $$
declare
    v_name boolean := 'location_name' = any(p_columns);
    v_city boolean := 'city' = any(p_columns);
    v_state boolean := 'state' = any(p_columns);
    v_rows bigint;
    v_counts record;
    v_changes jsonb;
begin
    perform pg_advisory_xact_lock(hashtextextended('ga lists ' || p_tenant_id::text, 0));
    create temporary table if not exists compared_locations (
        line bigint, change text not null, fields text[] not null, location_id text collate "C" not null,
        location_name text collate "C" not null, city text, state text, is_active boolean not null
    ) on commit delete rows;
    truncate compared_locations;

    insert into compared_locations (line, change, fields, location_id, location_name, city, state, is_active)
    select s.line,
        case when l.location_id is null then 'added'
            when l.is_active and not n.is_active then 'deactivated'
            else 'changed' end,
        f.fields, s.location_id, n.location_name, n.city, n.state, n.is_active
    from staged_locations s
    left join locations l on l.tenant_id = p_tenant_id and l.location_id = s.location_id
    cross join lateral (select
        coalesce(case when v_name then s.location_name else l.location_name end, s.location_id) as location_name,
        case when v_city then s.city else l.city end as city,
        case when v_state then s.state else l.state end as state,
        coalesce(s.is_active, l.is_active, true) as is_active) n
    cross join lateral (select array_remove(array[
        case when n.location_name is distinct from l.location_name then 'location_name' end,
        case when n.city is distinct from l.city then 'city' end,
        case when n.state is distinct from l.state then 'state' end,
        case when n.is_active is distinct from l.is_active then 'is_active' end], null) as fields) f
    where cardinality(f.fields) > 0;

    select count(*) as n into v_counts from compared_locations c;
    select count(*) - v_counts.n into v_rows from staged_locations s;

    if p_mode = 'replace' then
        insert into compared_locations (line, change, fields, location_id, location_name, city, state, is_active)
        select null, 'deactivated', '{is_active}', l.location_id, l.location_name, l.city, l.state, false
        from locations l
        where l.tenant_id = p_tenant_id and l.is_active
            and not exists (select from staged_locations s where s.location_id = l.location_id);
    end if;

    select count(*) filter (where c.change = 'added') as added,
        count(*) filter (where c.change = 'changed') as changed,
        count(*) filter (where c.change = 'deactivated') as deactivated
    into v_counts
    from compared_locations c;
    select coalesce(jsonb_agg(jsonb_build_object('id', c.location_id, 'change', c.change, 'fields', c.fields)
        order by c.line, c.location_id), '[]')
    into v_changes
    from (select c.* from compared_locations c order by c.line, c.location_id limit 100) c;

    return jsonb_build_object(
        'added', v_counts.added,
        'changed', v_counts.changed,
        'deactivated', v_counts.deactivated,
        'unchanged', v_rows,
        'changes', v_changes);
end
$$;

comment on function compare_staged_locations is 'version 1: what taking the staged list of locations in would change';
revoke execute on function compare_staged_locations from public;
grant execute on function compare_staged_locations to ga_services;
