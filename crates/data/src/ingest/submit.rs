//! Making a job of files that an operator names: copied under DATA_ROOT first, queued then.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use common::auth::{Actor, audit};
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use serde_json::json;
use sqlx::PgPool;

use super::job::{NewJob, Origin, create};
use super::spool::{JobFolder, sync_folder};
use crate::source::SourceKind;

/// Copies the files into a new job's folder and queues the job. With an error nothing is left behind.
///
/// # Errors
/// There is no such tenant; a file that cannot be read, or two of one name; DATA_ROOT or the database.
pub async fn submit(
    pool: &PgPool,
    data_root: &Path,
    tenant: TenantId,
    mode: &str,
    files: &[PathBuf],
) -> anyhow::Result<JobId> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let known =
        sqlx::query_scalar!(r#"select exists (select from tenants where tenant_id = $1) as "known!""#, tenant.0)
            .fetch_one(tx.conn())
            .await?;
    drop(tx);
    if !known {
        bail!("there is no tenant {tenant}");
    }
    let job = JobId::generate();
    let folder = JobFolder::of(data_root, tenant, job);
    if let Err(error) = spool(&folder, files) {
        folder.remove()?;
        return Err(error);
    }
    // Failing here, the job may have been committed and the answer lost: the folder stays, and is swept if it was not.
    queue(pool, tenant, job, mode).await?;
    Ok(job)
}

fn spool(folder: &JobFolder, files: &[PathBuf]) -> anyhow::Result<()> {
    let incoming = folder.incoming();
    std::fs::create_dir_all(&incoming).context("cannot make the job's folder under DATA_ROOT")?;
    let mut names = HashSet::new();
    for file in files {
        if !file.is_file() {
            bail!("{} is no file that can be read", file.display());
        }
        let name = file.file_name().with_context(|| format!("{} has no name", file.display()))?;
        if !names.insert(name.to_owned()) {
            bail!("{} is given twice under the same name", file.display());
        }
        let copy = incoming.join(name);
        std::fs::copy(file, &copy).with_context(|| format!("cannot copy {} under DATA_ROOT", file.display()))?;
        std::fs::File::open(&copy).and_then(|f| f.sync_all()).context("cannot sync a file under DATA_ROOT")?;
    }
    incoming.ancestors().take(4).try_for_each(sync_folder)
}

async fn queue(pool: &PgPool, tenant: TenantId, job: JobId, mode: &str) -> anyhow::Result<()> {
    let new = NewJob {
        tenant,
        job,
        origin: Origin::Import,
        source: SourceKind::ExportFiles,
        is_scheduled: false,
        mode,
        data_types: &["events", "users", "locations"].map(String::from),
        range: None,
        idempotency_key: None,
        created_by: None,
    };
    let mut tx = TenantTx::begin(pool, tenant).await?;
    create(tx.conn(), &new).await?;
    let target = job.to_string();
    let details = json!({ "mode": mode });
    audit::note(tx.conn(), tenant, &Actor::operator(), "ingestion.imported", Some(&target), details).await?;
    tx.commit().await?;
    Ok(())
}
