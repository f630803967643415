-- version: 1
-- The staged purchases of a day as orders, the orders of visits in hand that have another user or branch now, and which
-- event counts for each touched transaction. What that changes for the figures goes into the temporary table order_changes.
create or replace function fold_orders(p_tenant_id uuid, p_day date, p_zone text) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
set enable_nestloop = off
as $$
declare
    v_fresh uuid[] := array(select s.event_id from staged_events s where s.kind = 4);
    -- of no visit: they may name a user or a branch now
    v_loose uuid[] := array(select k.event_id from known_events k where k.kind = 4 and k.visit_id is null);
    v_moved uuid[] := array(
        select m.visit_id from made_visits m
        join visits_before b on b.visit_id = m.visit_id
        where b.purchases > 0 and (m.user_id, m.location_id) is distinct from (b.user_id, b.location_id));
    v_lines uuid[];
    v_events uuid[];
    v_days date[];
    v_sign integer;
begin
    if cardinality(v_fresh || v_loose || v_moved) = 0 then
        return;
    end if;
    perform store_orders(p_tenant_id, p_day, v_fresh, p_zone);
    v_lines := array(select distinct o.line_id from orders o
        where o.tenant_id = p_tenant_id and o.event_date = p_day and o.event_id = any(v_fresh)
            and o.transaction_id is not null);

    select array_agg(t.event_id), array_agg(distinct t.event_date) into v_events, v_days
    from (
        select p_day as event_date, unnest(v_fresh || v_loose) as event_id
        union
        select o.event_date, o.event_id from orders o where o.tenant_id = p_tenant_id and o.visit_id = any(v_moved)
        union
        select o.event_date, o.event_id from orders o where o.tenant_id = p_tenant_id and o.line_id = any(v_lines)
    ) t;

    foreach v_sign in array array[-1, 1] loop
        insert into order_changes (sign, event_date, event_id, event_timestamp, location_id, hour, revenue, purchases,
            purchase_lines)
        select v_sign, o.event_date, o.event_id, o.event_timestamp, o.location_id, o.hour,
            case when o.counted then v_sign * coalesce(o.amount, 0) else 0 end,
            case when not o.counted then 0 when o.transaction_id is null then v_sign * o.event_count else v_sign end,
            case when o.counted then v_sign else 0 end
        from orders o
        where o.tenant_id = p_tenant_id and o.event_date = any(v_days) and o.event_id = any(v_events)
            and (v_sign = 1 or o.event_date <> p_day or o.event_id <> all(v_fresh));
        exit when v_sign = 1;

        update orders o
        set user_id = m.user_id, location_id = m.location_id
        from made_visits m
        where o.tenant_id = p_tenant_id and o.visit_id = any(v_moved) and m.visit_id = o.visit_id
            and (o.user_id, o.location_id) is distinct from (m.user_id, m.location_id);
        update orders o
        set user_id = coalesce(e.web_user_id, e.ga_user_id), location_id = e.branch_id
        from purchase e
        where o.tenant_id = p_tenant_id and o.event_date = p_day and o.event_id = any(v_loose)
            and e.tenant_id = p_tenant_id and e.event_date = p_day and e.event_id = any(v_loose) and e.event_id = o.event_id
            and (o.user_id, o.location_id) is distinct from (coalesce(e.web_user_id, e.ga_user_id), e.branch_id);
        perform rank_orders(p_tenant_id, v_lines);
    end loop;
end
$$;

comment on function fold_orders(uuid, date, text) is 'orders carried forward by staged purchases';
revoke execute on function fold_orders(uuid, date, text) from public;
grant execute on function fold_orders(uuid, date, text) to ga_services;
