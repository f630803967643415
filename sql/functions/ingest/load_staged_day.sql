-- version: 1
-- Lands the rows of one day that the caller copied into the temporary table staged_events (crates/data/src/load/staging.rs):
-- replaces or adds to that day in the six event tables, and brings visits and roll-ups along, in the caller's transaction.
--
-- p_source, p_shard: who holds the day from now on. A source of higher rank is not displaced (SQLSTATE GA409 names it);
--   a lower shard of the same day (intraday under daily) is left out, and the answer says so.
-- p_mode: 'replace' removes the day's pulled rows first; 'append' removes nothing. Posted rows survive both.
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
    v_tables constant text[] := array['page_view', 'view_item', 'add_to_cart', 'purchase',
        'view_search_results', 'no_search_results'];
    v_own_columns constant text[] := array['', ', items', ', items, items_count, items_value',
        ', items, transaction_id, revenue, currency, amount', ', term', ', term'];
    v_common constant text := 'tenant_id, event_date, event_id, visit_id, event_timestamp, batch_page_id,
        batch_ordering_id, batch_event_index, user_pseudo_id, ga_session_id, web_user_id, ga_user_id, branch_id,
        event_count, posted, page_location, page_title, extra';
    v_held record;
    v_replace boolean := p_mode = 'replace';
    v_carried uuid[];
    v_repeated uuid[];
    v_kind integer;
    v_guard text;
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

    -- Equal tuples are numbered, so that thirteen identical clicks are thirteen. An event that brought its own id and
    -- came twice is one: the first in event order.
    v_repeated := array(select s.event_id from staged_events s where s.kind > 0 group by s.event_id having count(*) > 1);
    if cardinality(v_repeated) > 0 then
        delete from staged_events where ctid = any(array(
            select r.ctid from (
                select s.ctid, row_number() over (partition by s.event_id order by s.event_timestamp,
                    s.batch_page_id, s.batch_ordering_id, s.batch_event_index, s.extra::text) as n
                from staged_events s
                where s.own_id and s.kind > 0 and s.event_id = any(v_repeated)
            ) r where r.n > 1));
        update staged_events s
        set event_id = (left(s.event_id::text, 18)
            || left(encode(sha256(convert_to(s.event_id::text || ':' || r.n, 'UTF8')), 'hex'), 16))::uuid
        from (
            select t.ctid, row_number() over (partition by t.event_id order by t.batch_page_id, t.batch_ordering_id,
                t.batch_event_index, t.web_user_id, t.ga_user_id, t.branch_id, t.amount, t.extra::text) as n
            from staged_events t
            where not t.own_id and t.kind > 0 and t.event_id = any(v_repeated)
        ) r
        where s.ctid = r.ctid and r.n > 1;
    end if;

    -- Visits whose user or branch may change although no landed event of theirs does.
    v_carried := array(
        select i.visit_id from visit_identities i where i.tenant_id = p_tenant_id and i.event_date = p_day
        union
        select s.visit_id from staged_events s where s.kind = 0);

    if v_replace then
        delete from visit_identities i where i.tenant_id = p_tenant_id and i.event_date = p_day and not i.posted;
    end if;
    insert into visit_identities as i (tenant_id, visit_id, event_date, kind, value, event_timestamp,
        batch_page_id, batch_ordering_id, batch_event_index, event_id)
    select distinct on (s.visit_id, c.kind) p_tenant_id, s.visit_id, p_day, c.kind, c.value, s.event_timestamp,
        s.batch_page_id, s.batch_ordering_id, s.batch_event_index, s.event_id
    from staged_events s
    cross join lateral (values ('web_user', s.web_user_id), ('ga_user', s.ga_user_id), ('branch', s.branch_id))
        as c (kind, value)
    where s.kind = 0 and c.value is not null
    order by s.visit_id, c.kind, s.event_timestamp desc, s.batch_page_id desc, s.batch_ordering_id desc,
        s.batch_event_index desc, s.event_id desc
    on conflict (tenant_id, visit_id, event_date, posted, kind) do update
    set value = excluded.value, event_timestamp = excluded.event_timestamp, batch_page_id = excluded.batch_page_id,
        batch_ordering_id = excluded.batch_ordering_id, batch_event_index = excluded.batch_event_index,
        event_id = excluded.event_id
    where (excluded.event_timestamp, coalesce(excluded.batch_page_id, 9223372036854775807),
            coalesce(excluded.batch_ordering_id, 9223372036854775807),
            coalesce(excluded.batch_event_index, 9223372036854775807), excluded.event_id)
        > (i.event_timestamp, coalesce(i.batch_page_id, 9223372036854775807),
            coalesce(i.batch_ordering_id, 9223372036854775807),
            coalesce(i.batch_event_index, 9223372036854775807), i.event_id);

    for v_kind in 1 .. cardinality(v_tables) loop
        if v_replace then
            execute format('delete from %I where tenant_id = $1 and event_date = $2 and not posted', v_tables[v_kind])
            using p_tenant_id, p_day;
        end if;
        -- What is still there was posted or appended before: the same event is the same row. An empty day needs no
        -- such check, which costs a third of the insert.
        execute format('select exists (select from %I where tenant_id = $1 and event_date = $2)', v_tables[v_kind])
        using p_tenant_id, p_day into v_remains;
        v_guard := case when v_remains then ' on conflict (tenant_id, event_date, event_id) do nothing' else '' end;
        execute format('insert into %I (%s%s) select $1, $2, event_id, visit_id, event_timestamp, batch_page_id,
            batch_ordering_id, batch_event_index, user_pseudo_id, ga_session_id, web_user_id, ga_user_id, branch_id,
            event_count, false, page_location, page_title, extra%s from staged_events where kind = $3%s',
            v_tables[v_kind], v_common, v_own_columns[v_kind], v_own_columns[v_kind], v_guard)
        using p_tenant_id, p_day, v_kind;
    end loop;

    -- Days read each other's visits across midnight: from here on one at a time per tenant. Always after the day's own
    -- lock, so that nobody waits in a circle.
    perform pg_advisory_xact_lock(hashtextextended('ga load ' || p_tenant_id::text, 0));
    perform refresh_visits(p_tenant_id, p_day, v_carried);

    select coalesce(jsonb_object_agg(v_tables[c.kind], c.n), '{}'), coalesce(sum(c.n), 0) into v_events, v_total
    from (select s.kind, count(*) as n from staged_events s where s.kind > 0 group by s.kind) c;

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
    'version 1: lands the staged rows of one day with its visits and roll-ups';
revoke execute on function load_staged_day(uuid, date, text, text, text, uuid) from public;
grant execute on function load_staged_day(uuid, date, text, text, text, uuid) to ga_services;
