-- version: 1
-- The columns of the table of events of a kind that come with an event, as they are named in staging too.
create or replace function event_columns(p_kind integer) returns text[]
language plpgsql
immutable
security invoker
set search_path = public, pg_temp
as $$
begin
    return array['event_id', 'visit_id', 'event_timestamp', 'batch_page_id', 'batch_ordering_id', 'batch_event_index',
        'user_pseudo_id', 'ga_session_id', 'web_user_id', 'ga_user_id', 'branch_id', 'event_count', 'page_location',
        'page_title', 'extra']
        || case p_kind
            when 1 then '{}'
            when 2 then array['items']
            when 3 then array['items', 'items_count', 'items_value']
            when 4 then array['items', 'transaction_id', 'revenue', 'currency', 'amount']
            else array['term']
        end;
end
$$;

comment on function event_columns(integer) is 'version 1: the columns that come with an event of a kind';
revoke execute on function event_columns(integer) from public;
grant execute on function event_columns(integer) to ga_services;
