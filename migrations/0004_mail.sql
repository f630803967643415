-- Branch reports by mail: who gets which, what was sent, and when it is due.

create table branch_email_mappings (
    tenant_id uuid not null references tenants,
    mapping_id uuid not null,
    branch_code text collate "C" not null,
    branch_name text,
    sales_rep_email text not null,
    sales_rep_name text,
    is_enabled boolean not null default true,
    delivery text not null default 'branch' constraint branch_email_mappings_delivery_check check (delivery in
        ('branch', 'digest')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, mapping_id),
    constraint branch_email_mappings_key unique (tenant_id, branch_code, sales_rep_email)
);

create table email_sending_jobs (
    tenant_id uuid not null references tenants,
    job_id uuid not null,
    report_date date not null,
    target_branches text[] not null default '{}',
    skipped_branches text[] not null default '{}',
    generation integer not null default 1,
    status text not null default 'queued' constraint email_sending_jobs_status_check check (status in
        ('queued', 'processing', 'paused', 'completed', 'completed_with_errors', 'failed', 'cancelled')),
    total_emails integer not null default 0,
    emails_sent integer not null default 0,
    emails_failed integer not null default 0,
    error_message text,
    created_by uuid,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    completed_at timestamptz,
    primary key (tenant_id, job_id)
);
create index email_sending_jobs_newest on email_sending_jobs (tenant_id, created_at desc, job_id desc);

create table email_send_history (
    tenant_id uuid not null,
    mail_id uuid not null,
    job_id uuid not null,
    branch_codes text[] not null,
    sales_rep_email text not null,
    sales_rep_name text,
    subject text not null,
    report_date date not null,
    generation integer not null default 1,
    status text not null default 'queued' constraint email_send_history_status_check check (status in
        ('queued', 'sending', 'sent', 'failed', 'unknown', 'suppressed', 'cancelled')),
    smtp_response text,
    error_message text,
    message_id text,
    attempts integer not null default 0,
    queued_at timestamptz not null default now(),
    attempted_at timestamptz,
    primary key (tenant_id, mail_id),
    constraint email_send_history_once unique (tenant_id, sales_rep_email, report_date, branch_codes, generation),
    constraint email_send_history_job foreign key (tenant_id, job_id) references email_sending_jobs
);
create index email_send_history_newest on email_send_history (tenant_id, queued_at desc, mail_id desc);

create table report_schedules (
    tenant_id uuid not null references tenants,
    schedule_id uuid not null,
    cron text not null,
    time_zone text not null,
    branch_codes text[],
    is_enabled boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant_id, schedule_id)
);
