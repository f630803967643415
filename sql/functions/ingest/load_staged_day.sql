-- version: 2
-- Lands the rows of one day that the caller copied into the temporary table staged_events (open_staged_events):
-- replaces or adds to that day in the six event tables, and brings visits and roll-ups along, in the caller's transaction.
--
-- p_source, p_shard: who holds the day from now on. A source of higher rank is not displaced (SQLSTATE GA409 names it);
--   a lower shard of the same day (intraday under daily) is left out, and the answer says so.
-- p_mode: 'replace' removes the day's pulled rows first; 'append' removes nothing. Posted rows survive both; of an event
--   that was posted too there is one row, with the pulled content.
-- Answers {outcome: landed | skipped, held_by, events: {table: count}}.
create or replace function load_staged_day(
    p_tenant_id uuid,
    p_day date,
    p_source text,
    p_shard text,
    p_mode text,
    p_job_id uuid
) returns jsonb
language plpgsql
security invoker
set search_path = public, pg_temp
as $$
declare
    v_ranks constant text[] := array['data_api', 'export_files', 'bigquery'];
    v_shards constant text[] := array['intraday', 'fresh', 'daily'];
    v_tables constant text[] := event_tables();
    v_held record;
    v_replace boolean := p_mode = 'replace';
    v_carried uuid[];
    v_kind integer;
    v_remains boolean;
    v_events jsonb;
    v_total bigint;
begin
    -- One load of a day at a time; two days may load side by side up to their visits.
    perform pg_advisory_xact_lock(hashtextextended('ga load day ' || p_tenant_id::text || p_day::text, 0));

    select d.source, d.shard into v_held from ingested_days d where d.tenant_id = p_tenant_id and d.day = p_day;
    if found then
        if array_position(v_ranks, v_held.source) > array_position(v_ranks, p_source) then
            raise exception 'day % is held by source %, which ranks above %', p_day, v_held.source, p_source
                using errcode = 'GA409';
        end if;
        if v_held.source = p_source and array_position(v_shards, v_held.shard) > array_position(v_shards, p_shard) then
            return jsonb_build_object('outcome', 'skipped', 'held_by', v_held.shard, 'events', '{}'::jsonb);
        end if;
        -- Rows of a lower source or shard never stay beside those of a higher one. What this job adds later finds its own.
        v_replace := v_replace or v_held.source <> p_source or v_held.shard <> p_shard;
    end if;

    perform number_staged_events();

    -- Visits whose user or branch may change although no landed event of theirs does.
    v_carried := array(
        select i.visit_id from visit_identities i where i.tenant_id = p_tenant_id and i.event_date = p_day
        union
        select s.visit_id from staged_events s where s.kind = 0);

    if v_replace then
        delete from visit_identities i where i.tenant_id = p_tenant_id and i.event_date = p_day and not i.posted;
    end if;
    perform store_staged_identities(p_tenant_id, p_day, false);

    for v_kind in 1 .. cardinality(v_tables) loop
        if v_replace then
            execute format('delete from %I where tenant_id = $1 and event_date = $2 and not posted', v_tables[v_kind])
            using p_tenant_id, p_day;
        end if;
        -- What is still there was posted or appended before: the same event is the same row. An empty day needs no
        -- such check, which costs a third of the insert.
        execute format('select exists (select from %I where tenant_id = $1 and event_date = $2)', v_tables[v_kind])
        using p_tenant_id, p_day into v_remains;
        if v_remains then
            perform merge_into_posted(p_tenant_id, p_day, v_kind);
        end if;
        perform store_staged_events(p_tenant_id, p_day, v_kind, false, v_remains);
    end loop;

    -- Days read each other's visits across midnight: from here on one at a time per tenant. Always after the day's own
    -- lock, so that nobody waits in a circle.
    perform pg_advisory_xact_lock(hashtextextended('ga load ' || p_tenant_id::text, 0));
    perform refresh_visits(p_tenant_id, p_day, v_carried);

    select coalesce(jsonb_object_agg(v_tables[c.kind], c.n), '{}'), coalesce(sum(c.n), 0) into v_events, v_total
    from (select s.kind, sum(s.event_count) as n from staged_events s where s.kind > 0 group by s.kind) c;

    insert into ingested_days as d (tenant_id, day, source, shard, events, job_id)
    values (p_tenant_id, p_day, p_source, p_shard, v_total, p_job_id)
    on conflict (tenant_id, day) do update
    set source = excluded.source, shard = excluded.shard, job_id = excluded.job_id, ingested_at = excluded.ingested_at,
        events = case when not v_replace then (select coalesce(sum(e.events), 0) from day_events e
            where e.tenant_id = p_tenant_id and e.day = p_day) else excluded.events end;

    return jsonb_build_object('outcome', 'landed', 'events', v_events);
end
$$;

comment on function load_staged_day(uuid, date, text, text, text, uuid) is
    'version 2: lands the staged rows of one day with its visits and roll-ups';
revoke execute on function load_staged_day(uuid, date, text, text, text, uuid) from public;
grant execute on function load_staged_day(uuid, date, text, text, text, uuid) to ga_services;
