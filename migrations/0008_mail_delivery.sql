-- What the delivery of mails needs: whose server, who wants none, what became of each try, what came back, and when the
-- schedules ran.

-- A tenant's own mail server. No row: the operator's default serves, whole or not at all.
create table email_configs (
    tenant_id uuid primary key references tenants,
    server text not null,
    port integer not null constraint email_configs_port_check check (port between 1 and 65535),
    from_address text not null,
    -- where notices of what could not be delivered go (the envelope's sender); null = from_address
    bounce_address text,
    username text,
    password_sealed bytea,
    -- STARTTLS, and nothing is sent where the server does not offer it
    use_tls boolean not null,
    -- TLS from the first byte
    use_ssl boolean not null,
    dkim_domain text,
    dkim_selector text,
    dkim_key_sealed bytea,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    updated_by uuid,
    constraint email_configs_tls_check check (not (use_tls and use_ssl)),
    constraint email_configs_dkim_check check (num_nulls(dkim_domain, dkim_selector, dkim_key_sealed) in (0, 3))
);
call wall_tenant_table('email_configs');
grant select, insert, update, delete on email_configs to ga_services;

-- Who gets no mail of this tenant's any more, whatever the mappings say. Addresses in lower case.
create table email_suppressions (
    tenant_id uuid not null references tenants,
    email text collate "C" not null constraint email_suppressions_email_check check (email = lower(email)),
    reason text not null constraint email_suppressions_reason_check check (reason in
        ('unsubscribed', 'bounced', 'complained', 'manual')),
    note text,
    created_at timestamptz not null default now(),
    created_by uuid,
    primary key (tenant_id, email)
);
call wall_tenant_table('email_suppressions');
grant select, insert, update, delete on email_suppressions to ga_services;

-- A hard bounce of the address; cleared when the mapping gets another one or the suppression is lifted.
alter table branch_email_mappings
    add column bounced_at timestamptz,
    add column bounce_reason text;
create index branch_email_mappings_rep on branch_email_mappings (tenant_id, sales_rep_email);

alter table email_sending_jobs
    add column allow_empty boolean not null default false,
    -- send: asked for by a person or a machine; schedule; resend: of one mail
    add column origin text not null default 'send' constraint email_sending_jobs_origin_check check (origin in
        ('send', 'schedule', 'resend')),
    -- shown at the head of each of its mails, such as that the day's data were late
    add column note text,
    -- the branches that who asked for it may see; null = all
    add column scope text[],
    add column emails_unknown integer not null default 0,
    add column emails_suppressed integer not null default 0,
    add column emails_cancelled integer not null default 0;

alter table email_send_history
    -- null: at once
    add column next_attempt_at timestamptz,
    -- the run that has it in hand: only that run, or who looks after a crash, settles it
    add column claimed_by uuid,
    add column bounced_at timestamptz,
    -- RFC 3463, such as 5.1.1
    add column bounce_status text,
    add column bounce_reason text,
    -- the number of its set of branches
    add column branch_set bigint generated always as (hash_array_extended(branch_codes, 0)) stored;
create index email_sending_jobs_open on email_sending_jobs (tenant_id) where completed_at is null;

create index email_send_history_job on email_send_history (tenant_id, job_id, status) include (branch_set);
create index email_send_history_date on email_send_history (tenant_id, report_date, queued_at desc, mail_id desc)
    include (branch_set);
create index email_send_history_branches on email_send_history (tenant_id, branch_set, queued_at desc, mail_id desc);
create index email_send_history_waiting on email_send_history (tenant_id, report_date, branch_codes)
    where status in ('queued', 'sending');
-- What was not sent, and why: few among many.
create index email_send_history_troubled on email_send_history (tenant_id, status, queued_at desc, mail_id desc)
    include (branch_set)
    where status <> 'sent';
create index email_send_history_message on email_send_history (tenant_id, message_id);

-- Each set of branches that any mail is about: many mails, few sets. Written with the mails; what is of a branch is looked
-- for here, since no index serves an operator of arrays under row-level security. A set is known by its hash: of a hundred
-- thousand, two have the same with a probability of one in four thousand million.
create table email_branch_sets (
    tenant_id uuid not null references tenants,
    branch_set bigint not null,
    branch_codes text[] not null,
    constraint email_branch_sets_hash check (branch_set = hash_array_extended(branch_codes, 0)),
    primary key (tenant_id, branch_set)
);
call wall_tenant_table('email_branch_sets');
grant select, insert on email_branch_sets to ga_services;

-- Mails about no report go the same way.
alter table mail_outbox
    add column status text not null default 'queued' constraint mail_outbox_status_check check (status in
        ('queued', 'sending', 'sent', 'failed', 'unknown', 'suppressed', 'cancelled')),
    add column next_attempt_at timestamptz,
    add column claimed_by uuid,
    add column message_id text,
    add column smtp_response text,
    -- it came back after it was taken; error_message says why
    add column bounced_at timestamptz;
drop index mail_outbox_waiting;
create index mail_outbox_waiting on mail_outbox (tenant_id, created_at) where status in ('queued', 'sending');

-- Whose mails wait, should the queue's entry for them be lost.
alter table due_work drop constraint due_work_kind_check;
alter table due_work add constraint due_work_kind_check check (kind in
    ('ingest', 'posted', 'reports', 'outbox', 'mails'));

alter table report_schedules
    alter column time_zone drop not null,
    add column name text,
    -- how many days before the run its report day is: 1 = yesterday
    add column days_back integer not null default 1
        constraint report_schedules_days_back_check check (days_back between 0 and 31),
    -- how long the day's data are waited for
    add column wait_minutes integer not null default 240
        constraint report_schedules_wait_minutes_check check (wait_minutes between 0 and 1440),
    -- and what then: send with a note, or skip
    add column without_data text not null default 'skip'
        constraint report_schedules_without_data_check check (without_data in ('send', 'skip')),
    -- a run that is noticed later than this is skipped
    add column window_minutes integer not null default 120
        constraint report_schedules_window_minutes_check check (window_minutes between 5 and 1440),
    add column next_run_at timestamptz,
    add column created_by uuid,
    add column updated_by uuid;

-- Each time a schedule came round, once.
create table report_runs (
    tenant_id uuid not null,
    schedule_id uuid not null,
    due_at timestamptz not null,
    report_date date not null,
    status text not null constraint report_runs_status_check check (status in
        ('waiting', 'sent', 'sent_without_data', 'skipped_missed', 'skipped_without_data', 'failed')),
    -- until when the day's data are waited for
    waits_until timestamptz,
    job_id uuid,
    message text,
    decided_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (tenant_id, schedule_id, due_at)
);
create index report_runs_waiting on report_runs (tenant_id) where status = 'waiting';
create index report_runs_newest on report_runs (tenant_id, due_at desc, schedule_id);
call wall_tenant_table('report_runs');
grant select, insert, update, delete on report_runs to ga_services;
