-- version: 1
-- Purchases of a day as orders: all of them, or p_events alone. One with a transaction id does not count yet
-- (rank_orders). Its visit, where it has one, is in the temporary table made_visits.
create or replace function store_orders(p_tenant_id uuid, p_day date, p_events uuid[], p_zone text) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
set enable_nestloop = off
as $$
begin
    execute format($sql$
        insert into orders (tenant_id, event_id, event_date, line_id, transaction_id, event_timestamp, batch_page_id,
            batch_ordering_id, batch_event_index, visit_id, user_pseudo_id, ga_session_id, user_id, location_id, hour,
            amount, page_location, products, counted, event_count)
        select $1, e.event_id, e.event_date, order_line_id(e.event_date, e.event_id, e.transaction_id),
            e.transaction_id, e.event_timestamp, e.batch_page_id, e.batch_ordering_id, e.batch_event_index, e.visit_id,
            e.user_pseudo_id, e.ga_session_id,
            case when e.visit_id is null then coalesce(e.web_user_id, e.ga_user_id) else v.user_id end,
            case when e.visit_id is null then e.branch_id else v.location_id end,
            extract(hour from to_timestamp(e.event_timestamp / 1000000) at time zone $4),
            e.amount, e.page_location, e.items, e.transaction_id is null, e.event_count
        from %s
        left join made_visits v on v.visit_id = e.visit_id
        where e.tenant_id = $1 and e.event_date = $2
        $sql$,
        case when p_events is null then 'purchase e' else 'unnest($3) k (event_id) cross join lateral (
            select p.* from purchase p where p.tenant_id = $1 and p.event_date = $2 and p.event_id = k.event_id offset 0) e'
        end)
    using p_tenant_id, p_day, p_events, p_zone;
end
$$;

comment on function store_orders(uuid, date, uuid[], text) is 'version 1: purchases of a day as orders';
revoke execute on function store_orders(uuid, date, uuid[], text) from public;
grant execute on function store_orders(uuid, date, uuid[], text) to ga_services;
