-- version: 1
-- The first user from p_from on, by code point, whom an event of no visit names; null when there is none. Such an event has
-- its own user: WebUserId before GA4's user_id. Hardly any event is in the indexes that this reads.
-- p_location_ids limits events to what the reader may see (null = all).
create or replace function next_loose_user(p_tenant_id uuid, p_from text, p_location_ids text[]) returns text
language plpgsql
stable
security invoker
set search_path = public, pg_temp
set jit = off
as $$
begin
    return least(
        (select e.web_user_id from page_view e
            where e.tenant_id = p_tenant_id and e.visit_id is null and e.web_user_id >= p_from
                and (p_location_ids is null or e.branch_id = any(p_location_ids))
            order by e.web_user_id limit 1),
        (select e.ga_user_id from page_view e
            where e.tenant_id = p_tenant_id and e.visit_id is null and e.web_user_id is null and e.ga_user_id >= p_from
                and (p_location_ids is null or e.branch_id = any(p_location_ids))
            order by e.ga_user_id limit 1),
        (select e.web_user_id from view_item e
            where e.tenant_id = p_tenant_id and e.visit_id is null and e.web_user_id >= p_from
                and (p_location_ids is null or e.branch_id = any(p_location_ids))
            order by e.web_user_id limit 1),
        (select e.ga_user_id from view_item e
            where e.tenant_id = p_tenant_id and e.visit_id is null and e.web_user_id is null and e.ga_user_id >= p_from
                and (p_location_ids is null or e.branch_id = any(p_location_ids))
            order by e.ga_user_id limit 1),
        (select e.web_user_id from add_to_cart e
            where e.tenant_id = p_tenant_id and e.visit_id is null and e.web_user_id >= p_from
                and (p_location_ids is null or e.branch_id = any(p_location_ids))
            order by e.web_user_id limit 1),
        (select e.ga_user_id from add_to_cart e
            where e.tenant_id = p_tenant_id and e.visit_id is null and e.web_user_id is null and e.ga_user_id >= p_from
                and (p_location_ids is null or e.branch_id = any(p_location_ids))
            order by e.ga_user_id limit 1),
        (select e.web_user_id from purchase e
            where e.tenant_id = p_tenant_id and e.visit_id is null and e.web_user_id >= p_from
                and (p_location_ids is null or e.branch_id = any(p_location_ids))
            order by e.web_user_id limit 1),
        (select e.ga_user_id from purchase e
            where e.tenant_id = p_tenant_id and e.visit_id is null and e.web_user_id is null and e.ga_user_id >= p_from
                and (p_location_ids is null or e.branch_id = any(p_location_ids))
            order by e.ga_user_id limit 1),
        (select e.web_user_id from view_search_results e
            where e.tenant_id = p_tenant_id and e.visit_id is null and e.web_user_id >= p_from
                and (p_location_ids is null or e.branch_id = any(p_location_ids))
            order by e.web_user_id limit 1),
        (select e.ga_user_id from view_search_results e
            where e.tenant_id = p_tenant_id and e.visit_id is null and e.web_user_id is null and e.ga_user_id >= p_from
                and (p_location_ids is null or e.branch_id = any(p_location_ids))
            order by e.ga_user_id limit 1),
        (select e.web_user_id from no_search_results e
            where e.tenant_id = p_tenant_id and e.visit_id is null and e.web_user_id >= p_from
                and (p_location_ids is null or e.branch_id = any(p_location_ids))
            order by e.web_user_id limit 1),
        (select e.ga_user_id from no_search_results e
            where e.tenant_id = p_tenant_id and e.visit_id is null and e.web_user_id is null and e.ga_user_id >= p_from
                and (p_location_ids is null or e.branch_id = any(p_location_ids))
            order by e.ga_user_id limit 1));
end
$$;

comment on function next_loose_user is 'version 1: the first user from a place on whom an event of no visit names';
revoke execute on function next_loose_user from public;
grant execute on function next_loose_user to ga_services;
