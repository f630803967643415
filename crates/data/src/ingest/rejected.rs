//! Rows that were not taken, stored with the job: spooled while a unit was read.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use common::ids::{JobId, TenantId};
use sqlx::PgConnection;

use crate::sources::RejectedRow;

/// Rows stored by one statement: 100 of them are at most 6 MiB.
const BATCH: usize = 100;

/// Stores the spooled rows of a unit with the job, at most `limit`; replaces what an earlier attempt stored of the same
/// files. Memory: one batch.
///
/// # Errors
/// The spool cannot be read or the database is away.
pub async fn store(
    conn: &mut PgConnection,
    tenant: TenantId,
    job: JobId,
    files: &[String],
    spool: &Path,
    limit: usize,
) -> anyhow::Result<()> {
    sqlx::query!(
        "delete from rejected_rows where tenant_id = $1 and job_id = $2 and file = any($3)",
        tenant.0,
        job.0,
        files,
    )
    .execute(&mut *conn)
    .await?;
    let mut stored = sqlx::query_scalar!(
        r#"select coalesce(max(rejected_no), 0) as "last!" from rejected_rows where tenant_id = $1 and job_id = $2"#,
        tenant.0,
        job.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    let mut lines = BufReader::new(File::open(spool)?).lines().take(limit);
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
