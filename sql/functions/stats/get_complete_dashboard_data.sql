-- version: 1
-- The whole dashboard in one call. Without dates: the 30 days that end at the latest day with data, or where there are
-- none yet, today in the tenant's zone. p_location_ids selects (null = all); p_visible_location_ids is what the reader
-- may see of the table of locations, which does not follow the selection (null = all).
create or replace function get_complete_dashboard_data(
    p_tenant_id uuid,
    p_start_date date,
    p_end_date date,
    p_granularity text,
    p_location_ids text[],
    p_visible_location_ids text[]
) returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_start date := p_start_date;
    v_end date := p_end_date;
begin
    if v_start is null or v_end is null then
        select max(d.day) into v_end from day_events d where d.tenant_id = p_tenant_id;
        if v_end is null then
            select (now() at time zone t.time_zone)::date into v_end from tenants t where t.tenant_id = p_tenant_id;
        end if;
        v_start := v_end - 29;
    end if;
    return jsonb_build_object(
        'metrics', get_overview_stats(p_tenant_id, v_start, v_end, p_location_ids),
        'chartData', get_chart_data(p_tenant_id, v_start, v_end, p_granularity, p_location_ids),
        'locationStats', get_location_stats(p_tenant_id, v_start, v_end, p_visible_location_ids),
        'start_date', v_start,
        'end_date', v_end);
end
$$;

comment on function get_complete_dashboard_data is 'version 1: figures, chart and locations of the dashboard';
revoke execute on function get_complete_dashboard_data from public;
grant execute on function get_complete_dashboard_data to ga_services;
