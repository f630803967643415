//! Rows on their way through posting: mapped, numbered, posted in parts, folded, and the tables compared.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use chrono::NaiveDate;
use common::db::TenantTx;
use data_service::ga4::{Mapped, MappingSettings, read_row};
use data_service::load::{copy_staged, encode_event};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};
use testkit::oracle::TenantSettings;

use crate::support::{Shop, TABLES, assert_same};

pub type Tables = Vec<(String, Vec<String>)>;

/// Columns of staging and of `posted_events` alike.
const COLUMNS: &str = "kind, event_date, event_id, own_id, visit_id, event_timestamp, batch_page_id, batch_ordering_id,
    batch_event_index, user_pseudo_id, ga_session_id, web_user_id, ga_user_id, branch_id, event_count, page_location,
    page_title, extra, items, items_count, items_value, transaction_id, revenue, currency, amount, term";

/// What `fold_posted_events` answered.
#[derive(Debug, serde::Deserialize, PartialEq)]
pub struct Folded {
    pub folded: i64,
    pub left: bool,
    pub busy: bool,
}

/// As the ingestion maps and encodes them, by day; rows that say nothing are left out.
fn mapped(settings: &TenantSettings, rows: &[Value]) -> BTreeMap<NaiveDate, Vec<u8>> {
    let mut aliases = settings.failed_search_aliases.clone();
    aliases.push("view_search_results_no_results".to_owned());
    let settings = MappingSettings {
        currency: settings.currency.clone(),
        user_property: settings.user_property.clone(),
        branch_property: settings.branch_property.clone(),
        failed_search_aliases: aliases,
        latest_timestamp: i64::MAX,
    };
    let mut days: BTreeMap<NaiveDate, Vec<u8>> = BTreeMap::new();
    for row in rows {
        if let Mapped::Event(event) = read_row(row.to_string().as_bytes(), &settings).unwrap() {
            encode_event(&event, days.entry(event.event_date).or_default()).unwrap();
        }
    }
    days
}

/// Stages the rows day by day, equal ones numbered as a load numbers them, and inserts them into `table`.
async fn stage_into(shop: &Shop, settings: &TenantSettings, rows: &[Value], table: &str) -> Vec<NaiveDate> {
    let days = mapped(settings, rows);
    for records in days.values() {
        let file = shop.file("staged", records);
        let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
        copy_staged(tx.conn(), &file, &AtomicBool::new(false)).await.unwrap();
        sqlx::query("select number_staged_events()").execute(tx.conn()).await.unwrap();
        let insert = format!(
            "insert into {table} (tenant_id, {COLUMNS}) select $1, {COLUMNS} from staged_events s
             order by s::text on conflict do nothing"
        );
        sqlx::query(AssertSqlSafe(insert)).bind(shop.tenant).execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    }
    days.into_keys().collect()
}

/// Rows posted by a tenant of the usual settings in UTC.
pub async fn post_rows(shop: &Shop, rows: &[Value]) {
    let settings = TenantSettings { zone: chrono_tz::UTC, ..TenantSettings::default() };
    stage_into(shop, &settings, rows, "posted_events").await;
}

/// Rows posted and folded.
pub async fn post_and_fold(shop: &Shop, rows: &[Value]) {
    post_rows(shop, rows).await;
    let days = sqlx::query_scalar::<_, NaiveDate>("select distinct event_date from posted_events")
        .fetch_all(&shop.db.owner)
        .await
        .unwrap();
    fold_all(shop, &days, 1000).await;
}

/// Rows that wait to be posted or pulled, in a table of the test's own (`held_events`). The same rows get the same numbers
/// `n` in every shop. Answers their days.
pub async fn hold(shop: &Shop, settings: &TenantSettings, rows: &[Value]) -> Vec<NaiveDate> {
    sqlx::raw_sql(
        "create table held_events (n bigint generated always as identity, like posted_events);
         grant select, insert, update, delete on held_events to ga_services",
    )
    .execute(&shop.db.owner)
    .await
    .unwrap();
    let days = stage_into(shop, settings, rows, "held_events").await;
    for day in &days {
        sqlx::query("select ensure_event_partitions($1)").bind(day).execute(&shop.db.app).await.unwrap();
    }
    days
}

/// The numbers of the held events.
pub async fn held(shop: &Shop) -> Vec<i64> {
    sqlx::query_scalar("select n from held_events order by n").fetch_all(&shop.db.owner).await.unwrap()
}

