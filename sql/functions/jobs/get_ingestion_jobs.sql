-- version: 2
-- Loads as the API shows them, newest first: {jobs, total}. p_status null = all; total does not depend on the page.
create or replace function get_ingestion_jobs(
    p_tenant_id uuid,
    p_status text,
    p_limit integer,
    p_offset bigint
) returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_jobs jsonb;
    v_total bigint;
begin
    select count(*) into v_total
    from ingestion_jobs j
    where j.tenant_id = p_tenant_id and (p_status is null or j.status = p_status);

    select jsonb_agg(jsonb_build_object(
        'job_id', j.job_id,
        'tenant_id', j.tenant_id,
        'origin', j.origin,
        'mode', j.mode,
        'status', j.status,
        'source', j.source,
        'is_scheduled', j.is_scheduled,
        'waits_until', case when j.status = 'processing' then j.waits_until end,
        'data_types', j.data_types,
        'start_date', j.start_date,
        'end_date', j.end_date,
        'progress', j.progress,
        'records_processed', j.records,
        'rejected', j.rejected,
        'warnings', j.warnings,
        'error_message', j.error_message,
        'created_at', j.created_at,
        'started_at', j.started_at,
        'completed_at', j.completed_at) order by j.created_at desc, j.job_id desc)
    into v_jobs
    from (
        select *
        from ingestion_jobs i
        where i.tenant_id = p_tenant_id and (p_status is null or i.status = p_status)
        order by i.created_at desc, i.job_id desc
        limit p_limit offset p_offset) j;
    return jsonb_build_object('jobs', coalesce(v_jobs, '[]'), 'total', v_total);
end
$$;

comment on function get_ingestion_jobs is 'version 2: loads, newest first';
revoke execute on function get_ingestion_jobs from public;
grant execute on function get_ingestion_jobs to ga_services;
