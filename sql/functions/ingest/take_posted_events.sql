-- version: 1
-- Takes up to p_limit events of a day that were posted and not yet folded into the temporary table staged_events, and
-- answers how many there were.
create or replace function take_posted_events(p_tenant_id uuid, p_day date, p_limit integer) returns integer
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
as $$
declare
    v_taken integer;
begin
    -- A stretch of the primary key: a list of thousands of ids would be compared with every row of the day.
    with taken as (
        delete from posted_events p
        where p.tenant_id = p_tenant_id and p.event_date = p_day and p.event_id <= (
            select b.event_id
            from (
                select q.event_id from posted_events q
                where q.tenant_id = p_tenant_id and q.event_date = p_day
                order by q.event_id
                limit p_limit) b
            order by b.event_id desc
            limit 1)
        returning p.*
    )
    insert into staged_events (kind, event_date, event_id, own_id, visit_id, event_timestamp, batch_page_id,
        batch_ordering_id, batch_event_index, user_pseudo_id, ga_session_id, web_user_id, ga_user_id, branch_id,
        event_count, page_location, page_title, extra, items, items_count, items_value, transaction_id, revenue, currency,
        amount, term)
    select t.kind, t.event_date, t.event_id, t.own_id, t.visit_id, t.event_timestamp, t.batch_page_id,
        t.batch_ordering_id, t.batch_event_index, t.user_pseudo_id, t.ga_session_id, t.web_user_id, t.ga_user_id, t.branch_id,
        t.event_count, t.page_location, t.page_title, t.extra, t.items, t.items_count, t.items_value, t.transaction_id,
        t.revenue, t.currency, t.amount, t.term
    from taken t;
    get diagnostics v_taken = row_count;
    return v_taken;
end
$$;

comment on function take_posted_events(uuid, date, integer) is 'version 1: moves posted events of a day into staging';
revoke execute on function take_posted_events(uuid, date, integer) from public;
grant execute on function take_posted_events(uuid, date, integer) to ga_services;
