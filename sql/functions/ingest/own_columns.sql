-- version: 1
-- The columns that the table of events of a kind has beside those of all event tables.
create or replace function own_columns(p_kind integer) returns text[]
language plpgsql
immutable
security invoker
set search_path = public, pg_temp
as $$
begin
    return case p_kind
        when 1 then '{}'
        when 2 then array['items']
        when 3 then array['items', 'items_count', 'items_value']
        when 4 then array['items', 'transaction_id', 'revenue', 'currency', 'amount']
        else array['term']
    end;
end
$$;

comment on function own_columns(integer) is 'version 1: the columns of one event table alone';
revoke execute on function own_columns(integer) from public;
grant execute on function own_columns(integer) to ga_services;
