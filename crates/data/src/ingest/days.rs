//! A job's notes of its days: which it has done with, what reading them found, and how many events they have.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use sqlx::PgPool;
use sqlx::types::Json;

use crate::sources::{Found, Parsed, Without};

/// A day that the job has done with.
#[derive(Debug)]
pub struct DayDone {
    pub day: NaiveDate,
    /// Empty for a day of files, of which reading found what it found in all days at once.
    pub found: Found,
}

/// The days that the job has done with: landed, or looked at and left as they are; the newest first.
///
/// # Errors
/// The database is away.
pub async fn days_done(pool: &PgPool, tenant: TenantId, job: JobId) -> Result<Vec<DayDone>, sqlx::Error> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let rows = sqlx::query!(
        r#"select day, found as "found!: Json<Found>" from ingestion_job_days
           where tenant_id = $1 and job_id = $2
           order by day desc"#,
        tenant.0,
        job.0,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| DayDone { day: row.day, found: row.found.0 }).collect())
}

/// Notes a day that was looked at and left as it is. Where its table is what it was, and GA4 will not change it any more, the
/// day is final from here on.
///
/// # Errors
/// The database is away.
pub async fn note_day(
    pool: &PgPool,
    tenant: TenantId,
    job: JobId,
    day: NaiveDate,
    why: Without,
    parsed: &Parsed,
) -> anyhow::Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query!(
        "insert into ingestion_job_days (tenant_id, job_id, day, events, outcome, found) values ($1, $2, $3, '{}', $4, $5)
         on conflict do nothing",
        tenant.0,
        job.0,
        day,
        why.as_str(),
        serde_json::to_value(parsed.found())?,
    )
    .execute(tx.conn())
    .await?;
    if let Some(table) = parsed.table.as_ref().filter(|_| parsed.is_final && why == Without::Unchanged) {
        sqlx::query!(
            "update ingested_days set final = true
             where tenant_id = $1 and day = $2 and source = 'bigquery' and table_name = $3 and table_modified = $4",
            tenant.0,
            day,
            table.name,
            table.modified,
        )
        .execute(tx.conn())
        .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Events by table over all days of the job, those of earlier attempts included.
///
/// # Errors
/// The database is away.
pub async fn add_events(
    pool: &PgPool,
    tenant: TenantId,
    job: JobId,
    records: &mut BTreeMap<String, i64>,
) -> Result<(), sqlx::Error> {
    for table in ["page_view", "purchase", "add_to_cart", "view_item", "view_search_results", "no_search_results"] {
        records.insert(table.into(), 0);
    }
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let counts = sqlx::query!(
        r#"select e.key as "table_name!", sum(e.value::bigint)::bigint as "events!"
           from ingestion_job_days d, jsonb_each_text(d.events) e
           where d.tenant_id = $1 and d.job_id = $2
           group by e.key"#,
        tenant.0,
        job.0,
    )
    .fetch_all(tx.conn())
    .await?;
    for count in counts {
        records.insert(count.table_name, count.events);
    }
    Ok(())
}
