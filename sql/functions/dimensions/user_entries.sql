-- version: 1
-- Users as the API shows them, in the order they are named: what the list says of each, and what their visits and counted
-- purchases say. A user nobody knows anything of is an entry with known_from null.
-- p_loose: those among them whom events of no visit name.
-- p_location_ids limits visits and purchases to what the reader may see (null = all).
--
-- Of a user's visits only those of the first and the last day are read, and the others are counted from the roll-up of
-- months: the cost follows the months, and not the visits, of which a machine's account may have a hundred thousand.
create or replace function user_entries(p_tenant_id uuid, p_user_ids text[], p_loose text[], p_location_ids text[])
returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
set jit = off
as $$
declare
    v_scope text[] := coalesce(array_remove(p_location_ids, ''), array['']);
    v_currency text;
    v_entries jsonb;
begin
    select t.currency into v_currency from tenants t where t.tenant_id = p_tenant_id;

    -- Materialized: a sub-select that is used twice would be run twice.
    with visitors as materialized (
        select k.user_id, k.n,
            (select v.day from visits v
                where v.tenant_id = p_tenant_id and v.user_id = k.user_id
                    and (p_location_ids is null or v.location_id = any(p_location_ids))
                order by v.day limit 1) as first_day,
            (select v.day from visits v
                where v.tenant_id = p_tenant_id and v.user_id = k.user_id
                    and (p_location_ids is null or v.location_id = any(p_location_ids))
                order by v.day desc limit 1) as last_day
        from unnest(p_user_ids) with ordinality as k (user_id, n)
    ), seen as materialized (
        select s.user_id, s.n, s.first_day is not null as has_visits,
            (select min(v.first_ts) from visits v
                where v.tenant_id = p_tenant_id and v.user_id = s.user_id and v.day = s.first_day
                    and (p_location_ids is null or v.location_id = any(p_location_ids))) as first_ts,
            (select max(v.last_ts) from visits v
                where v.tenant_id = p_tenant_id and v.user_id = s.user_id and v.day = s.last_day
                    and (p_location_ids is null or v.location_id = any(p_location_ids))) as last_ts,
            (select v.location_id from visits v
                where v.tenant_id = p_tenant_id and v.user_id = s.user_id and v.location_id is not null
                    and (p_location_ids is null or v.location_id = any(p_location_ids))
                order by v.day desc, v.last_ts desc, v.visit_id desc limit 1) as location_id,
            -- A sub-select a month, for only that is sure to read the roll-up by its key.
            (select coalesce(sum((select sum(m.visits) from user_months m
                    where m.tenant_id = p_tenant_id and m.location_id = any(v_scope) and m.month = g.month::date
                        and m.user_id = s.user_id)), 0)
                from generate_series(date_trunc('month', s.first_day::timestamp), s.last_day::timestamp,
                    interval '1 month') as g (month)) as visits
        from visitors s
    ), bought as materialized (
        select s.user_id, coalesce(sum(o.event_count), 0) as orders, coalesce(sum(o.amount), 0) as revenue
        from seen s
        left join orders o on o.tenant_id = p_tenant_id and o.user_id = s.user_id and o.counted
            and (p_location_ids is null or o.location_id = any(p_location_ids))
        group by s.user_id
    )
    select coalesce(jsonb_agg(jsonb_build_object(
            'user_id', s.user_id,
            'user_name', u.user_name,
            'buying_company_name', u.buying_company_name,
            'email', u.email,
            'cell_phone', u.cell_phone,
            'office_phone', u.office_phone,
            'is_active', u.is_active,
            'first_seen', timestamptz 'epoch' + s.first_ts * interval '1 microsecond',
            'last_seen', timestamptz 'epoch' + s.last_ts * interval '1 microsecond',
            'visits', s.visits,
            'orders', b.orders,
            'revenue', b.revenue,
            'currency', v_currency,
            'location_id', s.location_id,
            'location_name', l.location_name,
            'known_from', case
                when u.user_id is not null and e.is_seen then 'both'
                when u.user_id is not null then 'list'
                when e.is_seen then 'events' end,
            'created_at', u.created_at,
            'updated_at', u.updated_at
        ) order by s.n), '[]')
    into v_entries
    from seen s
    join bought b on b.user_id = s.user_id
    cross join lateral (select s.has_visits or b.orders > 0 or s.user_id = any(p_loose) as is_seen) e
    left join users u on u.tenant_id = p_tenant_id and u.user_id = s.user_id
    left join locations l on l.tenant_id = p_tenant_id and l.location_id = s.location_id;
    return v_entries;
end
$$;

comment on function user_entries is 'version 1: users with what lists, visits and purchases say of them';
revoke execute on function user_entries from public;
grant execute on function user_entries to ga_services;
