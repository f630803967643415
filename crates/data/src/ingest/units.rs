//! Reading and landing the units of a job: while one lands, the next one is read.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{NaiveDate, Utc};
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use sqlx::PgPool;

use super::days::{add_events, days_done, note_day};
use super::job::JobRow;
use super::land::{Landed, Unloading, check_held};
use super::list_sources::ListSources;
use super::origin::source_of;
use super::progress::Progress;
use super::read::read_once;
use super::rejected;
use super::spool::{JobFolder, UnitFolder};
use super::summary::Summary;
use super::work::{End, Ingestion};
use crate::ga4::MappingSettings;
use crate::load::LandError;
use crate::sources::{Parsed, SinkOrder, SourceError, Unit};

/// Of the rejected rows of a job that failed because of them, so many are kept: enough to see what is wrong.
const REJECTED_OF_A_FAILED_JOB: usize = 1000;
/// How far ahead of now a client's clock may be, in microseconds.
const CLOCK_TOLERANCE: i64 = 24 * 3600 * 1_000_000;

/// A job in hand.
pub struct Working<'a> {
    pub ingestion: &'a Ingestion,
    pub tenant: TenantId,
    pub job: JobId,
    pub row: &'a JobRow,
    pub folder: &'a JobFolder,
    pub progress: &'a Progress,
}

