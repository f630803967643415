-- version: 1
-- When the days were active, anew where a visit or order in hand has left a day or branch whose first or last it was.
-- Seldom: a visit changes its branch when its people log in, and its day when an earlier event of it comes late.
create or replace function narrow_days(p_tenant_id uuid) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
set enable_nestloop = off
as $$
declare
    v_days date[];
begin
    with gone as (
        select x.location_id, b.day, b.first_ts, b.last_ts
        from visits_before b
        join made_visits m on m.visit_id = b.visit_id
        cross join lateral (values ('', m.day <> b.day),
            (b.location_id, (m.day, m.location_id) is distinct from (b.day, b.location_id))) x (location_id, is_gone)
        where x.is_gone and x.location_id is not null
        union all
        select o.location_id, o.event_date, o.event_timestamp, o.event_timestamp
        from order_changes o
        where o.sign = -1 and o.location_id is not null and not exists (
            select from order_changes a
            where a.sign = 1 and a.event_date = o.event_date and a.event_id = o.event_id and a.location_id = o.location_id)
    )
    select array_agg(distinct d.day) into v_days
    from gone g
    join daily_stats d on d.location_id = g.location_id and d.day = g.day
    where d.tenant_id = p_tenant_id and d.day = any(array(select n.day from gone n))
        and (g.first_ts <= d.min_ts or g.last_ts >= d.max_ts);
    if v_days is null then
        return;
    end if;

    update daily_stats d
    set min_ts = a.min_ts, max_ts = a.max_ts
    from (
        select s.location_id, s.day, min(t.first_ts) as min_ts, max(t.last_ts) as max_ts
        from daily_stats s
        left join (
            select v.day, v.location_id, v.first_ts, v.last_ts
            from visits v
            where v.tenant_id = p_tenant_id and v.day = any(v_days)
            union all
            select o.event_date, o.location_id, o.event_timestamp, o.event_timestamp
            from orders o
            where o.tenant_id = p_tenant_id and o.event_date = any(v_days)
        ) t on t.day = s.day and (s.location_id = '' or s.location_id = t.location_id)
        where s.tenant_id = p_tenant_id and s.day = any(v_days)
        group by s.location_id, s.day
    ) a
    where d.tenant_id = p_tenant_id and d.day = any(v_days) and d.location_id = a.location_id and d.day = a.day
        and (d.min_ts, d.max_ts) is distinct from (a.min_ts, a.max_ts);
end
$$;

comment on function narrow_days(uuid) is 'version 1: when days were active, after a visit has left them';
revoke execute on function narrow_days(uuid) from public;
grant execute on function narrow_days(uuid) to ga_services;
