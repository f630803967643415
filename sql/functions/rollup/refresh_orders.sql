-- version: 1
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
    v_days date[];
begin
    v_lines := array(select o.line_id from orders o
        where o.tenant_id = p_tenant_id and o.event_date = p_day and o.transaction_id is not null);
    delete from orders o where o.tenant_id = p_tenant_id and o.event_date = p_day;

    insert into orders (tenant_id, event_id, event_date, line_id, transaction_id, event_timestamp, batch_page_id,
        batch_ordering_id, batch_event_index, visit_id, user_pseudo_id, ga_session_id, user_id, location_id, hour, amount,
        page_location, products, counted)
    select p_tenant_id, e.event_id, e.event_date,
        left(encode(sha256(convert_to(case when e.transaction_id is null then 'event:' || to_char(e.event_date, 'YYYYMMDD') || e.event_id
            else 'transaction:' || e.transaction_id end, 'UTF8')), 'hex'), 32)::uuid,
        e.transaction_id, e.event_timestamp, e.batch_page_id, e.batch_ordering_id, e.batch_event_index, e.visit_id,
        e.user_pseudo_id, e.ga_session_id,
        case when e.visit_id is null then coalesce(e.web_user_id, e.ga_user_id) else v.user_id end,
        case when e.visit_id is null then e.branch_id else v.location_id end,
        extract(hour from to_timestamp(e.event_timestamp / 1000000) at time zone p_zone),
        e.amount, e.page_location, e.items, e.transaction_id is null
    from purchase e
    left join visits v on v.tenant_id = p_tenant_id and v.visit_id = e.visit_id
    where e.tenant_id = p_tenant_id and e.event_date = p_day;

    update orders o
    set user_id = v.user_id, location_id = v.location_id
    from visits v
    where o.tenant_id = p_tenant_id and o.visit_id = any(p_spanning)
        and v.tenant_id = p_tenant_id and v.visit_id = o.visit_id
        and (o.user_id, o.location_id) is distinct from (v.user_id, v.location_id);

    v_lines := v_lines || array(select o.line_id from orders o
        where o.tenant_id = p_tenant_id and o.event_date = p_day and o.transaction_id is not null);
    with ranked as (
        select o.event_date, o.event_id, o.counted, 1 = row_number() over (partition by o.line_id
            order by o.event_timestamp, o.batch_page_id, o.batch_ordering_id, o.batch_event_index, o.event_id) as first
        from orders o
        where o.tenant_id = p_tenant_id and o.line_id = any(v_lines)
    ), changed as (
        update orders o
        set counted = r.first
        from ranked r
        where o.tenant_id = p_tenant_id and o.event_date = r.event_date and o.event_id = r.event_id
            and r.counted <> r.first
        returning o.event_date
    )
    select coalesce(array_agg(distinct c.event_date), '{}') into v_days from changed c where c.event_date <> p_day;
    return v_days;
end
$$;

comment on function refresh_orders(uuid, date, uuid[], text) is
    'version 1: the day''s orders, and which event counts for each transaction';
revoke execute on function refresh_orders(uuid, date, uuid[], text) from public;
grant execute on function refresh_orders(uuid, date, uuid[], text) to ga_services;
