-- version: 1
-- The temporary table in which events stand before they land. The services copy into it: column order =
-- crates/data/src/load/encode.rs. Emptied by each commit, made once a connection.
create or replace function open_staged_events() returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set client_min_messages = warning
as $$
begin
    create temporary table if not exists staged_events (
        kind smallint not null, event_date date not null, event_id uuid not null, own_id boolean not null, visit_id uuid,
        event_timestamp bigint not null, batch_page_id bigint, batch_ordering_id bigint, batch_event_index bigint,
        user_pseudo_id text collate "C", ga_session_id bigint, web_user_id text collate "C", ga_user_id text collate "C",
        branch_id text collate "C", event_count bigint not null, page_location text collate "C", page_title text,
        extra jsonb, items jsonb, items_count integer not null, items_value numeric not null,
        transaction_id text collate "C", revenue numeric, currency text, amount numeric, term text collate "C"
    ) on commit delete rows;
    -- The transaction may have staged another day before; two are never mixed. A truncate makes the connection plan anew.
    if exists (select from staged_events) then
        truncate staged_events;
    end if;
end
$$;

comment on function open_staged_events() is 'version 1: the temporary table of staged events';
revoke execute on function open_staged_events() from public;
grant execute on function open_staged_events() to ga_services;
