-- version: 1
-- The whole calendar months of a range of days: the first month's first day, and the first day after the last of them.
-- A range without one gives two equal days after its end, so that all of it is "before the first month". An open end
-- (null) is infinitely far.
create or replace function whole_months(
    p_start_date date,
    p_end_date date,
    out first_month date,
    out after_months date
)
language plpgsql
immutable
security invoker
set search_path = public, pg_temp
as $$
begin
    first_month := coalesce(date_trunc('month', (p_start_date + interval '1 month - 1 day'))::date, '-infinity');
    after_months := coalesce(date_trunc('month', (p_end_date + 1)::timestamp)::date, 'infinity');
    if first_month >= after_months then
        first_month := p_end_date + 1;
        after_months := p_end_date + 1;
    end if;
end
$$;

comment on function whole_months is 'version 1: the whole calendar months of a range of days';
revoke execute on function whole_months from public;
grant execute on function whole_months to ga_services;
