-- What every later migration stands on: the services' group role, the tenancy helpers, who may sign in, and to which
-- tenant people belong. Rules that bind all of it: docs/adr/0002-tenancy.md.

-- The services log in as POSTGRES_APP_USER, a member of this role. Grants name the group, so that the login's name is
-- configuration and not schema.
do $$
begin
    if not exists (select from pg_roles where rolname = 'ga_services') then
        create role ga_services nologin;
    end if;
exception
    -- Several databases of one cluster may be set up at once; the role is the cluster's.
    when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
    execute format('grant usage on schema %I to ga_services', current_schema());
    execute format('grant temporary on database %I to ga_services', current_database());
end
$$;

-- Names the tenant of the running transaction. `set local` by execute, because set_config() does not reach Citus
-- workers (docs/adr/0002-tenancy.md).
create function set_tenant(p_tenant_id uuid) returns void
language plpgsql
as $$
begin
    execute format('set local app.tenant_id = %L', p_tenant_id);
end
$$;

-- Names the person of the running transaction: opens their own memberships, and nothing else.
create function set_account(p_account_id uuid) returns void
language plpgsql
as $$
begin
    execute format('set local app.account_id = %L', p_account_id);
end
$$;

revoke execute on function set_tenant(uuid), set_account(uuid) from public;
grant execute on function set_tenant(uuid), set_account(uuid) to ga_services;

-- Walls a table: row-level security for everyone, its owner included. With no tenant named the table is empty.
create procedure wall_tenant_table(p_table regclass)
language plpgsql
as $$
begin
    execute format('alter table %s enable row level security', p_table);
    execute format('alter table %s force row level security', p_table);
    execute format(
        'create policy tenant_wall on %s
            using (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)
            with check (tenant_id = nullif(current_setting(''app.tenant_id'', true), '''')::uuid)',
        p_table);
end
$$;
revoke execute on procedure wall_tenant_table(regclass) from public;

-- Which version of each file under sql/functions is applied here.
create table schema_functions (
    name text primary key,
    version integer not null,
    checksum text not null,
    applied_at timestamptz not null default now()
);
grant select on schema_functions to ga_services;

create table tenants (
    tenant_id uuid primary key,
    name text not null constraint tenants_name_check check (btrim(name) <> ''),
    time_zone text not null default 'UTC',
    currency text not null default 'USD' constraint tenants_currency_check check (currency ~ '^[A-Z]{3}$'),
    -- ISO: 1 = Monday
    week_start smallint not null default 1 constraint tenants_week_start_check check (week_start between 1 and 7),
    user_property text not null default 'WebUserId',
    branch_property text not null default 'default_branch_id',
    -- event names that mean no_search_results in this tenant's GA4
    failed_search_aliases text[] not null default '{view_search_results_no_results}',
    upload_quota_bytes bigint not null default 21474836480,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table accounts (
    account_id uuid primary key,
    email text not null constraint accounts_email_key unique
        constraint accounts_email_check check (email = lower(email)),
    name text,
    first_name text,
    language text,
    time_zone text,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
grant select, insert, update on accounts to ga_services;

create table memberships (
    tenant_id uuid not null references tenants,
    account_id uuid not null references accounts,
    role text not null constraint memberships_role_check check (role in ('owner', 'manager', 'viewer', 'service')),
    -- a manager may be limited to branches; null = all
    branches text[],
    created_at timestamptz not null default now(),
    primary key (tenant_id, account_id)
);
create index memberships_account on memberships (account_id);

call wall_tenant_table('tenants');
call wall_tenant_table('memberships');

-- A person sees what they belong to, before any tenant is named.
create policy own_memberships on memberships for select
    using (account_id = nullif(current_setting('app.account_id', true), '')::uuid);
create policy own_tenants on tenants for select
    using (exists (
        select from memberships m
        where m.tenant_id = tenants.tenant_id
            and m.account_id = nullif(current_setting('app.account_id', true), '')::uuid));

-- The operator's set-up role may list tenants (their ids, to rebuild each one as the services' role); it sees no other
-- row of theirs.
create policy owner_lists on tenants for select to current_user using (true);

grant select, insert, update on tenants to ga_services;
grant select, insert, update, delete on memberships to ga_services;

create table auth_sessions (
    session_id uuid primary key,
    account_id uuid not null references accounts,
    created_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    ended_at timestamptz,
    user_agent text,
    ip text,
    refresh_hash bytea
);
create index auth_sessions_account on auth_sessions (account_id);
grant select, insert, update on auth_sessions to ga_services;

-- A sign-in under way. Only hashes: who reads this table can finish nobody's sign-in.
create table login_states (
    state_hash bytea primary key,
    code_verifier text not null,
    nonce text not null,
    redirect_uri text not null,
    browser_hash bytea not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz
);
create index login_states_expires on login_states (expires_at);
grant select, insert, update, delete on login_states to ga_services;

-- Authorization codes of the development provider.
create table dev_codes (
    code_hash bytea primary key,
    email text not null,
    client_id text not null,
    redirect_uri text not null,
    code_challenge text not null,
    nonce text,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz
);
grant select, insert, update, delete on dev_codes to ga_services;

create table api_keys (
    tenant_id uuid not null references tenants,
    api_key_id uuid not null,
    name text not null,
    prefix text not null,
    key_hash bytea not null,
    scopes text[] not null,
    created_by uuid references accounts,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    primary key (tenant_id, api_key_id),
    constraint api_keys_prefix_key unique (tenant_id, prefix)
);
call wall_tenant_table('api_keys');
grant select, insert, update on api_keys to ga_services;

-- Append-only: the services may add and read, and have no right to change or remove.
create table audit_log (
    tenant_id uuid not null references tenants,
    entry_no bigint not null,
    at timestamptz not null,
    actor_account_id uuid,
    actor text not null,
    action text not null,
    target text,
    ip text,
    details jsonb not null default '{}',
    previous_hash bytea,
    entry_hash bytea not null,
    primary key (tenant_id, entry_no)
);
call wall_tenant_table('audit_log');
grant select, insert on audit_log to ga_services;
