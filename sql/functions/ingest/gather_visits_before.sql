-- version: 1
-- Adds to the temporary table gathered_events all landed events of the visits in visits_before. They are found in the
-- primary key by the day and the first half of event_id, which is the visit's; those that brought their own identity, by
-- an index of just these. `offset 0` keeps the planner from joining the other way round, over the tables.
create or replace function gather_visits_before(p_tenant_id uuid) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
set jit = off
as $$
declare
    v_tables constant text[] := event_tables();
    v_counts constant text[] := array['page_views', 'view_items', 'carts', 'purchases', 'searches', 'failed_searches'];
    v_kind integer;
    v_columns text;
    v_from date;
    v_to date;
    v_own uuid[];
begin
    select min(b.first_day), max(b.last_day) into v_from, v_to from visits_before b;
    v_own := array(select b.visit_id from visits_before b where b.own_event_ids);
    for v_kind in 1 .. cardinality(v_tables) loop
        -- Of a purchase only what its visit has of it.
        select string_agg(c.name, ', ') into v_columns
        from unnest(event_columns(v_kind) || text 'event_date') c (name)
        where c.name <> all (array['page_title', 'extra', 'transaction_id', 'revenue', 'currency', 'amount'])
            and (v_kind <> 4 or c.name <> 'items');
        execute format('
            insert into gathered_events (kind, fresh, own_id, %1$s)
            select $1, false, false, e.*
            from (
                select b.visit_id, d.day::date as day,
                    overlay(b.visit_id::text placing ''0000-000000000000'' from 20)::uuid as first_id,
                    overlay(b.visit_id::text placing ''ffff-ffffffffffff'' from 20)::uuid as last_id
                from visits_before b,
                    generate_series(b.first_day::timestamp, b.last_day::timestamp, interval ''1 day'') d (day)
                where b.%2$I > 0 or b.has_aggregates
                offset 0
            ) k, lateral (
                select %1$s
                from %3$I p
                where p.tenant_id = $2 and p.event_date = k.day and p.event_date >= $3 and p.event_date <= $4
                    and p.event_id >= k.first_id and p.event_id <= k.last_id and p.visit_id = k.visit_id
                offset 0
            ) e',
            v_columns, v_counts[v_kind], v_tables[v_kind])
        using v_kind, p_tenant_id, v_from, v_to;
        if cardinality(v_own) > 0 then
            execute format('
                insert into gathered_events (kind, fresh, own_id, %1$s)
                select $1, false, true, e.*
                from unnest($5) k (visit_id), lateral (
                    select %1$s
                    from %2$I p
                    where p.tenant_id = $2 and p.event_date >= $3 and p.event_date <= $4 and p.visit_id = k.visit_id
                        and left(p.event_id::text, 18) <> left(p.visit_id::text, 18)
                    offset 0
                ) e',
                v_columns, v_tables[v_kind])
            using v_kind, p_tenant_id, v_from, v_to, v_own;
        end if;
    end loop;
end
$$;

comment on function gather_visits_before(uuid) is 'version 1: the landed events of the visits in hand';
revoke execute on function gather_visits_before(uuid) from public;
grant execute on function gather_visits_before(uuid) to ga_services;
