-- version: 1
-- Between which timestamps (microseconds, ts_from inclusive, ts_to exclusive) the visits and orders of a range of days were
-- active, so that a list ordered by time is read from near its range and not from its end. Taken from the roll-ups, not
-- from the calendar: a client's clock may be days off its event_date. Null where there is no bound.
create or replace function activity_bounds(
    p_tenant_id uuid,
    p_start_date date,
    p_end_date date,
    out ts_from bigint,
    out ts_to bigint
)
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
begin
    if p_start_date is null and p_end_date is null then
        return;
    end if;
    -- Nothing in the range: bounds that hold everything, for the days themselves are filtered too.
    select case when p_start_date is not null then coalesce(min(d.min_ts), 0) end,
        case when p_end_date is not null then coalesce(max(d.max_ts) + 1, 9223372036854775807) end
    into ts_from, ts_to
    from daily_stats d
    where d.tenant_id = p_tenant_id and d.location_id = ''
        and d.day between coalesce(p_start_date, '-infinity') and coalesce(p_end_date, 'infinity');
end
$$;

comment on function activity_bounds is 'version 1: between which timestamps the visits of a range of days were active';
revoke execute on function activity_bounds from public;
grant execute on function activity_bounds to ga_services;
