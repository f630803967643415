-- version: 1
-- What a history shows of a purchase. `revenue` is text and `items` is JSON as text: existing frontends parse both.
create or replace function purchase_details(p_transaction_id text, p_amount numeric, p_items jsonb) returns jsonb
language plpgsql
immutable
security invoker
set search_path = public, pg_temp
as $$
declare
    v_items jsonb;
begin
    select jsonb_agg(jsonb_build_object(
        'name', i.item -> 'item_name',
        'sku', i.item -> 'item_id',
        'item_id', i.item -> 'item_id',
        'item_name', i.item -> 'item_name',
        'price', i.item -> 'price',
        'quantity', coalesce(i.item -> 'quantity', '1')) order by i.item_no)
    into v_items
    from jsonb_array_elements(p_items) with ordinality i (item, item_no);
    return jsonb_build_object(
        'transaction_id', p_transaction_id,
        'revenue', p_amount::text,
        'items', coalesce(v_items, '[]')::text);
end
$$;

comment on function purchase_details is 'version 1: what a history shows of a purchase';
revoke execute on function purchase_details from public;
grant execute on function purchase_details to ga_services;
