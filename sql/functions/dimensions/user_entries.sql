-- version: 1
-- Users as the API shows them, in the order they are named: what the list says of each, and what their visits and counted
-- purchases say. A user nobody knows anything of is an entry with known_from null.
-- p_loose: those among them whom events of no visit name.
-- p_location_ids limits visits and purchases to what the reader may see (null = all).
create or replace function user_entries(p_tenant_id uuid, p_user_ids text[], p_loose text[], p_location_ids text[])
returns jsonb
language plpgsql
stable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_currency text;
    v_entries jsonb;
begin
    select t.currency into v_currency from tenants t where t.tenant_id = p_tenant_id;

    select coalesce(jsonb_agg(jsonb_build_object(
            'user_id', k.user_id,
            'user_name', u.user_name,
            'buying_company_name', u.buying_company_name,
            'email', u.email,
            'cell_phone', u.cell_phone,
            'office_phone', u.office_phone,
            'is_active', u.is_active,
            'first_seen', timestamptz 'epoch' + v.first_ts * interval '1 microsecond',
            'last_seen', timestamptz 'epoch' + v.last_ts * interval '1 microsecond',
            'visits', v.visits,
            'orders', o.orders,
            'revenue', o.revenue,
            'currency', v_currency,
            'location_id', v.location_id,
            'location_name', l.location_name,
            'known_from', case
                when u.user_id is not null and e.is_seen then 'both'
                when u.user_id is not null then 'list'
                when e.is_seen then 'events' end,
            'created_at', u.created_at,
            'updated_at', u.updated_at
        ) order by k.n), '[]')
    into v_entries
    from unnest(p_user_ids) with ordinality as k (user_id, n)
    left join users u on u.tenant_id = p_tenant_id and u.user_id = k.user_id
    cross join lateral (
        select min(v.first_ts) as first_ts, max(v.last_ts) as last_ts,
            count(*) filter (where v.page_views > 0) as visits,
            (array_agg(v.location_id order by v.last_ts desc, v.visit_id desc)
                filter (where v.location_id is not null))[1] as location_id
        from visits v
        where v.tenant_id = p_tenant_id and v.user_id = k.user_id
            and (p_location_ids is null or v.location_id = any(p_location_ids))) v
    cross join lateral (
        select coalesce(sum(o.event_count), 0) as orders, coalesce(sum(o.amount), 0) as revenue
        from orders o
        where o.tenant_id = p_tenant_id and o.user_id = k.user_id and o.counted
            and (p_location_ids is null or o.location_id = any(p_location_ids))) o
    cross join lateral (
        select v.first_ts is not null or o.orders > 0 or k.user_id = any(p_loose) as is_seen) e
    left join locations l on l.tenant_id = p_tenant_id and l.location_id = v.location_id;
    return v_entries;
end
$$;

comment on function user_entries is 'version 1: users with what lists, visits and purchases say of them';
revoke execute on function user_entries from public;
grant execute on function user_entries to ga_services;
