-- version: 2
-- The history of a known user: the newest p_limit entries of all their visits and of the events of no visit that name
-- them, oldest first.
-- p_location_ids limits what the reader may see (null = all).
create or replace function get_user_history(
    p_tenant_id uuid,
    p_user_id text,
    p_location_ids text[],
    p_limit integer
) returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_visit_ids uuid[];
begin
    -- Which visits can reach into the newest p_limit entries: counting from the visit that began last, those that give
    -- that many entries for sure begin at `since`, and none that ended before it has a newer entry. Events with items
    -- are left out of the count: one without real items is no entry. An aggregate is one entry of several events.
    with mine as materialized (
        select v.visit_id, v.first_ts, v.last_ts,
            sum(case when v.has_aggregates then (v.page_views > 0)::integer + (v.purchases > 0)::integer
                    + (v.searches > 0)::integer + (v.failed_searches > 0)::integer
                else v.page_views + v.purchases + v.searches + v.failed_searches end)
                over (order by v.first_ts desc, v.visit_id) as entries
        from visits v
        where v.tenant_id = p_tenant_id and v.user_id = p_user_id
            and (p_location_ids is null or v.location_id = any(p_location_ids))
    ), reach as (
        select max(m.first_ts) as since from mine m where m.entries >= p_limit
    )
    select coalesce(array_agg(m.visit_id), '{}') into v_visit_ids
    from mine m, reach r
    where r.since is null or m.last_ts >= r.since;

    return visit_event_entries(p_tenant_id, v_visit_ids,
        loose_events(p_tenant_id, p_user_id, p_location_ids, p_limit), p_limit);
end
$$;

comment on function get_user_history is 'version 2: the newest events of a known user';
revoke execute on function get_user_history from public;
grant execute on function get_user_history to ga_services;
