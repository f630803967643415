//! `GET /auth/tenants/{tenant_id}/audit/export`: the log as one file of JSON lines, the oldest entry first.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use common::{
    auth::{TenantContext, audit},
    db::TenantTx,
    http::{ApiError, Query},
    ids::TenantId,
};
use futures::stream::try_unfold;
use serde_json::json;
use sqlx::PgPool;

use super::{
    entries::{AuditEntryView, oldest},
    filter::{AuditFilter, Filter},
};
use crate::state::AuthState;

/// Entries read at a time.
const BATCH: i64 = 500;

/// Download the audit log, one JSON object a line
///
/// The oldest entry first, up to that of the export itself.
#[utoipa::path(get, path = "/auth/tenants/{tenant_id}/audit/export", tag = "audit",
    params(("tenant_id" = TenantId, Path), AuditFilter),
    responses((status = 200, description = "A file of entries", content_type = "application/x-ndjson", body = AuditEntryView)))]
pub(crate) async fn export_audit(
    State(auth): State<AuthState>,
    context: TenantContext,
    Query(filter): Query<AuditFilter>,
) -> Result<Response, ApiError> {
    let tenant = context.tenant_id;
    let pool = auth.app.pool;
    let mut tx = context.tx(&pool).await?;
    let given = serde_json::to_value(&filter).map_err(anyhow::Error::from)?;
    let filter = filter.resolved(tx.conn(), tenant).await?;
    audit::note(tx.conn(), tenant, &context.actor, "audit.exported", None, json!({ "filter": given })).await?;
    let last =
        sqlx::query_scalar!(r#"select max(entry_no) as "last!" from audit_log where tenant_id = $1"#, tenant.uuid())
            .fetch_one(tx.conn())
            .await?;
    tx.commit().await?;
    let walk = Walk { pool, tenant, filter, after: 0, last, over: false, ready: Vec::new() };
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.ndjson\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(try_unfold(walk, next))).into_response())
}

struct Walk {
    pool: PgPool,
    tenant: TenantId,
    filter: Filter,
    /// The last entry that was read.
    after: i64,
    /// The last entry there is to read: the log grows while it is read.
    last: i64,
    over: bool,
    ready: Vec<AuditEntryView>,
}

async fn next(mut walk: Walk) -> anyhow::Result<Option<(Bytes, Walk)>> {
    if walk.ready.is_empty() && !walk.over {
        // A transaction a batch: a slow download holds no connection.
        let mut tx = TenantTx::begin(&walk.pool, walk.tenant).await?;
        let batch =
            oldest(tx.conn(), walk.tenant, &walk.filter, walk.after, walk.last.saturating_add(1), BATCH).await?;
        walk.over = i64::try_from(batch.len()).unwrap_or(BATCH) < BATCH;
        walk.after = batch.last().map_or(walk.after, |entry| entry.entry_no);
        walk.ready = batch;
    }
    if walk.ready.is_empty() {
        return Ok(None);
    }
    let mut lines = Vec::new();
    for entry in walk.ready.drain(..) {
        serde_json::to_writer(&mut lines, &entry)?;
        lines.push(b'\n');
    }
    Ok(Some((lines.into(), walk)))
}
