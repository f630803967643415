-- version: 1
-- Staged events of a pull that were posted before: the row stays posted and takes the pulled content. What the pull
-- left open of user, branch, title and the rest is kept from the posted one.
create or replace function merge_into_posted(p_tenant_id uuid, p_day date, p_kind integer) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
-- The planner expects one row of a tenant that it has not met, and would look through the staged ones for each of many.
set enable_nestloop = off
as $$
declare
    v_pulled text;
begin
    select string_agg(format('%I = s.%1$I', c.name), ', ') into v_pulled
    from unnest(event_columns(p_kind)) c (name)
    where c.name <> all (array['event_id', 'web_user_id', 'ga_user_id', 'branch_id', 'page_title', 'extra']);
    execute format('
        update %I t
        set %s, web_user_id = coalesce(s.web_user_id, t.web_user_id), ga_user_id = coalesce(s.ga_user_id, t.ga_user_id),
            branch_id = coalesce(s.branch_id, t.branch_id), page_title = coalesce(s.page_title, t.page_title),
            extra = coalesce(s.extra, t.extra)
        from staged_events s
        where t.tenant_id = $1 and t.event_date = $2 and t.posted and s.kind = $3 and s.event_id = t.event_id',
        (event_tables())[p_kind], v_pulled)
    using p_tenant_id, p_day, p_kind;
end
$$;

comment on function merge_into_posted(uuid, date, integer) is 'version 1: pulled content into rows that were posted';
revoke execute on function merge_into_posted(uuid, date, integer) from public;
grant execute on function merge_into_posted(uuid, date, integer) to ga_services;
