-- version: 1
-- The temporary tables in which visits are made, empty: gathered_events holds all landed events of the visits in hand,
-- made_visits what becomes of them.
create or replace function open_visit_tables() returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set client_min_messages = warning
as $$
begin
    -- own_id: brought its own identity, which does not begin as the visit's. items: only where a visit's product lines
    -- are made from here. fresh: not yet in any figure.
    create temporary table if not exists gathered_events (
        visit_id uuid, kind smallint, event_date date, event_timestamp bigint, batch_page_id bigint,
        batch_ordering_id bigint, batch_event_index bigint, event_id uuid, user_pseudo_id text collate "C",
        ga_session_id bigint, web_user_id text collate "C", ga_user_id text collate "C", branch_id text collate "C",
        event_count integer, own_id boolean, page_location text collate "C", term text collate "C", items_count integer,
        items_value numeric, items jsonb, fresh boolean
    ) on commit delete rows;
    -- is_contested: several users or branches are named.
    create temporary table if not exists made_visits (like visits, is_contested boolean) on commit delete rows;
    -- Most transactions come here once. A truncate makes the connection plan anew.
    if exists (select from gathered_events) or exists (select from made_visits) then
        truncate gathered_events, made_visits;
    end if;
end
$$;

comment on function open_visit_tables() is 'version 1: the temporary tables in which visits are made';
revoke execute on function open_visit_tables() from public;
grant execute on function open_visit_tables() to ga_services;
