-- The third wall on every table of tenant data, what the services may do with each, and the partitions they may ask for.

do $$
declare
    v_table text;
begin
    foreach v_table in array array[
        'users', 'locations',
        'page_view', 'view_item', 'add_to_cart', 'purchase', 'view_search_results', 'no_search_results',
        'visit_identities', 'ingestion_jobs', 'ingestion_job_days', 'ingested_days', 'rejected_rows',
        'visits', 'visit_products', 'search_lines', 'orders',
        'hourly_stats', 'daily_stats', 'user_days', 'bounce_pages', 'user_months', 'bounce_months', 'day_events', 'task_states',
        'branch_email_mappings', 'email_sending_jobs', 'email_send_history', 'report_schedules'
    ] loop
        call wall_tenant_table(v_table::regclass);
        execute format('grant select, insert, update, delete on %I to ga_services', v_table);
    end loop;
end
$$;

-- Makes the month's partitions of the six event tables where they are missing. The one piece of DDL the services can
-- cause: it runs as the owner and does just that. Attaching (not `partition of`) leaves readers undisturbed.
create function ensure_event_partitions(p_month date) returns void
language plpgsql
security definer
set search_path = public, pg_temp
as $$
declare
    v_from date := date_trunc('month', p_month::timestamp)::date;
    v_to date := (date_trunc('month', p_month::timestamp) + interval '1 month')::date;
    v_table text;
    v_partition text;
begin
    if p_month is null or p_month < date '2000-01-01' or p_month >= date '2100-01-01' then
        raise exception 'no partition for %: a day from 2000 to 2099 is expected', p_month using errcode = '22023';
    end if;
    -- Citus wants this where several partitions are made at once; elsewhere it is an unused setting.
    perform set_config('citus.multi_shard_modify_mode', 'sequential', true);
    foreach v_table in array array['page_view', 'view_item', 'add_to_cart', 'purchase',
        'view_search_results', 'no_search_results'] loop
        v_partition := format('%s_y%sm%s', v_table, to_char(v_from, 'YYYY'), to_char(v_from, 'MM'));
        -- Asked of pg_class, not of to_regclass(): that one may answer from a cache which waiting for the lock does not renew.
        if not exists (select from pg_class c where c.relname = v_partition and c.relnamespace = 'public'::regnamespace) then
            perform pg_advisory_xact_lock(hashtextextended('ga partition ' || v_partition, 0));
            if not exists (select from pg_class c where c.relname = v_partition and c.relnamespace = 'public'::regnamespace) then
                execute format('create table %I (like %I including all)', v_partition, v_table);
                execute format('alter table %I enable row level security', v_partition);
                execute format('alter table %I force row level security', v_partition);
                execute format('alter table %I attach partition %I for values from (%L) to (%L)',
                    v_table, v_partition, v_from, v_to);
            end if;
        end if;
    end loop;
end
$$;
revoke execute on function ensure_event_partitions(date) from public;
grant execute on function ensure_event_partitions(date) to ga_services;
