-- version: 1
-- One page of the mails' history, the newest first, and how many mails the whole selection has. What is null does not
-- filter. p_visible: the branches that who asks may see; a mail about any other is none of theirs.
--
-- Branches are looked for in email_branch_sets, which is small, and the mails by the number of their set: operators of
-- arrays use no index under row-level security. A page is then to cost no more than its count, wherever in the history its
-- mails are, so one of three ways is taken:
--   * the newest mails of each set, or of each day, are read from an index and merged, where these are few;
--   * all mails that match are sorted, where these are few;
--   * the history is walked from its newest mail: of many, the next one that matches is near.
create or replace function find_mails(
    p_tenant_id uuid,
    p_visible text[],
    p_branch_code text,
    p_status text,
    p_email text,
    p_job_id uuid,
    p_first_day date,
    p_last_day date,
    p_offset bigint,
    p_limit bigint,
    out total bigint,
    out mail_ids uuid[]
)
language plpgsql
stable
security invoker
set search_path = public, pg_temp
set jit = off
as $$
declare
    -- Entries of an index that may be read and sorted to show a page: some 30 ms.
    c_few constant bigint := 100000;
    v_of_branches constant boolean := p_visible is not null or p_branch_code is not null;
    v_of_days constant boolean := p_first_day is not null;
    v_of_else constant boolean := num_nonnulls(p_status, p_email, p_job_id) > 0;
    v_deep constant bigint := p_offset + p_limit;
    v_sets bigint[];
    v_days date[];
    v_found text;
begin
    if v_of_branches then
        select coalesce(array_agg(s.branch_set), '{}') into v_sets
        from email_branch_sets s
        where s.tenant_id = p_tenant_id
            and (p_visible is null or s.branch_codes <@ p_visible)
            and (p_branch_code is null or p_branch_code = any(s.branch_codes));
    end if;
    if v_of_days then
        select array_agg(d::date) into v_days from generate_series(p_first_day::timestamp, p_last_day, '1 day') d;
    end if;

    -- The parameters are constants to the planner of a dynamic statement: what is null drops out of the plan.
    v_found := 'select h.mail_id, h.queued_at from email_send_history h
        where h.tenant_id = $1
            and ($2 is null or h.branch_set = any($2))
            and ($3 is null or h.status = $3)
            and ($4 is null or h.sales_rep_email = $4)
            and ($5 is null or h.job_id = $5)
            and ($6 is null or h.report_date between $6 and $7)';
    execute format('select count(*) from (%s) f', v_found) into total
    using p_tenant_id, v_sets, p_status, p_email, p_job_id, p_first_day, p_last_day;

    if v_of_branches <> v_of_days and not v_of_else and coalesce(cardinality(v_sets), cardinality(v_days)) * v_deep <= c_few then
        v_found := format(
            'select f.mail_id, f.queued_at
            from unnest(%s) s (of_one)
            cross join lateral (
                select h.mail_id, h.queued_at from email_send_history h
                where h.tenant_id = $1 and h.%I = s.of_one
                order by h.queued_at desc, h.mail_id desc limit $8) f',
            case when v_of_branches then '$2' else '$10' end,
            case when v_of_branches then 'branch_set' else 'report_date' end);
    elsif total <= c_few and (v_of_branches or v_of_days or p_email is not null or p_job_id is not null) then
        -- Keeps the planner from walking; of a status alone, or nothing, an index has the mails in order.
        v_found := v_found || ' offset 0';
    end if;
    execute format(
        'select coalesce(array_agg(p.mail_id order by p.queued_at desc, p.mail_id desc), ''{}'')
        from (
            select f.mail_id, f.queued_at from (%s) f
            order by f.queued_at desc, f.mail_id desc offset $9 limit $8 - $9) p', v_found)
    into mail_ids
    using p_tenant_id, v_sets, p_status, p_email, p_job_id, p_first_day, p_last_day, v_deep, p_offset, v_days;
end
$$;

comment on function find_mails is 'version 1: a page of the mails'' history';
revoke execute on function find_mails from public;
grant execute on function find_mails to ga_services;
