-- version: 1
-- The newest p_limit events of no visit that name this user themselves and have something to show:
-- [{kind, event_date, event_id}]. An event of no visit has its own user (WebUserId before GA4's user_id) and its own
-- branch. There are few of them, and event tables have a partial index of just these.
create or replace function loose_events(
    p_tenant_id uuid,
    p_user_id text,
    p_location_ids text[],
    p_limit integer
) returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
set jit = off
as $$
declare
    v_events jsonb;
begin
    with events as (
        select 'page_view' as kind, e.event_date, e.event_id, e.event_timestamp, e.batch_page_id,
            e.batch_ordering_id, e.batch_event_index
        from page_view e
        where e.tenant_id = p_tenant_id and e.visit_id is null
            and (e.web_user_id = p_user_id or e.web_user_id is null and e.ga_user_id = p_user_id)
            and (p_location_ids is null or e.branch_id = any(p_location_ids))
        union all
        select 'view_item', e.event_date, e.event_id, e.event_timestamp, e.batch_page_id,
            e.batch_ordering_id, e.batch_event_index
        from view_item e
        where e.tenant_id = p_tenant_id and e.visit_id is null
            and (e.web_user_id = p_user_id or e.web_user_id is null and e.ga_user_id = p_user_id)
            and (p_location_ids is null or e.branch_id = any(p_location_ids))
            and e.items <> '[]'
        union all
        select 'add_to_cart', e.event_date, e.event_id, e.event_timestamp, e.batch_page_id,
            e.batch_ordering_id, e.batch_event_index
        from add_to_cart e
        where e.tenant_id = p_tenant_id and e.visit_id is null
            and (e.web_user_id = p_user_id or e.web_user_id is null and e.ga_user_id = p_user_id)
            and (p_location_ids is null or e.branch_id = any(p_location_ids))
            and e.items <> '[]'
        union all
        select 'purchase', e.event_date, e.event_id, e.event_timestamp, e.batch_page_id,
            e.batch_ordering_id, e.batch_event_index
        from purchase e
        where e.tenant_id = p_tenant_id and e.visit_id is null
            and (e.web_user_id = p_user_id or e.web_user_id is null and e.ga_user_id = p_user_id)
            and (p_location_ids is null or e.branch_id = any(p_location_ids))
        union all
        select 'view_search_results', e.event_date, e.event_id, e.event_timestamp, e.batch_page_id,
            e.batch_ordering_id, e.batch_event_index
        from view_search_results e
        where e.tenant_id = p_tenant_id and e.visit_id is null
            and (e.web_user_id = p_user_id or e.web_user_id is null and e.ga_user_id = p_user_id)
            and (p_location_ids is null or e.branch_id = any(p_location_ids))
        union all
        select 'no_search_results', e.event_date, e.event_id, e.event_timestamp, e.batch_page_id,
            e.batch_ordering_id, e.batch_event_index
        from no_search_results e
        where e.tenant_id = p_tenant_id and e.visit_id is null
            and (e.web_user_id = p_user_id or e.web_user_id is null and e.ga_user_id = p_user_id)
            and (p_location_ids is null or e.branch_id = any(p_location_ids))
    ), newest as (
        select e.*
        from events e
        order by e.event_timestamp desc, e.batch_page_id desc, e.batch_ordering_id desc, e.batch_event_index desc,
            e.event_id desc
        limit p_limit
    )
    select jsonb_agg(jsonb_build_object('kind', e.kind, 'event_date', e.event_date, 'event_id', e.event_id))
    into v_events
    from newest e;
    return coalesce(v_events, '[]');
end
$$;

comment on function loose_events is 'version 1: the events of no visit that name a user';
revoke execute on function loose_events from public;
grant execute on function loose_events to ga_services;
