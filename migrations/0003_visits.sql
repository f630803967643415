-- What the dashboard and the lists read: visits, orders and roll-ups. All of it can be made again from the events
-- (`data-service db rebuild`) with the same result to the byte.

create table visits (
    tenant_id uuid not null,
    visit_id uuid not null,
    -- the visit's day: event_date of its first landed event in event order
    day date not null,
    -- the days its landed events lie on, from the earliest to the latest: a client's clock may disagree with event_date
    first_day date not null,
    last_day date not null,
    user_pseudo_id text collate "C" not null,
    ga_session_id bigint not null,
    user_id text collate "C",
    location_id text collate "C",
    first_ts bigint not null,
    last_ts bigint not null,
    -- hour of the first landed event in the tenant's time zone
    start_hour smallint not null,
    page_views integer not null default 0,
    -- distinct page_location of the page views
    pages integer not null default 0,
    view_items integer not null default 0,
    carts integer not null default 0,
    purchases integer not null default 0,
    -- successful searches, and those of them with a term
    searches integer not null default 0,
    searches_with_term integer not null default 0,
    failed_searches integer not null default 0,
    last_page_ts bigint,
    last_page_day date,
    last_cart_ts bigint,
    last_cart_day date,
    entry_page text collate "C",
    cart_items integer not null default 0,
    cart_value numeric not null default 0,
    products_viewed integer not null default 0,
    -- some events brought their own identity: the key's prefix does not find them
    own_event_ids boolean not null default false,
    primary key (tenant_id, visit_id)
);
-- day is a key column, not an included one: a range of days is then filtered inside the index.
create index visits_day on visits (tenant_id, day);
create index visits_midnight on visits (tenant_id, last_day) where last_day <> first_day;
create index visits_cart on visits (tenant_id, last_cart_ts desc, visit_id desc, day)
    where carts > 0 and purchases = 0;
create index visits_bounce on visits (tenant_id, last_page_ts desc, visit_id desc, day) where pages = 1;
create index visits_active on visits (tenant_id, last_page_ts desc, visit_id desc, day, user_id, location_id)
    where pages > 2 and user_id is not null;
create index visits_user on visits (tenant_id, user_id, day, location_id) where user_id is not null;
create index visits_session on visits (tenant_id, ga_session_id);

-- The product lines of a visit, wide and rarely read: beside the visit, not in it.
create table visit_products (
    tenant_id uuid not null,
    visit_id uuid not null,
    -- real items of the add_to_cart events, in event order
    cart jsonb,
    -- distinct real items of the view_item events, in order of first view
    viewed jsonb,
    primary key (tenant_id, visit_id)
);

-- The lines of the search-analysis list: a (visit, term) that found nothing, or a visit that searched and did not buy.
create table search_lines (
    tenant_id uuid not null,
    line_id uuid not null,
    visit_id uuid not null,
    search_type text not null constraint search_lines_type_check check (search_type in ('no_results', 'no_conversion')),
    search_term text collate "C" not null,
    search_count integer not null,
    last_ts bigint not null,
    last_day date not null,
    -- the visit's
    day date not null,
    user_pseudo_id text collate "C" not null,
    ga_session_id bigint not null,
    user_id text collate "C",
    location_id text collate "C",
    -- only of no_conversion: the visit bought after all
    converted boolean not null default false,
    primary key (tenant_id, line_id)
);
create index search_lines_newest on search_lines (tenant_id, last_ts desc, line_id desc, day, location_id, converted);
create index search_lines_visit on search_lines (tenant_id, visit_id);
create index search_lines_user on search_lines (tenant_id, user_id, last_ts desc) where user_id is not null;

