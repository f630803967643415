//! Committing posted events: into `posted_events`, where the folder finds them, unless they are known already.

use std::collections::{BTreeMap, HashSet};

use chrono::{Days, NaiveDate, Utc};
use common::ids::TenantId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::ga4::MappedEvent;

/// How many days back and ahead an event with an id of its own is looked for: sent again with another time, or without one,
/// it is of another day.
const OWN_ID_DAYS: u64 = 3;

/// What became of the events.
#[derive(Debug, Default, Clone, Copy)]
pub struct Stored {
    pub accepted: u64,
    pub duplicates: u64,
    /// Whether the folder has something to do.
    pub waits: bool,
}

/// Stores events that `number` has put in order, each id once, in the tenant's open transaction.
///
/// # Errors
/// The database is away.
pub async fn store(conn: &mut PgConnection, tenant: TenantId, events: &[MappedEvent]) -> anyhow::Result<Stored> {
    if events.is_empty() {
        return Ok(Stored::default());
    }
    let inserted = insert(conn, tenant, events).await?;
    // No event is of a later day, wherever the tenant is.
    let latest = Utc::now().date_naive() + Days::new(1);
    let mut known = 0;
    let mut gone = Vec::new();
    for (day, fresh) in by_day(events, &inserted) {
        let on_day = known_on(conn, tenant, day, &fresh, false).await?;
        let mut found: Vec<Uuid> = on_day.iter().map(|row| row.id).collect();
        // A pulled row that is posted as well has to learn that it is: it then survives the next pull. The folder does it.
        let mut done: Vec<Uuid> = on_day.into_iter().filter(|row| row.posted).map(|row| row.id).collect();
        let own: Vec<&MappedEvent> = fresh.iter().copied().filter(|event| event.own_id).collect();
        let others =
            (1..=OWN_ID_DAYS).flat_map(|n| [day.checked_sub_days(Days::new(n)), day.checked_add_days(Days::new(n))]);
        for other in others.flatten().filter(|other| !own.is_empty() && *other <= latest) {
            for row in known_on(conn, tenant, other, &own, true).await? {
                if !found.contains(&row.id) {
                    found.push(row.id);
                    done.push(row.id);
                }
            }
        }
        known += found.len();
        gone.extend(done.into_iter().map(|id| (day, id)));
    }
    withdraw(conn, tenant, &gone).await?;
    let waits = inserted.len() > gone.len();
    if waits {
        note_due(conn, tenant).await?;
    }
    let accepted = inserted.len() - known;
    Ok(Stored { accepted: accepted as u64, duplicates: (events.len() - accepted) as u64, waits })
}

/// The events that were inserted, by day.
fn by_day<'a>(events: &'a [MappedEvent], inserted: &[Uuid]) -> BTreeMap<NaiveDate, Vec<&'a MappedEvent>> {
    let inserted: HashSet<&Uuid> = inserted.iter().collect();
    let mut days: BTreeMap<NaiveDate, Vec<&MappedEvent>> = BTreeMap::new();
    for event in events.iter().filter(|event| inserted.contains(&event.event_id)) {
        days.entry(event.event_date).or_default().push(event);
    }
    days
}

/// Answers the ids that were not waiting already. An equal id of a request that is under way is waited for.
async fn insert(conn: &mut PgConnection, tenant: TenantId, events: &[MappedEvent]) -> anyhow::Result<Vec<Uuid>> {
    fn column<'a, T>(events: &'a [MappedEvent], of: impl Fn(&'a MappedEvent) -> T) -> Vec<T> {
        events.iter().map(of).collect()
    }
    let items: Vec<Option<String>> = column(events, |e| e.items.as_ref().map(ToString::to_string));
    let inserted = sqlx::query_scalar!(
        "insert into posted_events (tenant_id, event_date, event_id, kind, own_id, visit_id, event_timestamp,
             batch_page_id, batch_ordering_id, batch_event_index, user_pseudo_id, ga_session_id, web_user_id, ga_user_id,
             branch_id, event_count, page_location, page_title, extra, items, items_count, items_value, transaction_id,
             revenue, currency, amount, term)
         select $1, e.event_date, e.event_id, e.kind, e.own_id, e.visit_id, e.event_timestamp, e.batch_page_id,
             e.batch_ordering_id, e.batch_event_index, e.user_pseudo_id, e.ga_session_id, e.web_user_id, e.ga_user_id,
             e.branch_id, 1, e.page_location, e.page_title, e.extra::jsonb, e.items::jsonb, e.items_count, e.items_value,
             e.transaction_id, e.revenue, e.currency, e.amount, e.term
         from unnest($2::date[], $3::uuid[], $4::smallint[], $5::boolean[], $6::uuid[], $7::bigint[], $8::bigint[],
             $9::bigint[], $10::bigint[], $11::text[], $12::bigint[], $13::text[], $14::text[], $15::text[], $16::text[],
             $17::text[], $18::text[], $19::text[], $20::integer[], $21::numeric[], $22::text[], $23::numeric[],
             $24::text[], $25::numeric[], $26::text[])
             as e (event_date, event_id, kind, own_id, visit_id, event_timestamp, batch_page_id, batch_ordering_id,
             batch_event_index, user_pseudo_id, ga_session_id, web_user_id, ga_user_id, branch_id, page_location,
             page_title, extra, items, items_count, items_value, transaction_id, revenue, currency, amount, term)
         on conflict (tenant_id, event_date, event_id) do nothing
         returning event_id",
        tenant.0,
        &column(events, |e| e.event_date),
        &column(events, |e| e.event_id),
        &column(events, |e| e.kind as i16),
        &column(events, |e| e.own_id),
        column(events, |e| e.visit_id) as _,
        &column(events, |e| e.event_timestamp),
        column(events, |e| e.batch_page_id) as _,
        column(events, |e| e.batch_ordering_id) as _,
        column(events, |e| e.batch_event_index) as _,
        column(events, |e| e.user_pseudo_id.as_deref()) as _,
        column(events, |e| e.ga_session_id) as _,
        column(events, |e| e.web_user_id.as_deref()) as _,
        column(events, |e| e.ga_user_id.as_deref()) as _,
        column(events, |e| e.branch_id.as_deref()) as _,
        column(events, |e| e.page_location.as_deref()) as _,
        column(events, |e| e.page_title.as_deref()) as _,
        column(events, |e| e.extra.as_deref()) as _,
        items as _,
        &column(events, |e| e.items_count),
        &column(events, |e| e.items_value),
        column(events, |e| e.transaction_id.as_deref()) as _,
        column(events, |e| e.revenue) as _,
        column(events, |e| e.currency.as_deref()) as _,
        column(events, |e| e.amount) as _,
        column(events, |e| e.term.as_deref()) as _,
    )
    .fetch_all(conn)
    .await?;
    Ok(inserted)
}

