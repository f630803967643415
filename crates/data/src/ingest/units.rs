//! Reading and landing the units of a job: while one lands, the next one is read.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::Utc;
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use sqlx::PgPool;

use super::job::JobRow;
use super::land::{Landed, Unloading, add_events, days_done, note_day};
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
            Ok(end) => Ok(end),
            Err(SourceError::Refused(reason)) => Ok(End::Failed(reason)),
            Err(SourceError::Wait { until, reason, fault }) => Ok(End::Waiting { until, reason, fault }),
            Err(SourceError::Stopped) => Err(anyhow::anyhow!("stopped")),
            Err(SourceError::Failed(error)) => Err(error),
        }
    }

    /// Reads and lands all units: while one lands, the next one is read.
    async fn units(&self) -> Result<End, SourceError> {
        let Self { ingestion, tenant, job, row, progress, .. } = *self;
        let (settings, currency) = mapping_settings(&ingestion.pool, tenant).await?;
        let done = days_done(&ingestion.pool, tenant, job).await.map_err(anyhow::Error::from)?;
        let lists = ListSources::of(ingestion, tenant, row).await?;
        let source = source_of(ingestion, tenant, row, self.folder, &settings, &done).await?;
        let units = source.units().await?;
        if units.is_empty() && done.is_empty() && (lists.is_empty() || row.wants("events")) {
            return Ok(End::Failed(source.nothing()));
        }
        progress.bytes_total.store(source.bytes_expected(), Ordering::Relaxed);
        let by_day = units.iter().all(|unit| unit.day.is_some());
        progress.by_day.store(by_day, Ordering::Relaxed);
        if by_day {
            progress.days_total.store((units.len() + done.len()) as u64, Ordering::Relaxed);
            progress.days_done.store(done.len() as u64, Ordering::Relaxed);
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
                self.count_files(&found);
            }
            summary.add(reading, &found);
            let next = left.next();
            let end;
            (end, parsed) = tokio::try_join!(self.unload(reading, &found, &mut landed), read(next))?;
            if let Some(end) = end {
                return Ok(end);
            }
            unit = next;
        }
        // Last, so that a list that cannot be had keeps no day waiting.
        lists.take(self.folder, &mut landed).await?;
        add_events(&ingestion.pool, tenant, job, &mut landed.records).await.map_err(anyhow::Error::from)?;
        landed.warnings.extend(summary.warnings(row, &currency));
        Ok(End::Completed(landed))
    }

    /// Files may have been read by an earlier attempt; how many days they hold is known once they are.
    fn count_files(&self, found: &Parsed) {
        let progress = self.progress;
        if progress.counters.rows.load(Ordering::Relaxed) == 0 {
            progress.counters.rows.store(found.rows(), Ordering::Relaxed);
            progress.counters.bytes.store(progress.bytes_total.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        progress.days_total.store(found.days.len() as u64, Ordering::Relaxed);
    }

    /// Stores what was rejected, lands the rest. Answers the job's end where there is nothing more to do.
    async fn unload(&self, unit: &Unit, found: &Parsed, landed: &mut Landed) -> Result<Option<End>, SourceError> {
        let Self { ingestion: Ingestion { pool, .. }, tenant, job, row, progress, .. } = *self;
        let folder = self.folder.unit(unit);
        self.store_rejected(&folder, found).await?;
        if let Some(reason) = &found.refused {
            return Ok(Some(End::Failed(reason.clone())));
        }
        if let (Some(without), Some(day)) = (found.without, unit.day) {
            note_day(pool, tenant, job, day, without.as_str()).await.map_err(anyhow::Error::from)?;
            progress.days_done.fetch_add(1, Ordering::Relaxed);
        }
        let unloading = Unloading { pool, tenant, job, row, folder: &folder, progress };
        match unloading.land(found, landed).await {
            Ok(()) => folder.remove()?,
            Err(LandError::Held(reason)) => return Ok(Some(End::Failed(reason))),
            Err(error @ LandError::Damaged { .. }) => {
                folder.remove()?;
                return Err(SourceError::Failed(error.into()));
            }
            Err(LandError::Other(error)) => return Err(SourceError::Failed(error)),
        }
        Ok(None)
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
