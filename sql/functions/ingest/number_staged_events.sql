-- version: 1
-- Equal tuples in the temporary table staged_events are numbered, so that thirteen identical clicks are thirteen. An event
-- that brought its own id and came twice is one: the first in event order.
create or replace function number_staged_events() returns void
language plpgsql
security invoker
set search_path = public, pg_temp
as $$
declare
    v_repeated uuid[];
begin
    v_repeated := array(select s.event_id from staged_events s where s.kind > 0 group by s.event_id having count(*) > 1);
    if cardinality(v_repeated) > 0 then
        delete from staged_events where ctid = any(array(
            select r.ctid from (
                select s.ctid, row_number() over (partition by s.event_id order by s.event_timestamp,
                    s.batch_page_id, s.batch_ordering_id, s.batch_event_index, s.extra::text) as n
                from staged_events s
                where s.own_id and s.kind > 0 and s.event_id = any(v_repeated)
            ) r where r.n > 1));
        update staged_events s
        set event_id = (left(s.event_id::text, 18)
            || left(encode(sha256(convert_to(s.event_id::text || ':' || r.n, 'UTF8')), 'hex'), 16))::uuid
        from (
            select t.ctid, row_number() over (partition by t.event_id order by t.batch_page_id, t.batch_ordering_id,
                t.batch_event_index, t.web_user_id, t.ga_user_id, t.branch_id, t.amount, t.extra::text) as n
            from staged_events t
            where not t.own_id and t.kind > 0 and t.event_id = any(v_repeated)
        ) r
        where s.ctid = r.ctid and r.n > 1;
    end if;
end
$$;

comment on function number_staged_events() is 'version 1: numbers equal staged events';
revoke execute on function number_staged_events() from public;
grant execute on function number_staged_events() to ga_services;
