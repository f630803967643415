-- version: 1
-- Says anew which order of each given line counts: the first in event order over the tenant's whole history. Answers the
-- days on which that changed.
create or replace function rank_orders(p_tenant_id uuid, p_lines uuid[]) returns date[]
language plpgsql
security invoker
set search_path = public, pg_temp
as $$
declare
    v_order record;
    v_days date[] := '{}';
begin
    -- Line by line, each found by its index, whatever the planner knows of the tenant.
    for v_order in
        select r.line_id, r.event_date, r.event_id, r.first
        from unnest(p_lines) l (line_id), lateral (
            select o.line_id, o.event_date, o.event_id, o.counted, 1 = row_number() over (
                order by o.event_timestamp, o.batch_page_id, o.batch_ordering_id, o.batch_event_index, o.event_id) as first
            from orders o
            where o.tenant_id = p_tenant_id and o.line_id = l.line_id
            offset 0
        ) r
        where r.counted <> r.first
    loop
        update orders o
        set counted = v_order.first
        where o.tenant_id = p_tenant_id and o.line_id = v_order.line_id and o.event_date = v_order.event_date
            and o.event_id = v_order.event_id;
        v_days := v_days || v_order.event_date;
    end loop;
    return array(select distinct unnest(v_days));
end
$$;

comment on function rank_orders(uuid, uuid[]) is 'version 1: which event counts for each transaction';
revoke execute on function rank_orders(uuid, uuid[]) from public;
grant execute on function rank_orders(uuid, uuid[]) to ga_services;
