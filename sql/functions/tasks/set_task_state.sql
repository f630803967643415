-- version: 1
-- Marks a line of a task list completed, or open again. Who completed it first, and when, stays when it is marked
-- again. Whether there is such a line is the caller's to check, in the same transaction.
create or replace function set_task_state(
    p_tenant_id uuid,
    p_list text,
    p_line_id uuid,
    p_completed boolean,
    p_account_id uuid
) returns void
language plpgsql
volatile
security invoker
set search_path = public, pg_temp
as $$
begin
    insert into task_states as s (tenant_id, list, line_id, completed, completed_by, completed_at, updated_at)
    values (p_tenant_id, p_list, p_line_id, p_completed,
        case when p_completed then p_account_id end, case when p_completed then now() end, now())
    on conflict (tenant_id, list, line_id) do update
    set completed = excluded.completed,
        completed_by = case when s.completed and excluded.completed then s.completed_by else excluded.completed_by end,
        completed_at = case when s.completed and excluded.completed then s.completed_at else excluded.completed_at end,
        updated_at = excluded.updated_at;
end
$$;

comment on function set_task_state is 'version 1: marks a line of a task list completed, or open again';
revoke execute on function set_task_state from public;
grant execute on function set_task_state to ga_services;
