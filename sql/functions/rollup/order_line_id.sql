-- version: 1
-- The line of a purchase, stable over reloads: of its transaction when it has an id, else of the event.
create or replace function order_line_id(p_event_date date, p_event_id uuid, p_transaction_id text) returns uuid
language plpgsql
immutable
security invoker
set search_path = public, pg_temp
as $$
begin
    return left(encode(sha256(convert_to(case
        when p_transaction_id is null then 'event:' || to_char(p_event_date, 'YYYYMMDD') || p_event_id
        else 'transaction:' || p_transaction_id end, 'UTF8')), 'hex'), 32)::uuid;
end
$$;

comment on function order_line_id(date, uuid, text) is 'version 1: the line of a purchase';
revoke execute on function order_line_id(date, uuid, text) from public;
grant execute on function order_line_id(date, uuid, text) to ga_services;
