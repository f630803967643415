-- The six event tables, the people and branches they name, and what loading them leaves behind.
-- Text that is compared or sorted is collated "C": by code point, the same on every server, and several times faster.

create table users (
    tenant_id uuid not null references tenants,
    user_id text collate "C" not null,
    user_name text,
    buying_company_name text,
    email text,
    cell_phone text,
    office_phone text,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, user_id)
);

create table locations (
    tenant_id uuid not null references tenants,
    location_id text collate "C" not null,
    location_name text collate "C" not null,
    city text,
    state text,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, location_id)
);

-- Event tables carry the primary key and no other index: every further one costs a third of the load rate.
-- event_id = 8 bytes of the visit's hash, 8 of the content's, so that the key also finds a visit's events of a day;
-- an event that brought its own `event_id` parameter has 16 bytes of that instead.
-- visit_id is null for an event of no visit. web_user_id, ga_user_id and branch_id are what this very event carried.
create table page_view (
    tenant_id uuid not null,
    event_date date not null,
    event_id uuid not null,
    visit_id uuid,
    -- microseconds since 1970, UTC
    event_timestamp bigint not null,
    batch_page_id bigint,
    batch_ordering_id bigint,
    batch_event_index bigint,
    user_pseudo_id text collate "C",
    ga_session_id bigint,
    web_user_id text collate "C",
    ga_user_id text collate "C",
    branch_id text collate "C",
    -- 1, except for aggregates of the GA4 Data API
    event_count bigint not null default 1,
    -- came through the API: survives every replacement of its day
    posted boolean not null default false,
    page_location text collate "C",
    page_title text,
    extra jsonb,
    primary key (tenant_id, event_date, event_id)
) partition by range (event_date);

create table view_item (
    like page_view,
    -- real items only
    items jsonb,
    primary key (tenant_id, event_date, event_id)
) partition by range (event_date);

create table add_to_cart (
    like page_view,
    items jsonb,
    items_count integer not null default 0,
    -- sum of price x quantity in the tenant's currency
    items_value numeric not null default 0,
    primary key (tenant_id, event_date, event_id)
) partition by range (event_date);

create table purchase (
    like page_view,
    items jsonb,
    transaction_id text collate "C",
    -- as sent, in `currency`
    revenue numeric,
    currency text,
    -- in the tenant's currency; null when unknown
    amount numeric,
    primary key (tenant_id, event_date, event_id)
) partition by range (event_date);

create table view_search_results (
    like page_view,
    term text collate "C",
    primary key (tenant_id, event_date, event_id)
) partition by range (event_date);

create table no_search_results (
    like page_view,
    term text collate "C",
    primary key (tenant_id, event_date, event_id)
) partition by range (event_date);

do $$
declare
    v_table text;
begin
    foreach v_table in array array['page_view', 'view_item', 'add_to_cart', 'purchase',
        'view_search_results', 'no_search_results'] loop
        execute format('alter table %I alter event_count set default 1, alter posted set default false', v_table);
    end loop;
end
$$;

-- Events of no visit that name a user: few, and the only ones that are looked for by user. The index costs the load
-- nothing worth mentioning, for hardly a row is in it.
do $$
declare
    v_table text;
begin
    foreach v_table in array array['page_view', 'view_item', 'add_to_cart', 'purchase',
        'view_search_results', 'no_search_results'] loop
        execute format('create index %I on %I (tenant_id, web_user_id, ga_user_id)
            where visit_id is null and (web_user_id is not null or ga_user_id is not null)', v_table || '_loose', v_table);
    end loop;
end
$$;

-- The last user and branch that events which are not landed carried, per visit and day: a visit's user may come from a
-- session_start or a login, and a rebuild must find it again.
create table visit_identities (
    tenant_id uuid not null,
    visit_id uuid not null,
    event_date date not null,
    posted boolean not null default false,
    kind text not null constraint visit_identities_kind_check check (kind in ('web_user', 'ga_user', 'branch')),
    value text collate "C" not null,
    event_timestamp bigint not null,
    batch_page_id bigint,
    batch_ordering_id bigint,
    batch_event_index bigint,
    event_id uuid not null,
    primary key (tenant_id, visit_id, event_date, posted, kind)
);
create index visit_identities_day on visit_identities (tenant_id, event_date);

-- A load, from the request to its end. The queue holds only its id.
create table ingestion_jobs (
    tenant_id uuid not null references tenants,
    job_id uuid not null,
    -- where the rows come from: the tenant's folder, an uploaded body, files given to the import command
    origin text not null constraint ingestion_jobs_origin_check check (origin in ('folder', 'upload', 'import')),
    source text not null default 'export_files',
    mode text not null default 'replace' constraint ingestion_jobs_mode_check check (mode in ('replace', 'append')),
    data_types text[] not null default '{events,users,locations}',
    start_date date,
    end_date date,
    status text not null default 'queued' constraint ingestion_jobs_status_check check (status in
        ('queued', 'processing', 'completed', 'completed_with_warnings', 'failed', 'cancelled')),
    cancel_requested boolean not null default false,
    attempts integer not null default 0,
    -- days, rows and bytes, done of total
    progress jsonb not null default '{}',
    records jsonb not null default '{}',
    rejected bigint not null default 0,
    warnings text[] not null default '{}',
    error_message text,
    idempotency_key text,
    created_by uuid,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    completed_at timestamptz,
    primary key (tenant_id, job_id),
    constraint ingestion_jobs_idempotency_key unique (tenant_id, idempotency_key)
);
create index ingestion_jobs_newest on ingestion_jobs (tenant_id, created_at desc, job_id desc);

-- The days a job has committed: what a resumed job leaves out.
create table ingestion_job_days (
    tenant_id uuid not null,
    job_id uuid not null,
    day date not null,
    -- by table
    events jsonb not null,
    outcome text not null constraint ingestion_job_days_outcome_check check (outcome in ('landed', 'skipped')),
    primary key (tenant_id, job_id, day),
    constraint ingestion_job_days_job foreign key (tenant_id, job_id) references ingestion_jobs
);

-- Which pull source holds a day.
create table ingested_days (
    tenant_id uuid not null,
    day date not null,
    source text not null constraint ingested_days_source_check check (source in
        ('bigquery', 'export_files', 'data_api')),
    -- which of GA4's tables of that day: daily before fresh before intraday
    shard text not null default 'daily' constraint ingested_days_shard_check check (shard in
        ('daily', 'fresh', 'intraday')),
    events bigint not null,
    final boolean not null default false,
    job_id uuid,
    ingested_at timestamptz not null default now(),
    primary key (tenant_id, day)
);

-- Rows that were not taken: where they stood, why, and what they said.
create table rejected_rows (
    tenant_id uuid not null,
    job_id uuid not null,
    rejected_no bigint not null,
    file text not null,
    line bigint not null,
    reason text not null,
    raw text not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, job_id, rejected_no),
    constraint rejected_rows_job foreign key (tenant_id, job_id) references ingestion_jobs
);
