-- version: 2
-- One load as the API shows it; null when there is none of that id.
create or replace function get_ingestion_job(p_tenant_id uuid, p_job_id uuid) returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_job jsonb;
begin
    select jsonb_build_object(
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
        'completed_at', j.completed_at)
    into v_job
    from ingestion_jobs j
    where j.tenant_id = p_tenant_id and j.job_id = p_job_id;
    return v_job;
end
$$;

comment on function get_ingestion_job is 'version 2: one load';
revoke execute on function get_ingestion_job from public;
grant execute on function get_ingestion_job to ga_services;