impl Working<'_> {
    /// Works all of it; stopping is the caller's.
    ///
    /// # Errors
    /// Faults that may pass.
    pub async fn run(&self) -> anyhow::Result<End> {
        if self.row.cancel_requested {
            return Ok(End::Cancelled);
        }
        match self.units().await {
            Ok(landed) => Ok(End::Completed(landed)),
            Err(Halt::Ended(end)) => Ok(end),
            Err(Halt::Fault(error)) => Err(error),
        }
    }

    /// Reads and lands all units: while one lands, the next one is read.
    async fn units(&self) -> Result<Landed, Halt> {
        let Self { ingestion: Ingestion { pool, .. }, tenant, job, row, progress, .. } = *self;
        let (settings, currency) = mapping_settings(pool, tenant).await?;
        let done = days_done(pool, tenant, job).await?;
        let days: Vec<NaiveDate> = done.iter().map(|done| done.day).collect();
        let lists = ListSources::of(self.ingestion, tenant, row).await?;
        let source = source_of(self.ingestion, tenant, row, self.folder, &settings, &days).await?;
        let units = source.units().await?;
        if units.is_empty() && done.is_empty() && (lists.is_empty() || row.wants("events")) {
            return Err(Halt::Ended(End::Failed(source.nothing())));
        }
        progress.bytes_total.store(source.bytes_expected(), Ordering::Relaxed);
        let by_day = units.iter().all(|unit| unit.day.is_some());
        if by_day {
            // All of them before the first one is asked for: it costs quota, or money.
            let days: Vec<NaiveDate> = units.iter().filter_map(|unit| unit.day).collect();
            check_held(pool, tenant, &row.source, &days).await?;
            progress.begin_days(units.len(), &done);
        }
        let order = |unit: &Unit| SinkOrder {
            settings: settings.clone(),
            range: unit.day.map(|day| (day, day)).or(row.range()),
            tolerant: row.origin == "redrive",
            counters: Arc::clone(&progress.counters),
        };
        let mut left = units.iter();
        let read = async |unit: Option<&Unit>| match unit {
            Some(unit) => read_once(source.as_ref(), unit, &self.folder.unit(unit), order(unit)).await.map(Some),
            None => Ok(None),
        };
        let mut summary = Summary::default();
        let mut landed = Landed::default();
        let mut unit = left.next();
        let mut parsed = read(unit).await?;
        while let (Some(reading), Some(found)) = (unit, parsed) {
            if !by_day {
                self.count_files(&found, done.len());
                summary.add(&found);
            }
            let next = left.next();
            // A day that cannot be read keeps no other one from landing.
            let following = async { Ok(read(next).await) };
            let ((), following) = tokio::try_join!(self.unload(reading, &found, &mut landed), following)?;
            parsed = following?;
            unit = next;
        }
        add_events(pool, tenant, job, &mut landed.records).await?;
        for done in days_done(pool, tenant, job).await? {
            summary.add_day(done.day, done.found);
        }
        landed.warnings = summary.warnings(row, &currency);
        // Last, so that a list that cannot be had keeps no day waiting.
        lists.take(self.folder, &mut landed).await?;
        Ok(landed)
    }

    /// How many days files hold is known once they are read, which an earlier attempt may have done, as it may `done` of them.
    fn count_files(&self, found: &Parsed, done: usize) {
        let progress = self.progress;
        progress.days_before.store(done as u64, Ordering::Relaxed);
        progress.days_done.store(done as u64, Ordering::Relaxed);
        progress.counters.bytes.store(progress.bytes_total.load(Ordering::Relaxed), Ordering::Relaxed);
        progress.days_total.store(found.days.len() as u64, Ordering::Relaxed);
    }

    /// Stores what was rejected, lands the rest.
    async fn unload(&self, unit: &Unit, found: &Parsed, landed: &mut Landed) -> Result<(), Halt> {
        let Self { ingestion: Ingestion { pool, .. }, tenant, job, row, progress, .. } = *self;
        let folder = self.folder.unit(unit);
        self.store_rejected(&folder, found).await?;
        if let Some(reason) = &found.refused {
            return Err(Halt::Ended(End::Failed(reason.clone())));
        }
        if let (Some(without), Some(day)) = (found.without, unit.day) {
            note_day(pool, tenant, job, day, without, found).await?;
            progress.days_done.fetch_add(1, Ordering::Relaxed);
        }
        let unloading = Unloading { pool, tenant, job, row, folder: &folder, progress, day: unit.day };
        let result = unloading.land(found, landed).await;
        if matches!(result, Ok(()) | Err(LandError::Damaged { .. })) {
            folder.remove()?;
        }
        Ok(result?)
    }

    async fn store_rejected(&self, folder: &UnitFolder, found: &Parsed) -> anyhow::Result<()> {
        let limit = if found.refused.is_some() { REJECTED_OF_A_FAILED_JOB } else { usize::MAX };
        let files: Vec<String> = found.files.iter().map(|file| file.name.clone()).collect();
        let left_out = found.rejected().saturating_sub(limit as u64);
        let mut tx = TenantTx::begin(&self.ingestion.pool, self.tenant).await?;
        sqlx::query("set local statement_timeout = 0").execute(tx.conn()).await?;
        rejected::store(tx.conn(), self.tenant, self.job, &files, &folder.rejected_file(), limit).await?;
        sqlx::query!(
            "update ingestion_jobs j
             set rejected = $3 + (select count(*) from rejected_rows r where r.tenant_id = $1 and r.job_id = $2)
             where j.tenant_id = $1 and j.job_id = $2",
            self.tenant.0,
            self.job.0,
            i64::try_from(left_out).unwrap_or(i64::MAX),
        )
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Why the work stops before all units have landed.
enum Halt {
    Ended(End),
    /// It may pass.
    Fault(anyhow::Error),
}

impl From<SourceError> for Halt {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Refused(reason) => Self::Ended(End::Failed(reason)),
            SourceError::Wait { until, reason, fault } => Self::Ended(End::Waiting { until, reason, fault }),
            SourceError::Stopped => Self::Fault(anyhow::anyhow!("stopped")),
            SourceError::Failed(error) => Self::Fault(error),
        }
    }
}

impl From<LandError> for Halt {
    fn from(error: LandError) -> Self {
        match error {
            LandError::Held(reason) => Self::Ended(End::Failed(reason)),
            LandError::Other(error) => Self::Fault(error),
            error @ LandError::Damaged { .. } => Self::Fault(error.into()),
        }
    }
}

impl From<anyhow::Error> for Halt {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(error)
    }
}

impl From<sqlx::Error> for Halt {
    fn from(error: sqlx::Error) -> Self {
        Self::Fault(error.into())
    }
}

async fn mapping_settings(pool: &PgPool, tenant: TenantId) -> anyhow::Result<(MappingSettings, String)> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let row = sqlx::query!(
        "select currency, user_property, branch_property, failed_search_aliases from tenants where tenant_id = $1",
        tenant.0,
    )
    .fetch_one(tx.conn())
    .await?;
    let settings = MappingSettings {
        currency: row.currency.clone(),
        user_property: row.user_property,
        branch_property: row.branch_property,
        failed_search_aliases: row.failed_search_aliases,
        latest_timestamp: Utc::now().timestamp_micros() + CLOCK_TOLERANCE,
    };
    Ok((settings, row.currency))
}
