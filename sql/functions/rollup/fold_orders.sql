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
    v_lines uuid[];
    v_sign integer;
    v_changed record;
begin
    -- Each by an index of its own, one by one: see make_visits.
    v_lines := array(
        select order_line_id(s.event_date, s.event_id, s.transaction_id) from staged_events s where s.kind = 4
        union
        select order_line_id(e.event_date, e.event_id, e.transaction_id)
        from known_events k, lateral (
            select p.event_date, p.event_id, p.transaction_id from purchase p
            where p.tenant_id = p_tenant_id and p.event_date = p_day and p.event_id = k.event_id
            offset 0) e
        where k.kind = 4 and k.visit_id is null
        union
        select e.line_id
        from made_visits m
        join visits_before b on b.visit_id = m.visit_id
        cross join lateral (
            select o.line_id from orders o where o.tenant_id = p_tenant_id and o.visit_id = m.visit_id offset 0) e
        where b.purchases > 0 and (m.user_id, m.location_id) is distinct from (b.user_id, b.location_id));
    if cardinality(v_lines) = 0 then
        return;
    end if;

    foreach v_sign in array array[-1, 1] loop
        insert into order_changes (sign, event_date, event_id, event_timestamp, location_id, hour, revenue, purchases,
            purchase_lines)
        select v_sign, e.event_date, e.event_id, e.event_timestamp, e.location_id, e.hour,
            case when e.counted then v_sign * coalesce(e.amount, 0) else 0 end,
            case when not e.counted then 0 when e.transaction_id is null then v_sign * e.event_count else v_sign end,
            case when e.counted then v_sign else 0 end
        from unnest(v_lines) l (line_id), lateral (
            select o.* from orders o where o.tenant_id = p_tenant_id and o.line_id = l.line_id offset 0) e;
        exit when v_sign = 1;

        perform store_orders(p_tenant_id, p_day, v_fresh, p_zone);
        for v_changed in
            select m.visit_id, m.user_id, m.location_id
            from made_visits m
            join visits_before b on b.visit_id = m.visit_id
            where b.purchases > 0 and (m.user_id, m.location_id) is distinct from (b.user_id, b.location_id)
        loop
            update orders o
            set user_id = v_changed.user_id, location_id = v_changed.location_id
            where o.tenant_id = p_tenant_id and o.visit_id = v_changed.visit_id
                and (o.user_id, o.location_id) is distinct from (v_changed.user_id, v_changed.location_id);
        end loop;
        -- Of no visit: they may name a user or a branch now.
        for v_changed in
            select e.*
            from known_events k, lateral (
                select p.event_id, order_line_id(p.event_date, p.event_id, p.transaction_id) as line_id,
                    coalesce(p.web_user_id, p.ga_user_id) as user_id, p.branch_id as location_id
                from purchase p
                where p.tenant_id = p_tenant_id and p.event_date = p_day and p.event_id = k.event_id
                offset 0) e
            where k.kind = 4 and k.visit_id is null
        loop
            update orders o
            set user_id = v_changed.user_id, location_id = v_changed.location_id
            where o.tenant_id = p_tenant_id and o.line_id = v_changed.line_id and o.event_date = p_day
                and o.event_id = v_changed.event_id;
        end loop;
        perform rank_orders(p_tenant_id, v_lines);
    end loop;
end
$$;

comment on function fold_orders(uuid, date, text) is 'version 1: orders carried forward by staged purchases';
revoke execute on function fold_orders(uuid, date, text) from public;
grant execute on function fold_orders(uuid, date, text) to ga_services;
