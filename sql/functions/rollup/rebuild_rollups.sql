-- version: 1
-- Throws away everything derived from the tenant's events and makes it again, day by day. The result equals the kept one
-- to the byte: the roll-ups are a cache with a proof. Answers the number of days.
create or replace function rebuild_rollups(p_tenant_id uuid) returns integer
language plpgsql
security invoker
set search_path = public, pg_temp
as $$
declare
    v_days date[];
    v_day date;
begin
    perform pg_advisory_xact_lock(hashtextextended('ga load ' || p_tenant_id::text, 0));
    v_days := array(
        select e.event_date from page_view e where e.tenant_id = p_tenant_id
        union select e.event_date from view_item e where e.tenant_id = p_tenant_id
        union select e.event_date from add_to_cart e where e.tenant_id = p_tenant_id
        union select e.event_date from purchase e where e.tenant_id = p_tenant_id
        union select e.event_date from view_search_results e where e.tenant_id = p_tenant_id
        union select e.event_date from no_search_results e where e.tenant_id = p_tenant_id
        order by 1);
    delete from visits v where v.tenant_id = p_tenant_id;
    delete from visit_products p where p.tenant_id = p_tenant_id;
    delete from search_lines l where l.tenant_id = p_tenant_id;
    delete from orders o where o.tenant_id = p_tenant_id;
    delete from hourly_stats h where h.tenant_id = p_tenant_id;
    delete from daily_stats d where d.tenant_id = p_tenant_id;
    delete from user_days u where u.tenant_id = p_tenant_id;
    delete from bounce_pages b where b.tenant_id = p_tenant_id;
    delete from user_months u where u.tenant_id = p_tenant_id;
    delete from bounce_months b where b.tenant_id = p_tenant_id;
    delete from day_events d where d.tenant_id = p_tenant_id;
    foreach v_day in array v_days loop
        perform refresh_visits(p_tenant_id, v_day, '{}');
    end loop;
    return cardinality(v_days);
end
$$;

comment on function rebuild_rollups(uuid) is 'version 1: everything derived from a tenant''s events, made again';
revoke execute on function rebuild_rollups(uuid) from public;
grant execute on function rebuild_rollups(uuid) to ga_services;