-- One row a purchase event, unpartitioned, so that a transaction's first event is found over the whole history at once.
-- counted = this is the event that counts for its transaction.
create table orders (
    tenant_id uuid not null,
    event_id uuid not null,
    event_date date not null,
    -- stable over reloads: of the transaction when it has an id, else of the event
    line_id uuid not null,
    transaction_id text collate "C",
    event_timestamp bigint not null,
    batch_page_id bigint,
    batch_ordering_id bigint,
    batch_event_index bigint,
    visit_id uuid,
    user_pseudo_id text collate "C",
    ga_session_id bigint,
    user_id text collate "C",
    location_id text collate "C",
    hour smallint not null,
    amount numeric,
    page_location text,
    products jsonb,
    counted boolean not null,
    primary key (tenant_id, event_date, event_id)
);
create index orders_line on orders (tenant_id, line_id);
create index orders_newest on orders (tenant_id, event_timestamp desc, line_id desc, event_date) where counted;
create index orders_user on orders (tenant_id, user_id, event_timestamp desc) where counted and user_id is not null;
create index orders_visit on orders (tenant_id, visit_id) where visit_id is not null;

-- Roll-ups. location_id '' = the whole tenant (visits without a branch are only there), else one branch.
create table hourly_stats (
    tenant_id uuid not null,
    location_id text collate "C" not null,
    day date not null,
    hour smallint not null,
    revenue numeric not null default 0,
    purchases bigint not null default 0,
    visitors bigint not null default 0,
    carts bigint not null default 0,
    searches bigint not null default 0,
    failed_searches bigint not null default 0,
    primary key (tenant_id, location_id, day, hour)
);
create index hourly_stats_day on hourly_stats (tenant_id, day);

create table daily_stats (
    tenant_id uuid not null,
    location_id text collate "C" not null,
    day date not null,
    revenue numeric not null default 0,
    purchases bigint not null default 0,
    visitors bigint not null default 0,
    carts bigint not null default 0,
    searches bigint not null default 0,
    failed_searches bigint not null default 0,
    abandoned_carts bigint not null default 0,
    page_views bigint not null default 0,
    -- when the day's visits and orders were active, microseconds: bounds of an index scan, whatever clients' clocks said
    min_ts bigint,
    max_ts bigint,
    primary key (tenant_id, location_id, day)
);
create index daily_stats_day on daily_stats (tenant_id, day);

-- Visits with a page view per known user and day: distinct users of any range are counted from it.
create table user_days (
    tenant_id uuid not null,
    location_id text collate "C" not null,
    day date not null,
    user_id text collate "C" not null,
    visits integer not null,
    primary key (tenant_id, location_id, day, user_id)
);
create index user_days_day on user_days (tenant_id, day);

create table bounce_pages (
    tenant_id uuid not null,
    location_id text collate "C" not null,
    day date not null,
    -- the text's hash: a page's address may be longer than an index entry can be
    page_hash uuid not null,
    entry_page text collate "C" not null,
    bounces bigint not null,
    primary key (tenant_id, location_id, day, page_hash)
);
create index bounce_pages_day on bounce_pages (tenant_id, day);

-- The same per calendar month: a long range is read from whole months and the days at its ends, so that its cost follows
-- its users and pages and not its days.
create table user_months (
    tenant_id uuid not null,
    location_id text collate "C" not null,
    -- its first day
    month date not null,
    user_id text collate "C" not null,
    visits integer not null,
    primary key (tenant_id, location_id, month, user_id)
);
create index user_months_month on user_months (tenant_id, month);

create table bounce_months (
    tenant_id uuid not null,
    location_id text collate "C" not null,
    month date not null,
    page_hash uuid not null,
    entry_page text collate "C" not null,
    bounces bigint not null,
    primary key (tenant_id, location_id, month, page_hash)
);
create index bounce_months_month on bounce_months (tenant_id, month);

create table day_events (
    tenant_id uuid not null,
    day date not null,
    table_name text not null,
    events bigint not null,
    primary key (tenant_id, day, table_name)
);

-- What people did with a line: kept apart from the line, so that loading its data again changes nothing here.
create table task_states (
    tenant_id uuid not null references tenants,
    list text not null constraint task_states_list_check check (list in
        ('purchases', 'cart-abandonment', 'search-analysis', 'repeat-visits', 'performance')),
    line_id uuid not null,
    completed boolean not null,
    completed_by uuid references accounts,
    completed_at timestamptz,
    updated_at timestamptz not null default now(),
    primary key (tenant_id, list, line_id)
);
