-- version: 1
-- All users that a list of users has: of the list, and those whom only events know; narrowed by the text p_query in id,
-- name, company, e-mail or phone, as it is, in whatever case, and by p_is_active, which only users of the list are or are not.
-- A reader who is limited to branches (p_location_ids, null = all) has who was seen there. Goes through all users once.
create or replace function matching_users(
    p_tenant_id uuid,
    p_location_ids text[],
    p_query text,
    p_is_active boolean
) returns table (user_id text)
language plpgsql
stable
security invoker
set search_path = public, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    v_query text := lower(p_query);
begin
    if p_location_ids is null then
        return query
        select u.user_id
        from users u
        where u.tenant_id = p_tenant_id
            and (p_is_active is null or u.is_active = p_is_active)
            and (v_query is null
                or strpos(lower(u.user_id collate "default"), v_query) > 0
                or strpos(lower(u.user_name), v_query) > 0
                or strpos(lower(u.buying_company_name), v_query) > 0
                or strpos(lower(u.email), v_query) > 0
                or strpos(lower(u.cell_phone), v_query) > 0
                or strpos(lower(u.office_phone), v_query) > 0);
    end if;
    if p_location_ids is null and p_is_active is null then
        return query
        select s.user_id
        from seen_users(p_tenant_id, null) s
        where v_query is null or strpos(lower(s.user_id), v_query) > 0
        except
        select u.user_id
        from users u
        where u.tenant_id = p_tenant_id;
    elsif p_location_ids is not null then
        return query
        select s.user_id
        from seen_users(p_tenant_id, p_location_ids) s
        left join users u on u.tenant_id = p_tenant_id and u.user_id = s.user_id
        where (p_is_active is null or u.is_active = p_is_active)
            and (v_query is null
                or strpos(lower(s.user_id), v_query) > 0
                or strpos(lower(u.user_name), v_query) > 0
                or strpos(lower(u.buying_company_name), v_query) > 0
                or strpos(lower(u.email), v_query) > 0
                or strpos(lower(u.cell_phone), v_query) > 0
                or strpos(lower(u.office_phone), v_query) > 0);
    end if;
end
$$;

comment on function matching_users is 'version 1: all users of a list of users';
revoke execute on function matching_users from public;
grant execute on function matching_users to ga_services;
