-- version: 1
-- Writes what compare_staged_users found in this transaction. Nobody is removed.
create or replace function apply_compared_users(p_tenant_id uuid) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
as $$
begin
    insert into users (tenant_id, user_id, user_name, buying_company_name, email, cell_phone, office_phone, is_active)
    select p_tenant_id, c.user_id, c.user_name, c.buying_company_name, c.email, c.cell_phone, c.office_phone, c.is_active
    from compared_users c
    on conflict (tenant_id, user_id) do update
    set user_name = excluded.user_name, buying_company_name = excluded.buying_company_name, email = excluded.email,
        cell_phone = excluded.cell_phone, office_phone = excluded.office_phone, is_active = excluded.is_active,
        updated_at = excluded.updated_at;
end
$$;

comment on function apply_compared_users is 'version 1: writes the compared list of users';
revoke execute on function apply_compared_users from public;
grant execute on function apply_compared_users to ga_services;
