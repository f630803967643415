-- version: 1
-- The history of one visit, named by GA4's session id: {events, candidates}. Two visitors may have the same session id;
-- unless p_user_pseudo_id says which of them is meant, the visits are the candidates and no events are given, for two
-- people's events are never mixed. p_location_ids limits what the reader may see (null = all).
create or replace function get_session_history(
    p_tenant_id uuid,
    p_session_id bigint,
    p_user_pseudo_id text,
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
    v_candidates jsonb;
begin
    -- One visitor has one visit of a session id: the two make its identity.
    select coalesce(array_agg(v.visit_id), '{}'),
        coalesce(jsonb_agg(jsonb_build_object(
            'user_pseudo_id', v.user_pseudo_id,
            'user_id', v.user_id,
            'location_id', v.location_id,
            'event_date', v.day) order by v.user_pseudo_id), '[]')
    into v_visit_ids, v_candidates
    from visits v
    where v.tenant_id = p_tenant_id and v.ga_session_id = p_session_id
        and (p_user_pseudo_id is null or v.user_pseudo_id = p_user_pseudo_id)
        and (p_location_ids is null or v.location_id = any(p_location_ids));

    if cardinality(v_visit_ids) > 1 then
        return jsonb_build_object('events', jsonb '[]', 'candidates', v_candidates);
    end if;
    return jsonb_build_object(
        'events', visit_event_entries(p_tenant_id, v_visit_ids, '[]', p_limit),
        'candidates', jsonb '[]');
end
$$;

comment on function get_session_history is 'version 1: the events of one visit, or who it may be';
revoke execute on function get_session_history from public;
grant execute on function get_session_history to ga_services;
