//! Mails about no report: what is in them, and the look for tenants that have some waiting, or whose work was lost.

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use common::{db::TenantTx, ids::TenantId};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{Mailer, deliver::is_outage};
use crate::email::{
    render::{InvitationMail, Rendered},
    sending::job,
};

/// What the content is sealed for; auth-service seals it.
const PURPOSE: &str = "mail_outbox.content_sealed";
const EVERY: Duration = Duration::from_secs(1);
/// Tenants in one look.
const AT_ONCE: i64 = 100;

/// Has waiting mails of the outbox worked off, and those whose entry in the queue was lost, until `stop`.
pub(super) async fn keep_waking(pool: PgPool, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = wake_due(&pool, Utc::now()).await {
            tracing::warn!(error = format!("{error:#}"), "waiting mails could not be looked for");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Queues the work of each tenant with mails of the outbox that are due at `now`, or with mails that nobody works off; answers how
/// many tenants these were.
///
/// # Errors
/// The database is away.
pub async fn wake_due(pool: &PgPool, now: DateTime<Utc>) -> anyhow::Result<usize> {
    let due = sqlx::query_scalar!(
        r#"select tenant_id as "tenant_id: TenantId" from due_work where kind in ('outbox', 'mails') and due_at <= $1
           group by tenant_id order by min(due_at) limit $2"#,
        now,
        AT_ONCE,
    )
    .fetch_all(pool)
    .await?;
    for tenant in &due {
        match wake_one(pool, *tenant, now).await {
            Ok(()) => {}
            Err(error) if is_outage(&error) => return Err(error),
            // It comes first in every look: it must not keep the others from theirs.
            Err(error) => tracing::error!(%tenant, error = format!("{error:#}"), "a tenant's mails cannot be woken"),
        }
    }
    Ok(due.len())
}

async fn wake_one(pool: &PgPool, tenant: TenantId, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    // Before any row is held: who wakes holds this first as well.
    job::alone(tx.conn(), tenant).await?;
    let taken = sqlx::query_scalar!(
        "delete from due_work d using (
             select tenant_id, kind from due_work
             where tenant_id = $1 and kind in ('outbox', 'mails') and due_at <= $2
             for update skip locked) w
         where d.tenant_id = w.tenant_id and d.kind = w.kind
         returning d.kind",
        tenant.uuid(),
        now,
    )
    .fetch_all(tx.conn())
    .await?;
    if !taken.is_empty() {
        job::wake(tx.conn(), tenant, None).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The mail of a sealed row.
///
/// # Errors
/// It was sealed with another key, or is of a kind that this build does not know.
pub(super) fn rendered(mailer: &Mailer, tenant: TenantId, kind: &str, sealed: &[u8]) -> anyhow::Result<Rendered> {
    let content = mailer.sealer.open(tenant, PURPOSE, sealed).context("what is in the mail cannot be read")?;
    match kind {
        "invitation" => {
            let mail: InvitationMail = serde_json::from_slice(content.expose_secret())
                // The error's text could repeat what is in it.
                .map_err(|_| anyhow::anyhow!("what is in the mail is not that of an invitation"))?;
            mailer.renderer.invitation(&mail)
        }
        other => anyhow::bail!("this build sends no mails of the kind {other}"),
    }
}
