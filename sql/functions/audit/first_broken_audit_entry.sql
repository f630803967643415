-- version: 1
-- The number of the first entry of the tenant's audit log that is not what was written, or is missing before the next one;
-- null when the chain holds. What was cut off at its end, only somebody who remembers the last hash can see.
create or replace function first_broken_audit_entry(p_tenant_id uuid) returns bigint
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_broken bigint;
begin
    select min(case when c.entry_no <> c.expected_no then c.expected_no else c.entry_no end) into v_broken
    from (
        select a.entry_no, a.entry_hash, a.previous_hash,
            row_number() over (order by a.entry_no) as expected_no,
            lag(a.entry_hash) over (order by a.entry_no) as hash_before,
            hash_audit_entry(a.tenant_id, a.entry_no, a.at, a.actor_account_id, a.actor, a.action, a.target, a.ip,
                a.details, a.previous_hash) as hash_now
        from audit_log a
        where a.tenant_id = p_tenant_id
    ) c
    where c.entry_no <> c.expected_no or c.previous_hash is distinct from c.hash_before or c.entry_hash <> c.hash_now;
    return v_broken;
end
$$;

comment on function first_broken_audit_entry(uuid) is 'version 1: where the chain of the audit log is broken';
revoke execute on function first_broken_audit_entry(uuid) from public;
grant execute on function first_broken_audit_entry(uuid) to ga_services;
