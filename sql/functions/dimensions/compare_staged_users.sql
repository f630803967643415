-- version: 1
-- What taking the staged list of users in would change: counts, and the first 100 changes. The changes themselves are left
-- in compared_users, for apply_compared_users in the same transaction. Until that ends, no other list of the tenant is
-- compared or applied: what is answered is what will be done.
--
-- p_columns: the fields the list has; any other stays as it is stored. A person's is_active without a value stays, too.
-- p_mode: merge = who is not in the list stays; replace = who is not in the list is deactivated.
create or replace function compare_staged_users(p_tenant_id uuid, p_columns text[], p_mode text) returns jsonb
language plpgsql
security invoker
set search_path = public, pg_temp
set client_min_messages = warning
as $$
declare
    v_name boolean := 'user_name' = any(p_columns);
    v_company boolean := 'buying_company_name' = any(p_columns);
    v_email boolean := 'email' = any(p_columns);
    v_cell boolean := 'cell_phone' = any(p_columns);
    v_office boolean := 'office_phone' = any(p_columns);
    v_rows bigint;
    v_counts record;
    v_changes jsonb;
begin
    perform pg_advisory_xact_lock(hashtextextended('ga lists ' || p_tenant_id::text, 0));
    create temporary table if not exists compared_users (
        line bigint, change text not null, fields text[] not null, user_id text collate "C" not null, user_name text,
        buying_company_name text, email text, cell_phone text, office_phone text, is_active boolean not null
    ) on commit delete rows;
    truncate compared_users;

    insert into compared_users (line, change, fields, user_id, user_name, buying_company_name, email, cell_phone,
        office_phone, is_active)
    select s.line,
        case when u.user_id is null then 'added'
            when u.is_active and not n.is_active then 'deactivated'
            else 'changed' end,
        f.fields, s.user_id, n.user_name, n.buying_company_name, n.email, n.cell_phone, n.office_phone, n.is_active
    from staged_users s
    left join users u on u.tenant_id = p_tenant_id and u.user_id = s.user_id
    cross join lateral (select
        case when v_name then s.user_name else u.user_name end as user_name,
        case when v_company then s.buying_company_name else u.buying_company_name end as buying_company_name,
        case when v_email then s.email else u.email end as email,
        case when v_cell then s.cell_phone else u.cell_phone end as cell_phone,
        case when v_office then s.office_phone else u.office_phone end as office_phone,
        coalesce(s.is_active, u.is_active, true) as is_active) n
    cross join lateral (select array_remove(array[
        case when n.user_name is distinct from u.user_name then 'user_name' end,
        case when n.buying_company_name is distinct from u.buying_company_name then 'buying_company_name' end,
        case when n.email is distinct from u.email then 'email' end,
        case when n.cell_phone is distinct from u.cell_phone then 'cell_phone' end,
        case when n.office_phone is distinct from u.office_phone then 'office_phone' end,
        case when n.is_active is distinct from u.is_active then 'is_active' end], null) as fields) f
    where cardinality(f.fields) > 0;

    -- Before whoever is missing joins them: lines of the list that changed something.
    select count(*) as n into v_counts from compared_users c;
    select count(*) - v_counts.n into v_rows from staged_users s;

    if p_mode = 'replace' then
        insert into compared_users (line, change, fields, user_id, user_name, buying_company_name, email, cell_phone,
            office_phone, is_active)
        select null, 'deactivated', '{is_active}', u.user_id, u.user_name, u.buying_company_name, u.email, u.cell_phone,
            u.office_phone, false
        from users u
        where u.tenant_id = p_tenant_id and u.is_active
            and not exists (select from staged_users s where s.user_id = u.user_id);
    end if;

    select count(*) filter (where c.change = 'added') as added,
        count(*) filter (where c.change = 'changed') as changed,
        count(*) filter (where c.change = 'deactivated') as deactivated
    into v_counts
    from compared_users c;
    select coalesce(jsonb_agg(jsonb_build_object('id', c.user_id, 'change', c.change, 'fields', c.fields)
        order by c.line, c.user_id), '[]')
    into v_changes
    from (select c.* from compared_users c order by c.line, c.user_id limit 100) c;

    return jsonb_build_object(
        'added', v_counts.added,
        'changed', v_counts.changed,
        'deactivated', v_counts.deactivated,
        'unchanged', v_rows,
        'changes', v_changes);
end
$$;

comment on function compare_staged_users is 'version 1: what taking the staged list of users in would change';
revoke execute on function compare_staged_users from public;
grant execute on function compare_staged_users to ga_services;