struct KnownRow {
    id: Uuid,
    posted: bool,
}

/// Which of the events are in the tables of a day; with `waiting`, also those that wait for the folder. A probe of the
/// primary key for each: `limit` keeps the planner from reading the day instead, whatever it thinks of a new tenant.
async fn known_on(
    conn: &mut PgConnection,
    tenant: TenantId,
    day: NaiveDate,
    events: &[&MappedEvent],
    waiting: bool,
) -> anyhow::Result<Vec<KnownRow>> {
    let ids: Vec<Uuid> = events.iter().map(|event| event.event_id).collect();
    let kinds: Vec<i16> = events.iter().map(|event| event.kind as i16).collect();
    let rows = sqlx::query_as!(
        KnownRow,
        r#"select k.id as "id!", e.posted as "posted!"
           from unnest($3::uuid[], $4::smallint[]) as k (id, kind)
           cross join lateral (
               select e.posted from page_view e
               where k.kind = 1 and e.tenant_id = $1 and e.event_date = $2 and e.event_id = k.id
               union all
               select e.posted from view_item e
               where k.kind = 2 and e.tenant_id = $1 and e.event_date = $2 and e.event_id = k.id
               union all
               select e.posted from add_to_cart e
               where k.kind = 3 and e.tenant_id = $1 and e.event_date = $2 and e.event_id = k.id
               union all
               select e.posted from purchase e
               where k.kind = 4 and e.tenant_id = $1 and e.event_date = $2 and e.event_id = k.id
               union all
               select e.posted from view_search_results e
               where k.kind = 5 and e.tenant_id = $1 and e.event_date = $2 and e.event_id = k.id
               union all
               select e.posted from no_search_results e
               where k.kind = 6 and e.tenant_id = $1 and e.event_date = $2 and e.event_id = k.id
               union all
               select true from posted_events e
               where $5 and e.tenant_id = $1 and e.event_date = $2 and e.event_id = k.id
               limit 1
           ) e"#,
        tenant.0,
        day,
        &ids,
        &kinds,
        waiting,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Takes back what needs no folding, because it was folded before.
async fn withdraw(conn: &mut PgConnection, tenant: TenantId, gone: &[(NaiveDate, Uuid)]) -> anyhow::Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let (days, ids): (Vec<NaiveDate>, Vec<Uuid>) = gone.iter().copied().unzip();
    sqlx::query!(
        "delete from posted_events
         where ctid = any(array(
             select p.row from unnest($2::date[], $3::uuid[]) as k (day, id)
             cross join lateral (
                 select e.ctid as row from posted_events e
                 where e.tenant_id = $1 and e.event_date = k.day and e.event_id = k.id
                 limit 1
             ) p))",
        tenant.0,
        &days,
        &ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that the tenant's posts are to be looked at, for the folders of all processes. The row stays and is renewed hourly:
/// taking it away would race with the next post. Read first, so that posts do not queue for its lock.
async fn note_due(conn: &mut PgConnection, tenant: TenantId) -> anyhow::Result<()> {
    let noted = sqlx::query_scalar!(
        r#"select exists (
               select from due_work where tenant_id = $1 and kind = 'posted' and due_at > now() - interval '1 hour'
           ) as "noted!""#,
        tenant.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    if !noted {
        sqlx::query!(
            "insert into due_work as d (tenant_id, kind, due_at) values ($1, 'posted', now())
             on conflict (tenant_id, kind) do update set due_at = excluded.due_at
             where d.due_at < excluded.due_at - interval '1 hour'",
            tenant.0,
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}
