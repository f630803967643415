-- version: 1
-- Says anew which order of each given line counts: the first in event order over the tenant's whole history. Answers the
-- days on which that changed.
create or replace function rank_orders(p_tenant_id uuid, p_lines uuid[]) returns date[]
language plpgsql
security invoker
set search_path = public, pg_temp
as $$
declare
    v_days date[];
begin
    with ranked as (
        select o.event_date, o.event_id, o.counted, 1 = row_number() over (partition by o.line_id
            order by o.event_timestamp, o.batch_page_id, o.batch_ordering_id, o.batch_event_index, o.event_id) as first
        from orders o
        where o.tenant_id = p_tenant_id and o.line_id = any(p_lines)
    ), changed as (
        update orders o
        set counted = r.first
        from ranked r
        where o.tenant_id = p_tenant_id and o.line_id = any(p_lines) and o.event_date = r.event_date
            and o.event_id = r.event_id and r.counted <> r.first
        returning o.event_date
    )
    select coalesce(array_agg(distinct c.event_date), '{}') into v_days from changed c;
    return v_days;
end
$$;

comment on function rank_orders(uuid, uuid[]) is 'version 1: which event counts for each transaction';
revoke execute on function rank_orders(uuid, uuid[]) from public;
grant execute on function rank_orders(uuid, uuid[]) to ga_services;
