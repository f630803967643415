-- version: 1
-- Which days have data, from which source, and how many events: {summary, breakdown by event table, days}. A day that
-- came through the API alone has no source. `final` = GA4 will not change it any more.
create or replace function get_data_availability(p_tenant_id uuid) returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_summary jsonb;
    v_breakdown jsonb;
    v_days jsonb;
begin
    select jsonb_build_object('earliest_date', min(d.day), 'latest_date', max(d.day),
        'total_events', coalesce(sum(d.events), 0))
    into v_summary
    from day_events d
    where d.tenant_id = p_tenant_id and d.events > 0;

    select jsonb_agg(jsonb_build_object('table', t.name, 'earliest_date', d.earliest, 'latest_date', d.latest,
        'events', coalesce(d.events, 0)) order by t.n)
    into v_breakdown
    from unnest(array['page_view', 'view_item', 'add_to_cart', 'purchase', 'view_search_results',
        'no_search_results']) with ordinality t (name, n)
    left join (
        select e.table_name, min(e.day) as earliest, max(e.day) as latest, sum(e.events) as events
        from day_events e
        where e.tenant_id = p_tenant_id and e.events > 0
        group by e.table_name) d on d.table_name = t.name;

    select jsonb_agg(jsonb_build_object('date', day, 'events', coalesce(e.events, 0), 'source', i.source,
        'final', coalesce(i.final, false)) order by day)
    into v_days
    from (
        select d.day, sum(d.events) as events
        from day_events d
        where d.tenant_id = p_tenant_id and d.events > 0
        group by d.day) e
    full join (
        select d.day, d.source, d.final
        from ingested_days d
        where d.tenant_id = p_tenant_id) i using (day);

    return jsonb_build_object('summary', v_summary, 'breakdown', v_breakdown, 'days', coalesce(v_days, '[]'));
end
$$;

comment on function get_data_availability is 'version 1: which days have data, and how much';
revoke execute on function get_data_availability from public;
grant execute on function get_data_availability to ga_services;
