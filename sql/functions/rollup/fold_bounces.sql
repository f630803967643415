-- version: 1
-- Carries bounce_pages and bounce_months forward by the difference between the visits in hand before and after.
create or replace function fold_bounces(p_tenant_id uuid) returns void
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
            select p.location_id, p.day, p.entry_page, p.n as bounces,
                left(encode(sha256(convert_to(p.entry_page, 'UTF8')), 'hex'), 32)::uuid as page_hash
            from (
                select coalesce(c.location_id, '') as location_id, c.day, c.entry_page, sum(c.n) as n
                from (
                    select b.location_id, b.day, b.entry_page, -1 as n
                    from visits_before b
                    where b.pages = 1
                    union all
                    select m.location_id, m.day, m.entry_page, 1
                    from made_visits m
                    where m.pages = 1
                ) c
                group by grouping sets ((c.day, c.entry_page), (c.day, c.entry_page, c.location_id))
                having (grouping(c.location_id) = 1 or c.location_id is not null) and sum(c.n) <> 0
            ) p
        ), days as (
            insert into bounce_pages as b (tenant_id, location_id, day, page_hash, entry_page, bounces)
            select p_tenant_id, c.location_id, c.day, c.page_hash, c.entry_page, c.bounces
            from changes c
            on conflict (tenant_id, location_id, day, page_hash) do update
            set bounces = b.bounces + excluded.bounces
            returning b.location_id, b.day, b.page_hash, b.bounces
        ), months as (
            insert into bounce_months as b (tenant_id, location_id, month, page_hash, entry_page, bounces)
            select p_tenant_id, c.location_id, date_trunc('month', c.day::timestamp)::date, c.page_hash,
                min(c.entry_page), sum(c.bounces)
            from changes c
            group by 2, 3, 4
            having sum(c.bounces) <> 0
            on conflict (tenant_id, location_id, month, page_hash) do update
            set bounces = b.bounces + excluded.bounces
            returning b.location_id, b.month, b.page_hash, b.bounces
        )
        select d.location_id, d.day, null::date as month, d.page_hash from days d where d.bounces = 0
        union all
        select m.location_id, null, m.month, m.page_hash from months m where m.bounces = 0
    loop
        if v_gone.month is null then
            delete from bounce_pages b
            where b.tenant_id = p_tenant_id and b.location_id = v_gone.location_id and b.day = v_gone.day
                and b.page_hash = v_gone.page_hash;
        else
            delete from bounce_months b
            where b.tenant_id = p_tenant_id and b.location_id = v_gone.location_id and b.month = v_gone.month
                and b.page_hash = v_gone.page_hash;
        end if;
    end loop;
end
$$;

comment on function fold_bounces(uuid) is 'version 1: bounced pages of days and months carried forward';
revoke execute on function fold_bounces(uuid) from public;
grant execute on function fold_bounces(uuid) to ga_services;
