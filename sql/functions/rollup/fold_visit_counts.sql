-- version: 1
-- Carries user_days, user_months, bounce_pages and bounce_months forward by the difference between the visits in hand before
-- and after.
create or replace function fold_visit_counts(p_tenant_id uuid) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
set enable_nestloop = off
as $$
declare
    v_locations text[];
    v_days date[];
    v_users text[];
    v_pages uuid[];
begin
    insert into user_changes (location_id, day, user_id, visits)
    select coalesce(c.location_id, ''), c.day, c.user_id, sum(c.n)
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
    having (grouping(c.location_id) = 1 or c.location_id is not null) and sum(c.n) <> 0;

    insert into user_days as u (tenant_id, location_id, day, user_id, visits)
    select p_tenant_id, c.location_id, c.day, c.user_id, c.visits
    from user_changes c
    on conflict (tenant_id, location_id, day, user_id) do update
    set visits = u.visits + excluded.visits;
    insert into user_months as u (tenant_id, location_id, month, user_id, visits)
    select p_tenant_id, c.location_id, date_trunc('month', c.day::timestamp)::date, c.user_id, sum(c.visits)
    from user_changes c
    group by 2, 3, 4
    having sum(c.visits) <> 0
    on conflict (tenant_id, location_id, month, user_id) do update
    set visits = u.visits + excluded.visits;

    select array_agg(distinct c.location_id), array_agg(distinct c.day), array_agg(distinct c.user_id)
    into v_locations, v_days, v_users
    from user_changes c
    where c.visits < 0;
    if v_users is not null then
        delete from user_days u
        where u.tenant_id = p_tenant_id and u.location_id = any(v_locations) and u.day = any(v_days)
            and u.user_id = any(v_users) and u.visits = 0;
        delete from user_months u
        where u.tenant_id = p_tenant_id and u.location_id = any(v_locations)
            and u.month = any(array(select distinct date_trunc('month', d::timestamp)::date from unnest(v_days) d))
            and u.user_id = any(v_users) and u.visits = 0;
    end if;

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

    insert into bounce_pages as b (tenant_id, location_id, day, page_hash, entry_page, bounces)
    select p_tenant_id, c.location_id, c.day, c.page_hash, c.entry_page, c.bounces
    from page_changes c
    on conflict (tenant_id, location_id, day, page_hash) do update
    set bounces = b.bounces + excluded.bounces;
    insert into bounce_months as b (tenant_id, location_id, month, page_hash, entry_page, bounces)
    select p_tenant_id, c.location_id, date_trunc('month', c.day::timestamp)::date, c.page_hash, min(c.entry_page),
        sum(c.bounces)
    from page_changes c
    group by 2, 3, 4
    having sum(c.bounces) <> 0
    on conflict (tenant_id, location_id, month, page_hash) do update
    set bounces = b.bounces + excluded.bounces;

    select array_agg(distinct c.location_id), array_agg(distinct c.day), array_agg(distinct c.page_hash)
    into v_locations, v_days, v_pages
    from page_changes c
    where c.bounces < 0;
    if v_pages is not null then
        delete from bounce_pages b
        where b.tenant_id = p_tenant_id and b.location_id = any(v_locations) and b.day = any(v_days)
            and b.page_hash = any(v_pages) and b.bounces = 0;
        delete from bounce_months b
        where b.tenant_id = p_tenant_id and b.location_id = any(v_locations)
            and b.month = any(array(select distinct date_trunc('month', d::timestamp)::date from unnest(v_days) d))
            and b.page_hash = any(v_pages) and b.bounces = 0;
    end if;
end
$$;

comment on function fold_visit_counts(uuid) is 'known users and bounced pages carried forward';
revoke execute on function fold_visit_counts(uuid) from public;
grant execute on function fold_visit_counts(uuid) to ga_services;