/// Posts held events. Answers those that must be posted again later: another event of that identity waits (only events
/// that are not landed are no more than their identity).
pub async fn post(shop: &Shop, numbers: &[i64]) -> Vec<i64> {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    let post = format!(
        "with posted as (
             insert into posted_events (tenant_id, {COLUMNS})
             select distinct on (event_date, event_id) tenant_id, {COLUMNS}
             from held_events
             where n = any($1)
             order by event_date, event_id, n
             on conflict do nothing
             returning event_date, event_id
         )
         select min(h.n) from held_events h
         join posted p on p.event_date = h.event_date and p.event_id = h.event_id
         where h.n = any($1)
         group by h.event_date, h.event_id"
    );
    let posted: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(post)).bind(numbers).fetch_all(tx.conn()).await.unwrap();
    let again: Vec<i64> =
        sqlx::query_scalar("select n from held_events where n = any($1) and n <> all($2) and kind = 0")
            .bind(numbers)
            .bind(&posted)
            .fetch_all(tx.conn())
            .await
            .unwrap();
    tx.commit().await.unwrap();
    again
}

/// Pulls held events of a day.
pub async fn pull(shop: &Shop, day: NaiveDate, mode: &str, numbers: &[i64]) {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query("select open_staged_events()").execute(tx.conn()).await.unwrap();
    let stage = format!(
        "insert into staged_events ({COLUMNS}) select {COLUMNS} from held_events where n = any($1) and event_date = $2"
    );
    sqlx::query(AssertSqlSafe(stage)).bind(numbers).bind(day).execute(tx.conn()).await.unwrap();
    sqlx::query("select load_staged_day($1, $2, 'export_files', 'daily', $3, null)")
        .bind(shop.tenant)
        .bind(day)
        .bind(mode)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// One call, in the connection's transaction.
pub async fn fold(conn: &mut PgConnection, shop: &Shop, day: NaiveDate, limit: i32) -> Folded {
    sqlx::query_scalar::<_, sqlx::types::Json<Folded>>("select fold_posted_events($1, $2, $3)")
        .bind(shop.tenant)
        .bind(day)
        .bind(limit)
        .fetch_one(conn)
        .await
        .unwrap()
        .0
}

/// One call, committed.
pub async fn fold_once(shop: &Shop, day: NaiveDate, limit: i32) -> Folded {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    let folded = fold(tx.conn(), shop, day, limit).await;
    tx.commit().await.unwrap();
    folded
}

/// Until nothing waits.
pub async fn fold_all(shop: &Shop, days: &[NaiveDate], limit: i32) {
    for day in days {
        while fold_once(shop, *day, limit).await.left {}
    }
}

/// Every table as text, as it is in the connection's transaction.
pub async fn tables_in(conn: &mut PgConnection) -> Tables {
    let mut tables = Vec::new();
    for (table, order) in TABLES {
        let sql = format!("select (to_jsonb(t) - 'tenant_id')::text from {table} t order by {order}");
        let rows = sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).fetch_all(&mut *conn).await.unwrap();
        tables.push((table.to_owned(), rows));
    }
    tables
}

/// The tables with no regard to which way an event came: nothing is posted, and of what posted and pulled events say of
/// a visit the last in event order stands.
pub async fn whatever_the_way(shop: &Shop) -> Tables {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    let mut tables = tables_in(tx.conn()).await;
    let last = sqlx::query_scalar(
        "select distinct on (visit_id, event_date, kind) (to_jsonb(i) - 'tenant_id')::text from visit_identities i
         order by visit_id, event_date, kind, event_timestamp desc, batch_page_id desc, batch_ordering_id desc,
             batch_event_index desc, event_id desc",
    )
    .fetch_all(tx.conn())
    .await
    .unwrap();
    for (table, rows) in &mut tables {
        if table == "visit_identities" {
            rows.clone_from(&last);
        }
        for row in rows {
            *row = row.replace(r#""posted": true"#, r#""posted": false"#);
        }
    }
    tables
}

/// What is kept is what the events say, to the byte.
pub async fn assert_kept_right(shop: &Shop) {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    let kept = tables_in(tx.conn()).await;
    sqlx::query("select rebuild_rollups($1)").bind(shop.tenant).execute(tx.conn()).await.unwrap();
    assert_same(&kept, &tables_in(tx.conn()).await);
}
