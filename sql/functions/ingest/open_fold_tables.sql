-- version: 1
-- The temporary tables of fold_posted_events beside those of open_visit_tables, empty.
create or replace function open_fold_tables() returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set client_min_messages = warning
as $$
begin
    -- Events in hand that are rows already, with what they were.
    create temporary table if not exists known_events (
        kind smallint, event_id uuid, visit_id uuid, event_timestamp bigint, event_count bigint,
        branch_before text collate "C", branch_after text collate "C"
    ) on commit delete rows;
    create temporary table if not exists visits_before (
        visit_id uuid, day date, first_day date, last_day date, user_id text collate "C", location_id text collate "C",
        first_ts bigint, last_ts bigint, start_hour smallint, page_views integer, pages integer, view_items integer,
        carts integer, purchases integer, searches integer, failed_searches integer, entry_page text collate "C",
        products_viewed integer, own_event_ids boolean, has_aggregates boolean
    ) on commit delete rows;
    -- Orders before (sign -1) and after (sign 1).
    create temporary table if not exists order_changes (
        sign integer, event_date date, event_id uuid, event_timestamp bigint, location_id text collate "C", hour smallint,
        revenue numeric, purchases bigint, purchase_lines bigint
    ) on commit delete rows;
    if exists (select from known_events) or exists (select from visits_before) or exists (select from order_changes) then
        truncate known_events, visits_before, order_changes;
    end if;
end
$$;

comment on function open_fold_tables() is 'version 1: the temporary tables in which figures are carried forward';
revoke execute on function open_fold_tables() from public;
grant execute on function open_fold_tables() to ga_services;
