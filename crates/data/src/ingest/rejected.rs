//! Rows that were not taken: spooled while a file is read, stored with the job.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use common::ids::{JobId, TenantId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

/// A longer row is cut, visibly.
const LONGEST_RAW: usize = 64 * 1024;
/// Rows stored by one statement: 100 of them are at most 6 MiB.
const BATCH: usize = 100;

/// The text, or as much of it as fits into `longest` bytes, visibly cut.
pub fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{} … (cut)", &text[..end])
}

/// One malformed row.
#[derive(Debug, Serialize, Deserialize)]
pub struct RejectedRow {
    file: String,
    line: u64,
    reason: String,
    raw: String,
}

impl RejectedRow {
    pub fn new(file: &str, line: u64, reason: &str, raw: &str) -> Self {
        let raw = cut(&raw.replace('\0', "\u{fffd}"), LONGEST_RAW);
        Self { file: file.to_owned(), line, reason: reason.replace('\0', "\u{fffd}"), raw }
    }

    /// # Errors
    /// The disk is full.
    pub fn write(&self, out: &mut impl Write) -> anyhow::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")?;
        Ok(())
    }
}

/// Stores the spooled rows with the job, at most `limit`; replaces what an earlier attempt stored. Memory: one batch.
///
/// # Errors
/// The spool cannot be read or the database is away.
pub async fn store(
    conn: &mut PgConnection,
    tenant: TenantId,
    job: JobId,
    spool: &Path,
    limit: usize,
) -> anyhow::Result<()> {
    sqlx::query!("delete from rejected_rows where tenant_id = $1 and job_id = $2", tenant.0, job.0)
        .execute(&mut *conn)
        .await?;
    let mut lines = BufReader::new(File::open(spool)?).lines().take(limit);
    let mut stored = 0i64;
    loop {
        let rows: Vec<RejectedRow> = lines
            .by_ref()
            .take(BATCH)
            .map(|line| anyhow::Ok(serde_json::from_str(&line?)?))
            .collect::<Result<_, _>>()?;
        if rows.is_empty() {
            return Ok(());
        }
        let numbers: Vec<i64> = (stored + 1..).take(rows.len()).collect();
        stored += numbers.len() as i64;
        let files: Vec<String> = rows.iter().map(|r| r.file.clone()).collect();
        let at: Vec<i64> = rows.iter().map(|r| i64::try_from(r.line).unwrap_or(i64::MAX)).collect();
        let reasons: Vec<String> = rows.iter().map(|r| r.reason.clone()).collect();
        let raws: Vec<String> = rows.into_iter().map(|r| r.raw).collect();
        sqlx::query!(
            "insert into rejected_rows (tenant_id, job_id, rejected_no, file, line, reason, raw)
             select $1, $2, r.no, r.file, r.line, r.reason, r.raw
             from unnest($3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::text[]) as r (no, file, line, reason, raw)",
            tenant.0,
            job.0,
            &numbers,
            &files,
            &at,
            &reasons,
            &raws,
        )
        .execute(&mut *conn)
        .await?;
    }
}
