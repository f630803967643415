-- version: 1
-- Carries user_days and user_months forward by the difference between the visits in hand before and after.
create or replace function fold_users(p_tenant_id uuid) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
set enable_nestloop = off
as $$
declare
    v_gone record;
begin
    for v_gone in
        with changes as materialized (
            select coalesce(c.location_id, '') as location_id, c.day, c.user_id, sum(c.n) as visits
            from (
                select b.location_id, b.day, b.user_id, -1 as n
                from visits_before b
                where b.page_views > 0 and b.user_id is not null
                union all
                select m.location_id, m.day, m.user_id, 1
                from made_visits m
                where m.page_views > 0 and m.user_id is not null
            ) c
            group by grouping sets ((c.day, c.user_id), (c.day, c.user_id, c.location_id))
            having (grouping(c.location_id) = 1 or c.location_id is not null) and sum(c.n) <> 0
        ), days as (
            insert into user_days as u (tenant_id, location_id, day, user_id, visits)
            select p_tenant_id, c.location_id, c.day, c.user_id, c.visits
            from changes c
            on conflict (tenant_id, location_id, day, user_id) do update
            set visits = u.visits + excluded.visits
            returning u.location_id, u.day, u.user_id, u.visits
        ), months as (
            insert into user_months as u (tenant_id, location_id, month, user_id, visits)
            select p_tenant_id, c.location_id, date_trunc('month', c.day::timestamp)::date, c.user_id, sum(c.visits)
            from changes c
            group by 2, 3, 4
            having sum(c.visits) <> 0
            on conflict (tenant_id, location_id, month, user_id) do update
            set visits = u.visits + excluded.visits
            returning u.location_id, u.month, u.user_id, u.visits
        )
        select d.location_id, d.day, null::date as month, d.user_id from days d where d.visits = 0
        union all
        select m.location_id, null, m.month, m.user_id from months m where m.visits = 0
    loop
        if v_gone.month is null then
            delete from user_days u
            where u.tenant_id = p_tenant_id and u.location_id = v_gone.location_id and u.day = v_gone.day
                and u.user_id = v_gone.user_id;
        else
            delete from user_months u
            where u.tenant_id = p_tenant_id and u.location_id = v_gone.location_id and u.month = v_gone.month
                and u.user_id = v_gone.user_id;
        end if;
    end loop;
end
$$;

comment on function fold_users(uuid) is 'version 1: known users of days and months carried forward';
revoke execute on function fold_users(uuid) from public;
grant execute on function fold_users(uuid) to ga_services;
