-- version: 1
-- What the staged events that are not landed say of their visits: per visit the last user and branch in event order.
create or replace function store_staged_identities(p_tenant_id uuid, p_day date, p_posted boolean) returns void
language plpgsql
security invoker
set search_path = public, pg_temp
as $$
begin
    insert into visit_identities as i (tenant_id, visit_id, event_date, posted, kind, value, event_timestamp,
        batch_page_id, batch_ordering_id, batch_event_index, event_id)
    select distinct on (s.visit_id, c.kind) p_tenant_id, s.visit_id, p_day, p_posted, c.kind, c.value, s.event_timestamp,
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
end
$$;

comment on function store_staged_identities(uuid, date, boolean) is
    'version 1: users and branches that events which are not landed carried';
revoke execute on function store_staged_identities(uuid, date, boolean) from public;
grant execute on function store_staged_identities(uuid, date, boolean) to ga_services;
