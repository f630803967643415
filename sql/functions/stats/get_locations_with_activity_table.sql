-- version: 1
-- The active locations that have page views, by name. p_location_ids limits them to what the reader may see
-- (null = all).
create or replace function get_locations_with_activity_table(p_tenant_id uuid, p_location_ids text[])
returns table (location_id text, location_name text, city text, state text)
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
begin
    return query
    select l.location_id, l.location_name, l.city, l.state
    from locations l
    where l.tenant_id = p_tenant_id and l.is_active
        and (p_location_ids is null or l.location_id = any(p_location_ids))
        and exists (
            select
            from daily_stats d
            where d.tenant_id = p_tenant_id and d.location_id = l.location_id and d.page_views > 0)
    order by l.location_name, l.location_id;
end
$$;

comment on function get_locations_with_activity_table is 'version 1: the active locations that have page views';
revoke execute on function get_locations_with_activity_table from public;
grant execute on function get_locations_with_activity_table to ga_services;
