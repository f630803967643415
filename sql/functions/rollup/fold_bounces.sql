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
    insert into page_changes (location_id, day, page_hash, entry_page, bounces)
    select p.location_id, p.day, left(encode(sha256(convert_to(p.entry_page, 'UTF8')), 'hex'), 32)::uuid, p.entry_page, p.n
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
    ) p;

    for v_gone in
        with changed as (
            insert into bounce_pages as b (tenant_id, location_id, day, page_hash, entry_page, bounces)
            select p_tenant_id, c.location_id, c.day, c.page_hash, c.entry_page, c.bounces
            from page_changes c
            on conflict (tenant_id, location_id, day, page_hash) do update
            set bounces = b.bounces + excluded.bounces
            returning b.location_id, b.day, b.page_hash, b.bounces
        )
        select c.location_id, c.day, c.page_hash from changed c where c.bounces = 0
    loop
        delete from bounce_pages b
        where b.tenant_id = p_tenant_id and b.location_id = v_gone.location_id and b.day = v_gone.day
            and b.page_hash = v_gone.page_hash;
    end loop;

    for v_gone in
        with changed as (
            insert into bounce_months as b (tenant_id, location_id, month, page_hash, entry_page, bounces)
            select p_tenant_id, c.location_id, date_trunc('month', c.day::timestamp)::date, c.page_hash, min(c.entry_page),
                sum(c.bounces)
            from page_changes c
            group by 2, 3, 4
            having sum(c.bounces) <> 0
            on conflict (tenant_id, location_id, month, page_hash) do update
            set bounces = b.bounces + excluded.bounces
            returning b.location_id, b.month, b.page_hash, b.bounces
        )
        select c.location_id, c.month, c.page_hash from changed c where c.bounces = 0
    loop
        delete from bounce_months b
        where b.tenant_id = p_tenant_id and b.location_id = v_gone.location_id and b.month = v_gone.month
            and b.page_hash = v_gone.page_hash;
    end loop;
end
$$;

comment on function fold_bounces(uuid) is 'version 1: bounced pages of days and months carried forward';
revoke execute on function fold_bounces(uuid) from public;
grant execute on function fold_bounces(uuid) to ga_services;
