-- version: 1
-- An amount for people's eyes: `$1410625.86` in USD, else code, space, decimal (`EUR 12.50`). Exact, with at least two
-- decimals.
create or replace function money_text(p_amount numeric, p_currency text) returns text
language plpgsql
immutable
security invoker
set search_path = public, pg_temp
as $$
begin
    return case when p_currency = 'USD' then '$' else p_currency || ' ' end
        || case when scale(trim_scale(p_amount)) < 2 then round(p_amount, 2) else trim_scale(p_amount) end;
end
$$;

comment on function money_text is 'version 1: an amount with its currency, as text';
revoke execute on function money_text from public;
grant execute on function money_text to ga_services;
