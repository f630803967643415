-- version: 2
-- The day's purchases as orders, and anew which event of each touched transaction counts: the first in event order over
-- the tenant's whole history. Answers the other days whose counted orders changed.
--
-- p_spanning: visits that reach beyond the day: their orders elsewhere take the visit's user and branch too.
create or replace function refresh_orders(p_tenant_id uuid, p_day date, p_spanning uuid[], p_zone text) returns date[]
language plpgsql
security invoker
set search_path = public, pg_temp
as $$
declare
    v_lines uuid[];
begin
    v_lines := array(select distinct o.line_id from orders o
        where o.tenant_id = p_tenant_id and o.event_date = p_day and o.transaction_id is not null);
    delete from orders o where o.tenant_id = p_tenant_id and o.event_date = p_day;
    perform store_orders(p_tenant_id, p_day, null, p_zone);

    update orders o
    set user_id = v.user_id, location_id = v.location_id
    from visits v
    where o.tenant_id = p_tenant_id and o.visit_id = any(p_spanning)
        and v.tenant_id = p_tenant_id and v.visit_id = o.visit_id
        and (o.user_id, o.location_id) is distinct from (v.user_id, v.location_id);

    v_lines := array(
        select unnest(v_lines)
        union
        select o.line_id from orders o
        where o.tenant_id = p_tenant_id and o.event_date = p_day and o.transaction_id is not null);
    return array_remove(rank_orders(p_tenant_id, v_lines), p_day);
end
$$;

comment on function refresh_orders(uuid, date, uuid[], text) is
    'version 2: the day''s orders, and which event counts for each transaction';
revoke execute on function refresh_orders(uuid, date, uuid[], text) from public;
grant execute on function refresh_orders(uuid, date, uuid[], text) to ga_services;
