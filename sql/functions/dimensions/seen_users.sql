-- version: 1
-- Every known user of the tenant, once: whom visits, counted purchases or events of no visit name. Reads the whole history's
-- indexes, each in its order; a page of users is found without it.
-- p_location_ids limits visits, purchases and events to what the reader may see (null = all).
create or replace function seen_users(p_tenant_id uuid, p_location_ids text[]) returns table (user_id text)
language plpgsql
stable
security invoker
set search_path = public, pg_temp
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    select distinct v.user_id
    from visits v
    where v.tenant_id = p_tenant_id and v.user_id is not null
        and (p_location_ids is null or v.location_id = any(p_location_ids))
    union
    select distinct o.user_id
    from orders o
    where o.tenant_id = p_tenant_id and o.counted and o.user_id is not null
        and (p_location_ids is null or o.location_id = any(p_location_ids))
    union
    select distinct coalesce(e.web_user_id, e.ga_user_id)
    from page_view e
    where e.tenant_id = p_tenant_id and e.visit_id is null and (e.web_user_id is not null or e.ga_user_id is not null)
        and (p_location_ids is null or e.branch_id = any(p_location_ids))
    union
    select distinct coalesce(e.web_user_id, e.ga_user_id)
    from view_item e
    where e.tenant_id = p_tenant_id and e.visit_id is null and (e.web_user_id is not null or e.ga_user_id is not null)
        and (p_location_ids is null or e.branch_id = any(p_location_ids))
    union
    select distinct coalesce(e.web_user_id, e.ga_user_id)
    from add_to_cart e
    where e.tenant_id = p_tenant_id and e.visit_id is null and (e.web_user_id is not null or e.ga_user_id is not null)
        and (p_location_ids is null or e.branch_id = any(p_location_ids))
    union
    select distinct coalesce(e.web_user_id, e.ga_user_id)
    from purchase e
    where e.tenant_id = p_tenant_id and e.visit_id is null and (e.web_user_id is not null or e.ga_user_id is not null)
        and (p_location_ids is null or e.branch_id = any(p_location_ids))
    union
    select distinct coalesce(e.web_user_id, e.ga_user_id)
    from view_search_results e
    where e.tenant_id = p_tenant_id and e.visit_id is null and (e.web_user_id is not null or e.ga_user_id is not null)
        and (p_location_ids is null or e.branch_id = any(p_location_ids))
    union
    select distinct coalesce(e.web_user_id, e.ga_user_id)
    from no_search_results e
    where e.tenant_id = p_tenant_id and e.visit_id is null and (e.web_user_id is not null or e.ga_user_id is not null)
        and (p_location_ids is null or e.branch_id = any(p_location_ids));
end
$$;

comment on function seen_users is 'version 1: every user whom events name';
revoke execute on function seen_users from public;
grant execute on function seen_users to ga_services;
