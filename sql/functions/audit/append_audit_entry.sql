-- version: 1
-- Adds an entry to the tenant's audit log and chains it to the one before. Answers its number. One after the other: the
-- next one waits for the end of this transaction.
create or replace function append_audit_entry(
    p_tenant_id uuid,
    p_actor_account_id uuid,
    p_actor text,
    p_action text,
    p_target text,
    p_ip text,
    p_details jsonb
) returns bigint
language plpgsql
security invoker
set search_path = public, pg_temp
as $$
declare
    v_entry_no bigint;
    v_previous bytea;
    v_at timestamptz;
begin
    perform pg_advisory_xact_lock(hashtextextended('ga audit ' || p_tenant_id::text, 0));
    select a.entry_no, a.entry_hash into v_entry_no, v_previous
    from audit_log a
    where a.tenant_id = p_tenant_id
    order by a.entry_no desc
    limit 1;
    v_entry_no := coalesce(v_entry_no, 0) + 1;
    -- Behind the lock: entries are in the order of their times.
    v_at := clock_timestamp();
    insert into audit_log (tenant_id, entry_no, at, actor_account_id, actor, action, target, ip, details, previous_hash,
        entry_hash)
    values (p_tenant_id, v_entry_no, v_at, p_actor_account_id, p_actor, p_action, p_target, p_ip,
        coalesce(p_details, '{}'), v_previous,
        hash_audit_entry(p_tenant_id, v_entry_no, v_at, p_actor_account_id, p_actor, p_action, p_target, p_ip,
            coalesce(p_details, '{}'), v_previous));
    return v_entry_no;
end
$$;

comment on function append_audit_entry(uuid, uuid, text, text, text, text, jsonb) is
    'version 1: one more entry of the tenant''s audit log';
revoke execute on function append_audit_entry(uuid, uuid, text, text, text, text, jsonb) from public;
grant execute on function append_audit_entry(uuid, uuid, text, text, text, text, jsonb) to ga_services;
