//! The second half of a unit: what was read goes into the database, lists first, then day by day, newest first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::NaiveDate;
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use futures::TryStreamExt;
use futures::stream::FuturesOrdered;
use sqlx::PgPool;

use super::days::days_done;
use super::job::JobRow;
use super::lists;
use super::progress::Progress;
use super::spool::UnitFolder;
use crate::load::{DayOutcome, LandError, Landing, land_day};
use crate::source::SourceKind;
use crate::sources::{Counters, Found, Parsed, Warning};

/// Days in hand: while one makes its visits, the next one copies its rows.
const DAYS_AT_ONCE: usize = 2;

/// What landing added up to.
#[derive(Debug, Default)]
pub struct Landed {
    pub records: BTreeMap<String, i64>,
    pub warnings: Vec<String>,
}

impl Landed {
    /// Counts records of a kind.
    pub fn add(&mut self, kind: &str, records: u64) {
        let records = i64::try_from(records).unwrap_or(i64::MAX);
        let sum = self.records.entry(kind.to_owned()).or_default();
        *sum = sum.saturating_add(records);
    }
}

/// A job that lands, and where its unit's rows are.
pub struct Unloading<'a> {
    pub pool: &'a PgPool,
    pub tenant: TenantId,
    pub job: JobId,
    pub row: &'a JobRow,
    pub folder: &'a UnitFolder,
    pub progress: &'a Progress,
    /// The one day of the unit; none where it holds many.
    pub day: Option<NaiveDate>,
}

impl Unloading<'_> {
    /// Lands a unit's lists and days. Days that the job has committed before are left out, so a resumed job goes on where
    /// it was.
    ///
    /// # Errors
    /// [`LandError::Held`] when a day is held by a source of higher rank; the machine's faults.
    pub async fn land(&self, parsed: &Parsed, landed: &mut Landed) -> Result<(), LandError> {
        let Self { pool, tenant, job, row, folder, progress, day: of_day } = *self;
        if parsed.users + parsed.locations > 0 {
            let mut tx = TenantTx::begin(pool, tenant).await?;
            sqlx::query("set local statement_timeout = 0").execute(tx.conn()).await?;
            lists::land(tx.conn(), tenant, &folder.lists_file()).await?;
            tx.commit().await?;
            landed.add("users_processed", parsed.users);
            landed.add("locations_processed", parsed.locations);
        }
        let days: Vec<NaiveDate> = parsed.days.keys().copied().collect();
        check_held(pool, tenant, &row.source, &days).await?;
        let done = days_done(pool, tenant, job).await?;
        let mut left = parsed.days.iter().rev().filter(|(day, _)| done.iter().all(|done| done.day != **day));
        let mut found = if of_day.is_some() { parsed.found() } else { Found::default() };
        if let Some(day) = of_day.filter(|_| row.source == SourceKind::DataApi.as_str()) {
            found.warnings.extend(posted_beside(pool, tenant, day).await?);
        }
        let mut in_hand = FuturesOrdered::new();
        loop {
            in_hand.extend(left.by_ref().take(DAYS_AT_ONCE - in_hand.len()).map(|(day, report)| {
                let landing = Landing {
                    tenant,
                    job,
                    day: *day,
                    day_file: folder.day_file(*day, report.shard),
                    records: report.records,
                    source: row.source.clone(),
                    shard: report.shard.as_str(),
                    mode: row.mode.clone(),
                    table: parsed.table.clone(),
                    is_final: parsed.is_final,
                    found: found.clone(),
                };
                land_one(pool.clone(), landing, Arc::clone(&progress.counters))
            }));
            // The first day that fails ends the job; the other one in hand is rolled back with it.
            let Some((day, outcome)) = in_hand.try_next().await? else { return Ok(()) };
            progress.days_done.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(%job, %day, events = outcome.events.values().sum::<i64>(), "a day has landed");
        }
    }
}

/// Before anything lands: a day that a source of higher rank holds fails the job whole. The landing itself looks again.
///
/// # Errors
/// [`LandError::Held`], or the database is away.
pub async fn check_held(pool: &PgPool, tenant: TenantId, source: &str, days: &[NaiveDate]) -> Result<(), LandError> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let held = sqlx::query!(
        "select d.day, d.source from ingested_days d
         where d.tenant_id = $1 and d.day = any($2)
             and array_position(array['data_api', 'export_files', 'bigquery'], d.source)
                 > array_position(array['data_api', 'export_files', 'bigquery'], $3)
         order by d.day limit 1",
        tenant.0,
        days,
        source,
    )
    .fetch_optional(tx.conn())
    .await?;
    match held {
        Some(held) => Err(LandError::Held(format!(
            "day {} is held by source {}, which ranks above {source}",
            held.day, held.source
        ))),
        None => Ok(()),
    }
}

/// Sums of the Data API cannot be told from events that were posted: what both have counts twice, and is said to.
async fn posted_beside(pool: &PgPool, tenant: TenantId, day: NaiveDate) -> Result<Option<Warning>, sqlx::Error> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let posted = sqlx::query_scalar!(
        r#"select exists (select from page_view where tenant_id = $1 and event_date = $2 and posted)
               or exists (select from view_item where tenant_id = $1 and event_date = $2 and posted)
               or exists (select from add_to_cart where tenant_id = $1 and event_date = $2 and posted)
               or exists (select from purchase where tenant_id = $1 and event_date = $2 and posted)
               or exists (select from view_search_results where tenant_id = $1 and event_date = $2 and posted)
               or exists (select from no_search_results where tenant_id = $1 and event_date = $2 and posted) as "posted!""#,
        tenant.0,
        day,
    )
    .fetch_one(tx.conn())
    .await?;
    let text = "events were posted too: those that Google's sums hold as well count twice";
    Ok(posted.then(|| Warning::new(text.into())))
}

/// On a task of its own: when this job is dropped, the task still ends its conversation with the server, and lands nothing.
async fn land_one(
    pool: PgPool,
    landing: Landing,
    counters: Arc<Counters>,
) -> Result<(NaiveDate, DayOutcome), LandError> {
    let landed = tokio::spawn(async move {
        let outcome = land_day(&pool, &landing, &counters.cancelled).await?;
        Ok((landing.day, outcome))
    });
    landed.await.map_err(|error| LandError::Other(error.into()))?
}
