-- version: 1
-- The six event tables. The n-th holds the events of kind n (crates/data/src/ga4/event.rs).
create or replace function event_tables() returns text[]
language plpgsql
immutable
security invoker
set search_path = public, pg_temp
as $$
begin
    return array['page_view', 'view_item', 'add_to_cart', 'purchase', 'view_search_results', 'no_search_results'];
end
$$;

comment on function event_tables() is 'version 1: the event tables, in the order of their kinds';
revoke execute on function event_tables() from public;
grant execute on function event_tables() to ga_services;
