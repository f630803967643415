//! Forgets answers whose retries nobody can send any more.

use common::db::TenantTx;
use common::ids::TenantId;
use sqlx::PgPool;

use super::idempotency::KEPT_HOURS;

/// Removes the answers that were kept long enough, of every tenant that ever posted; answers how many.
///
/// # Errors
/// The database is away.
pub async fn forget_old_answers(pool: &PgPool) -> anyhow::Result<u64> {
    let tenants = sqlx::query_scalar!(r#"select tenant_id as "id: TenantId" from due_work where kind = 'posted'"#)
        .fetch_all(pool)
        .await?;
    let mut removed = 0;
    for tenant in tenants {
        let mut tx = TenantTx::begin(pool, tenant).await?;
        let old = sqlx::query!(
            "delete from idempotent_answers
             where tenant_id = $1 and created_at < now() - make_interval(hours => $2)",
            tenant.0,
            KEPT_HOURS,
        )
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        removed += old.rows_affected();
    }
    Ok(removed)
}
