-- version: 1
-- One user; null for one of whom neither the list nor an event knows.
-- A reader who is limited to branches (p_location_ids, null = all) sees who was seen there, and of their visits and
-- purchases those.
create or replace function get_user(p_tenant_id uuid, p_user_id text, p_location_ids text[]) returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_loose text := next_loose_user(p_tenant_id, p_user_id, p_location_ids);
    v_user jsonb;
begin
    v_user := user_entries(p_tenant_id, array[p_user_id], array[v_loose], p_location_ids) -> 0;
    if v_user ->> 'known_from' is null or p_location_ids is not null and v_user ->> 'known_from' = 'list' then
        return null;
    end if;
    return v_user;
end
$$;

comment on function get_user is 'version 1: one user';
revoke execute on function get_user from public;
grant execute on function get_user to ga_services;
