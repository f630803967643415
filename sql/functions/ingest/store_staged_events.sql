-- version: 1
-- Puts the staged events of one kind into their table. p_guarded: some may be there already and then stay as they are.
create or replace function store_staged_events(
    p_tenant_id uuid,
    p_day date,
    p_kind integer,
    p_posted boolean,
    p_guarded boolean
) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
as $$
declare
    v_columns constant text := array_to_string(event_columns(p_kind), ', ');
begin
    execute format('insert into %I (tenant_id, event_date, posted, %s)
        select $1, $2, $4, %2$s from staged_events where kind = $3 %s',
        (event_tables())[p_kind], v_columns,
        case when p_guarded then 'on conflict (tenant_id, event_date, event_id) do nothing' end)
    using p_tenant_id, p_day, p_kind, p_posted;
end
$$;

comment on function store_staged_events(uuid, date, integer, boolean, boolean) is
    'version 1: staged events of one kind into their table';
revoke execute on function store_staged_events(uuid, date, integer, boolean, boolean) from public;
grant execute on function store_staged_events(uuid, date, integer, boolean, boolean) to ga_services;
