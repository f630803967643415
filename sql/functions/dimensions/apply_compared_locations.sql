-- version: 1
-- Writes what compare_staged_locations found in this transaction. No location is removed.
create or replace function apply_compared_locations(p_tenant_id uuid) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
as $$
begin
    insert into locations (tenant_id, location_id, location_name, city, state, is_active)
    select p_tenant_id, c.location_id, c.location_name, c.city, c.state, c.is_active
    from compared_locations c
    on conflict (tenant_id, location_id) do update
    set location_name = excluded.location_name, city = excluded.city, state = excluded.state,
        is_active = excluded.is_active, updated_at = excluded.updated_at;
end
$$;

comment on function apply_compared_locations is 'version 1: writes the compared list of locations';
revoke execute on function apply_compared_locations from public;
grant execute on function apply_compared_locations to ga_services;
