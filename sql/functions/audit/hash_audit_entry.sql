-- version: 1
-- SHA-256 over all of an entry and the hash of the one before. jsonb prints its keys in one order, whatever order they
-- were written in.
create or replace function hash_audit_entry(
    p_tenant_id uuid,
    p_entry_no bigint,
    p_at timestamptz,
    p_actor_account_id uuid,
    p_actor text,
    p_action text,
    p_target text,
    p_ip text,
    p_details jsonb,
    p_previous_hash bytea
) returns bytea
language plpgsql
stable
security invoker
set search_path = public, pg_temp
set timezone = 'UTC'
as $$
begin
    return sha256(convert_to(jsonb_build_object(
        'tenant_id', p_tenant_id,
        'entry_no', p_entry_no,
        'at', to_char(p_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'actor_account_id', p_actor_account_id,
        'actor', p_actor,
        'action', p_action,
        'target', p_target,
        'ip', p_ip,
        'details', p_details,
        'previous_hash', encode(p_previous_hash, 'hex')
    )::text, 'UTF8'));
end
$$;

comment on function hash_audit_entry(uuid, bigint, timestamptz, uuid, text, text, text, text, jsonb, bytea) is
    'version 1: what an audit entry is sealed with';
revoke execute on function hash_audit_entry(uuid, bigint, timestamptz, uuid, text, text, text, text, jsonb, bytea)
    from public;
grant execute on function hash_audit_entry(uuid, bigint, timestamptz, uuid, text, text, text, text, jsonb, bytea)
    to ga_services;
