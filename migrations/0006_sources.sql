-- Where a tenant's data come from beside files: GA4's BigQuery export and Data API, posted events, lists of users and
-- locations; and when they are fetched.

-- One source feeds a tenant's events. Secrets are sealed before they come here (common::secrets) and never read back out.
create table sources (
    tenant_id uuid primary key references tenants,
    kind text not null default 'export_files' constraint sources_kind_check check (kind in
        ('export_files', 'bigquery', 'data_api')),
    -- bigquery: project, dataset, location, max_bytes_billed; data_api: property_id
    settings jsonb not null default '{}',
    -- the tenant's own service-account key, and what of it may be shown
    sealed_key bytea,
    key_email text,
    key_id text,
    -- where the lists come from: a BigQuery table or an SFTP folder; null = they are uploaded, or lie in the tenant's folder
    users_source jsonb,
    sealed_users_secret bytea,
    locations_source jsonb,
    sealed_locations_secret bytea,
    -- five fields, in the tenant's time zone; null = fetched only when somebody asks
    cron text,
    is_scheduled boolean not null default false,
    -- how many full days before today a scheduled run looks at again
    refresh_days integer not null default 3 constraint sources_refresh_days_check check (refresh_days between 0 and 400),
    last_run_at timestamptz,
    last_job_id uuid,
    -- limits of posted events where they differ from Google's
    event_limits jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    updated_by uuid
);
call wall_tenant_table('sources');
grant select, insert, update, delete on sources to ga_services;

-- What the operator's own Google key may be used for, by tenant. The services can read it and not write it: the
-- operator's authority is given by the operator's command alone.
create table source_grants (
    tenant_id uuid not null references tenants,
    kind text not null constraint source_grants_kind_check check (kind in ('bigquery', 'data_api')),
    -- bigquery: project.dataset; data_api: the property's number
    target text not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, kind, target)
);
call wall_tenant_table('source_grants');
grant select on source_grants to ga_services;

-- What is due, for whoever works: a tenant, a kind, a time, and nothing of the tenant's. A local table on Citus; no
-- row-level security, because the worker that looks for due work knows no tenant yet.
create table due_work (
    tenant_id uuid not null references tenants,
    kind text not null constraint due_work_kind_check check (kind in ('ingest', 'posted', 'reports')),
    due_at timestamptz not null,
    primary key (tenant_id, kind)
);
create index due_work_due on due_work (kind, due_at);
grant select, insert, update, delete on due_work to ga_services;

-- Events that were posted and answered, on their way into the event tables, which takes well under a second. The columns
-- are those of staged_events (crates/data/src/load/staging.rs).
create table posted_events (
    tenant_id uuid not null,
    event_date date not null,
    event_id uuid not null,
    kind smallint not null,
    own_id boolean not null,
    visit_id uuid,
    event_timestamp bigint not null,
    batch_page_id bigint,
    batch_ordering_id bigint,
    batch_event_index bigint,
    user_pseudo_id text collate "C",
    ga_session_id bigint,
    web_user_id text collate "C",
    ga_user_id text collate "C",
    branch_id text collate "C",
    event_count bigint not null,
    page_location text collate "C",
    page_title text,
    extra jsonb,
    items jsonb,
    items_count integer not null,
    items_value numeric not null,
    transaction_id text collate "C",
    revenue numeric,
    currency text,
    amount numeric,
    term text collate "C",
    primary key (tenant_id, event_date, event_id)
);
call wall_tenant_table('posted_events');
grant select, insert, update, delete on posted_events to ga_services;

-- What a request with an Idempotency-Key was answered, so that its retry is answered the same and does nothing.
create table idempotent_answers (
    tenant_id uuid not null references tenants,
    route text not null,
    idempotency_key text not null,
    body_hash bytea not null,
    answer jsonb not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, route, idempotency_key)
);
create index idempotent_answers_old on idempotent_answers (tenant_id, created_at);
call wall_tenant_table('idempotent_answers');
grant select, insert, delete on idempotent_answers to ga_services;

-- Events that brought their own identity are not found by the visit's half of the key. Hardly a row is in these indexes,
-- unless a tenant's senders number all their events.
do $$
declare
    v_table text;
begin
    foreach v_table in array array['page_view', 'view_item', 'add_to_cart', 'purchase',
        'view_search_results', 'no_search_results'] loop
        execute format('create index %I on %I (tenant_id, visit_id)
            where left(event_id::text, 18) <> left(visit_id::text, 18)', v_table || '_own_ids', v_table);
    end loop;
end
$$;

-- Which table of GA4's a day was read from, and that table's time of change then (milliseconds since 1970): an unchanged
-- table is not read again.
alter table ingested_days
    add column table_name text,
    add column table_modified bigint;

alter table ingestion_jobs drop constraint ingestion_jobs_origin_check;
alter table ingestion_jobs
    -- pull: fetched from the tenant's source; redrive: rows that an earlier job rejected
    add constraint ingestion_jobs_origin_check check (origin in ('folder', 'upload', 'import', 'pull', 'redrive')),
    add column is_scheduled boolean not null default false,
    -- when the worker last wrote its progress: a job whose worker is silent can be cancelled without it
    add column heartbeat_at timestamptz,
    -- nobody works on it before then: it waits for quota, or for its next try
    add column waits_until timestamptz;

alter table ingestion_job_days drop constraint ingestion_job_days_outcome_check;
alter table ingestion_job_days
    -- unchanged: GA4's table is as it was; absent: GA4 has no table of the day (yet)
    add constraint ingestion_job_days_outcome_check check (outcome in ('landed', 'skipped', 'unchanged', 'absent')),
    -- what the reading of the day found that a person should know (crates/data/src/ingest/notes.rs)
    add column notes jsonb not null default '{}';

-- The job that took a rejected row up again.
alter table rejected_rows add column redriven_job_id uuid;

-- An aggregate of the Data API without a transaction id stands for several purchases, and is one line.
alter table orders add column event_count bigint not null default 1;
-- null = as many as purchases: rolled up before aggregates existed.
alter table daily_stats add column purchase_lines bigint;
-- Some of its events stand for several: its counts are not the numbers of its rows.
alter table visits add column has_aggregates boolean not null default false;

-- Roll-ups are carried forward row by row. The planner takes a tenant that it has not met for one row, and then the index
-- of days for as good as the primary key: it shall find one row as well.
drop index user_days_day, bounce_pages_day, user_months_month, bounce_months_month;
create index user_days_day on user_days (tenant_id, day, location_id, user_id);
create index bounce_pages_day on bounce_pages (tenant_id, day, location_id, page_hash);
create index user_months_month on user_months (tenant_id, month, location_id, user_id);
create index bounce_months_month on bounce_months (tenant_id, month, location_id, page_hash);
