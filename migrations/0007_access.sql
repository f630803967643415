-- Who may enter and what they may do: invitations, allowed domains, refresh tokens, signing keys, and the notice that every
-- service gets when any of it changes.

-- Refresh tokens of a session: each is good once. Only hashes, so that who reads this table can refresh nothing.
create table refresh_tokens (
    token_hash bytea primary key,
    session_id uuid not null references auth_sessions on delete cascade,
    issued_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz
);
create index refresh_tokens_session on refresh_tokens (session_id);
grant select, insert, update, delete on refresh_tokens to ga_services;

-- Where a session stands; null while it lasts.
alter table auth_sessions add column ended_because text constraint auth_sessions_ended_because_check check (ended_because in
    ('signed out', 'ended', 'refresh token reused', 'removed'));

-- A sign-in that began with an invitation's link, and what id tokens are held to.
alter table login_states add column invitation_tenant uuid;
alter table login_states add column invitation_hash bytea;

create table invitations (
    tenant_id uuid not null references tenants,
    invitation_id uuid not null,
    email text not null constraint invitations_email_check check (email = lower(email)),
    role text not null constraint invitations_role_check check (role in ('owner', 'manager', 'viewer')),
    branches text[],
    -- of the link's secret, which is known to who invites and who is invited
    token_hash bytea not null,
    invited_by uuid references accounts,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_at timestamptz,
    accepted_by uuid references accounts,
    revoked_at timestamptz,
    primary key (tenant_id, invitation_id),
    constraint invitations_token_key unique (tenant_id, token_hash)
);
call wall_tenant_table('invitations');
grant select, insert, update on invitations to ga_services;

-- Who signs in with a confirmed address of this domain becomes a member.
create table tenant_domains (
    tenant_id uuid not null references tenants,
    domain text not null constraint tenant_domains_domain_check check (domain = lower(domain)),
    role text not null default 'viewer' constraint tenant_domains_role_check check (role in ('manager', 'viewer')),
    created_by uuid references accounts,
    created_at timestamptz not null default now(),
    primary key (tenant_id, domain)
);
create index tenant_domains_domain on tenant_domains (domain);
call wall_tenant_table('tenant_domains');
grant select, insert, update, delete on tenant_domains to ga_services;

-- Who was removed or left. The domain of their address alone does not let them back in; an owner or an invitation does.
create table departed_members (
    tenant_id uuid not null references tenants,
    account_id uuid not null references accounts,
    departed_at timestamptz not null default now(),
    primary key (tenant_id, account_id)
);
call wall_tenant_table('departed_members');
grant select, insert, update, delete on departed_members to ga_services;

-- Names the domain of an address that a provider has confirmed: opens which tenants it belongs to, and nothing else.
create function set_email_domain(p_domain text) returns void
language plpgsql
as $$
begin
    execute format('set local app.email_domain = %L', p_domain);
end
$$;
revoke execute on function set_email_domain(text) from public;
grant execute on function set_email_domain(text) to ga_services;
create policy own_domain on tenant_domains for select
    using (domain = nullif(current_setting('app.email_domain', true), ''));

-- Mails that wait to be sent and are about no report. What is in them may open a door: it is sealed.
create table mail_outbox (
    tenant_id uuid not null references tenants,
    outbox_id uuid not null,
    kind text not null,
    recipient text not null,
    content_sealed bytea not null,
    created_at timestamptz not null default now(),
    attempts integer not null default 0,
    attempted_at timestamptz,
    sent_at timestamptz,
    error_message text,
    primary key (tenant_id, outbox_id)
);
-- The worker that sends them finds whose are waiting in due_work.
alter table due_work drop constraint due_work_kind_check;
alter table due_work add constraint due_work_kind_check check (kind in ('ingest', 'posted', 'reports', 'outbox'));
create index mail_outbox_waiting on mail_outbox (tenant_id, created_at) where sent_at is null;
call wall_tenant_table('mail_outbox');
grant select, insert, update, delete on mail_outbox to ga_services;

-- Key pairs that sign access tokens, where JWT_ALGORITHM is an asymmetric one. The private half is sealed.
create table signing_keys (
    kid text primary key,
    algorithm text not null,
    public_jwk jsonb not null,
    private_sealed bytea not null,
    created_at timestamptz not null default now(),
    -- from here on others sign
    retired_at timestamptz,
    -- what it signed holds until then; null while it signs
    verifies_until timestamptz
);
grant select, insert, update on signing_keys to ga_services;

-- Sign-ins that failed and of which no tenant is known. Append-only for the services.
create table sign_in_failures (
    failure_id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    reason text not null,
    email text,
    ip text,
    user_agent text
);
create index sign_in_failures_at on sign_in_failures (at);
grant select, insert on sign_in_failures to ga_services;

-- Append-only also against the future: what may be done with the log is said here once more.
revoke update, delete, truncate on audit_log, sign_in_failures from ga_services;

-- Every service hears of what ends or changes somebody's access, whoever changed it: a handler, a command, a person at psql.
-- Arguments: what it is about, and the columns that name it.
create function tell_access_changed() returns trigger
language plpgsql
as $$
declare
    v_row jsonb := case when tg_op = 'INSERT' then to_jsonb(new) else to_jsonb(old) end;
    v_text text := tg_argv[0];
begin
    for v_at in 1 .. tg_nargs - 1 loop
        v_text := v_text || ' ' || (v_row ->> tg_argv[v_at]);
    end loop;
    perform pg_notify('access_changed', v_text);
    return null;
end
$$;

create function tell_keys_changed() returns trigger
language plpgsql
as $$
begin
    perform pg_notify('access_changed', 'keys');
    return null;
end
$$;

create trigger access_changed after update of ended_at, expires_at or delete on auth_sessions
    for each row execute function tell_access_changed('session', 'session_id');
create trigger access_changed after update of is_active or delete on accounts
    for each row execute function tell_access_changed('account', 'account_id');
create trigger access_changed after update of is_active or delete on tenants
    for each row execute function tell_access_changed('tenant', 'tenant_id');
create trigger access_changed after insert or update or delete on memberships
    for each row execute function tell_access_changed('member', 'tenant_id', 'account_id');
create trigger access_changed after update of scopes, expires_at, revoked_at or delete on api_keys
    for each row execute function tell_access_changed('key', 'tenant_id', 'api_key_id');
create trigger access_changed after insert or update or delete on signing_keys
    for each statement execute function tell_keys_changed();
