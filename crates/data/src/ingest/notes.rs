//! What was found while a day was read, kept with the day: a job that waits or is taken up elsewhere says it all in the end.

use chrono::NaiveDate;
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::types::Json;

use crate::sources::{Parsed, Warning, Without};

/// The notes of one day.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DayNotes {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// Events with an amount in a currency that cannot be counted.
    pub foreign_amounts: u64,
}

impl DayNotes {
    /// Of a day that was read by itself.
    pub fn of(found: &Parsed) -> Self {
        let mut warnings: Vec<Warning> = malformed(found).collect();
        warnings.extend(found.warnings.iter().cloned());
        if found.without == Some(Without::Absent) {
            warnings.push(Warning::new("GA4 has no table of this day (yet)".into()));
        }
        Self { warnings, foreign_amounts: found.foreign_amounts }
    }

    /// As it is stored.
    ///
    /// # Errors
    /// None that a note could cause.
    pub fn to_json(&self) -> anyhow::Result<serde_json::Value> {
        Ok(serde_json::to_value(self)?)
    }
}

/// Rows that were not taken, file by file.
pub fn malformed(found: &Parsed) -> impl Iterator<Item = Warning> {
    found.files.iter().filter(|file| file.rejected > 0).map(|file| {
        let first = file.first_rejected.as_deref().unwrap_or_default();
        let text = format!("{}: {} malformed rows were not taken; the first one, {first}", file.name, file.rejected);
        Warning::new(text)
    })
}

/// What was noted of the job's days.
///
/// # Errors
/// The database is away.
pub async fn of_days(pool: &PgPool, tenant: TenantId, job: JobId) -> Result<Vec<(NaiveDate, DayNotes)>, sqlx::Error> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let rows = sqlx::query!(
        r#"select day, notes as "notes!: Json<DayNotes>" from ingestion_job_days
           where tenant_id = $1 and job_id = $2 and notes <> '{}'
           order by day desc"#,
        tenant.0,
        job.0,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.day, row.notes.0)).collect())
}
