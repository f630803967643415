-- version: 1
-- Between which timestamps (microseconds, ts_from inclusive, ts_to exclusive) the activity of every visit of a range of
-- days lies, so that a list ordered by time is read from near its range and not from its end. A superset: the days
-- themselves are still filtered. A day reaches from 14 hours before its midnight UTC to 36 hours after it, in whatever
-- zone; nearly all visits end within three days, and those that do not are looked up.
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
declare
    c_day constant bigint := 86400000000;
    v_last_day date := p_end_date + 3;
begin
    if p_end_date is not null then
        select greatest(v_last_day, max(v.last_day)) into v_last_day
        from visits v
        where v.tenant_id = p_tenant_id
            and v.last_day <> v.day
            and v.last_day > p_end_date + 3
            and v.day <= p_end_date;
    end if;
    ts_from := (p_start_date - date '1970-01-01' - 1) * c_day;
    ts_to := (v_last_day - date '1970-01-01' + 2) * c_day;
end
$$;

comment on function activity_bounds is 'version 1: between which timestamps the visits of a range of days were active';
revoke execute on function activity_bounds from public;
grant execute on function activity_bounds to ga_services;
