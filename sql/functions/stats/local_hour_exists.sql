-- version: 1
-- Whether a wall clock in the zone shows that hour of that day: not when the clocks are put forward over all of it. Its
-- first and its last second are tried, because some zones move by half an hour.
create or replace function local_hour_exists(p_day date, p_hour integer, p_time_zone text) returns boolean
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_first timestamp := p_day + make_interval(hours => p_hour);
    v_last timestamp := p_day + make_interval(hours => p_hour, mins => 59, secs => 59);
begin
    return v_first at time zone p_time_zone at time zone p_time_zone = v_first
        or v_last at time zone p_time_zone at time zone p_time_zone = v_last;
end
$$;

comment on function local_hour_exists is 'version 1: whether a zone''s clock shows that hour of that day';
revoke execute on function local_hour_exists from public;
grant execute on function local_hour_exists to ga_services;
