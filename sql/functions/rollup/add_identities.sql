-- version: 1
-- Adds what events that are not landed carried, on whatever day of the visit, to the temporary table made_visits, and says
-- which user and branch a visit has that names one of each.
--
-- Only the primary key gives the order without a sort: see remember_visits.
create or replace function add_identities(p_tenant_id uuid) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
set enable_nestloop = off
set enable_sort = off
as $$
begin
    update made_visits f
    set min_web = least(g.min_web, i.min_web), max_web = greatest(g.max_web, i.max_web),
        min_ga = least(g.min_ga, i.min_ga), max_ga = greatest(g.max_ga, i.max_ga),
        min_branch = least(g.min_branch, i.min_branch), max_branch = greatest(g.max_branch, i.max_branch),
        user_id = coalesce(greatest(g.max_web, i.max_web), greatest(g.max_ga, i.max_ga)),
        location_id = greatest(g.max_branch, i.max_branch)
    from made_visits g
    cross join lateral (
        select min(v.value) filter (where v.kind = 'web_user') as min_web,
            max(v.value) filter (where v.kind = 'web_user') as max_web,
            min(v.value) filter (where v.kind = 'ga_user') as min_ga,
            max(v.value) filter (where v.kind = 'ga_user') as max_ga,
            min(v.value) filter (where v.kind = 'branch') as min_branch,
            max(v.value) filter (where v.kind = 'branch') as max_branch
        from (
            select k.kind, k.value
            from visit_identities k
            where k.tenant_id = p_tenant_id and k.visit_id >= g.visit_id and k.visit_id <= g.visit_id
            order by k.visit_id
            offset 0) v
    ) i
    where f.visit_id = g.visit_id;
end
$$;

comment on function add_identities(uuid) is 'version 1: users and branches that other events carried, to made visits';
revoke execute on function add_identities(uuid) from public;
grant execute on function add_identities(uuid) to ga_services;
