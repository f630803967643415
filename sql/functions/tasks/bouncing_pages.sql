-- version: 1
-- The ten entry pages that bounce most in a selection (most first, then by address), and the bounces of all pages.
create or replace function bouncing_pages(
    p_tenant_id uuid,
    p_start_date date,
    p_end_date date,
    p_location_ids text[],
    out pages jsonb,
    out bounces bigint
)
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_scope text[] := coalesce(array_remove(p_location_ids, ''), array['']);
    v_months record := whole_months(p_start_date, p_end_date);
begin
    with parts as (
        select m.page_hash, m.entry_page, m.bounces
        from bounce_months m
        where m.tenant_id = p_tenant_id and m.location_id = any(v_scope)
            and m.month >= v_months.first_month and m.month < v_months.after_months
        union all
        select b.page_hash, b.entry_page, b.bounces
        from bounce_pages b
        where b.tenant_id = p_tenant_id and b.location_id = any(v_scope)
            and b.day >= p_start_date and b.day < v_months.first_month
        union all
        select b.page_hash, b.entry_page, b.bounces
        from bounce_pages b
        where b.tenant_id = p_tenant_id and b.location_id = any(v_scope)
            and b.day >= v_months.after_months and b.day <= p_end_date
    ), pages as (
        select min(p.entry_page) as entry_page, sum(p.bounces) as bounces
        from parts p
        group by p.page_hash
    ), worst as (
        select p.entry_page, p.bounces from pages p order by p.bounces desc, p.entry_page limit 10
    )
    select coalesce((select sum(p.bounces) from pages p), 0),
        (select coalesce(jsonb_agg(jsonb_build_object('entry_page', w.entry_page, 'bounce_count', w.bounces)
            order by w.bounces desc, w.entry_page), '[]') from worst w)
    into bouncing_pages.bounces, bouncing_pages.pages;
end
$$;

comment on function bouncing_pages is 'version 1: the ten entry pages that bounce most, and the bounces of all';
revoke execute on function bouncing_pages from public;
grant execute on function bouncing_pages to ga_services;
