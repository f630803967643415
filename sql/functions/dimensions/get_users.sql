-- version: 1
-- A page of users by id (code point): those of the list and those whom only events know.
--
-- p_query, p_is_active, p_location_ids: which users, as matching_users says. p_after: the id that the page before ended
-- with. p_total: what the walk's first page counted; null = count.
--
-- A plain page takes the next ids from the indexes of the list, of visits and of purchases, hopping from user to user; its
-- cost follows the page. Searching, and pages by number, go through all users once.
create or replace function get_users(
    p_tenant_id uuid,
    p_location_ids text[],
    p_query text,
    p_is_active boolean,
    p_after text,
    p_limit integer,
    p_offset bigint,
    p_total bigint
) returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
set jit = off
as $$
declare
    v_after text := coalesce(p_after, '');
    -- Whom only events know is neither active nor not.
    v_seen boolean := p_is_active is null;
    v_ids text[];
    v_loose text[] := '{}';
    v_next text;
    v_total bigint := p_total;
    v_last text;
begin
    if p_query is not null or p_offset > 0 or (p_is_active is not null and p_location_ids is not null) then
        with matching as materialized (
            select m.user_id collate "C" as user_id
            from matching_users(p_tenant_id, p_location_ids, p_query, p_is_active) m
        )
        select (select count(*) from matching),
            array(select m.user_id from matching m where m.user_id > v_after order by m.user_id
                limit p_limit + 1 offset p_offset)
        into v_total, v_ids;
        v_loose := array(select i from unnest(v_ids) i where next_loose_user(p_tenant_id, i, p_location_ids) = i);
    else
        -- Ids have no NUL, so nothing lies between an id and the id with the next character behind it.
        v_next := case when v_seen then next_loose_user(p_tenant_id, v_after || chr(1), p_location_ids) end;
        while v_next is not null and cardinality(v_loose) <= p_limit loop
            v_loose := v_loose || v_next;
            v_next := next_loose_user(p_tenant_id, v_next || chr(1), p_location_ids);
        end loop;

        with recursive visitors as (
            (select v.user_id
            from visits v
            where v.tenant_id = p_tenant_id and v.user_id > v_after and v_seen
                and (p_location_ids is null or v.location_id = any(p_location_ids))
            order by v.user_id limit 1)
            union all
            select n.user_id
            from visitors s
            cross join lateral (
                select v.user_id
                from visits v
                where v.tenant_id = p_tenant_id and v.user_id > s.user_id
                    and (p_location_ids is null or v.location_id = any(p_location_ids))
                order by v.user_id limit 1) n
        ), buyers as (
            (select o.user_id
            from orders o
            where o.tenant_id = p_tenant_id and o.user_id > v_after and o.counted and v_seen
                and (p_location_ids is null or o.location_id = any(p_location_ids))
            order by o.user_id limit 1)
            union all
            select n.user_id
            from buyers s
            cross join lateral (
                select o.user_id
                from orders o
                where o.tenant_id = p_tenant_id and o.user_id > s.user_id and o.counted
                    and (p_location_ids is null or o.location_id = any(p_location_ids))
                order by o.user_id limit 1) n
        ), listed as (
            select u.user_id
            from users u
            where u.tenant_id = p_tenant_id and u.user_id > v_after and p_location_ids is null
                and (p_is_active is null or u.is_active = p_is_active)
            order by u.user_id
            limit p_limit + 1
        ), candidates as (
            (select v.user_id from visitors v limit p_limit + 1)
            union
            (select b.user_id from buyers b limit p_limit + 1)
            union
            select l.user_id from listed l
            union
            select i collate "C" from unnest(v_loose) i
        )
        select array(select c.user_id from candidates c order by c.user_id limit p_limit + 1) into v_ids;

        if v_total is null then
            select count(*) into v_total from matching_users(p_tenant_id, p_location_ids, null, p_is_active);
        end if;
    end if;

    if cardinality(v_ids) > p_limit then
        v_ids := v_ids[:p_limit];
        v_last := v_ids[p_limit];
    end if;
    return jsonb_build_object(
        'data', user_entries(p_tenant_id, v_ids, v_loose, p_location_ids),
        'total', v_total,
        'next', v_last);
end
$$;

comment on function get_users is 'version 1: a page of users';
revoke execute on function get_users from public;
grant execute on function get_users to ga_services;
