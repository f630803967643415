//! Histories from the database.

use common::{auth::TenantContext, db::TenantTx};
use serde::Deserialize;
use sqlx::types::Json;

use super::view::{CandidateView, HistoryEntryView};
use crate::scope;

/// What is known of a session id: one visit's events, or the visitors who share it.
#[derive(Debug, Deserialize)]
pub(super) struct SessionHistory {
    pub(super) events: Vec<HistoryEntryView>,
    /// Empty unless there are several.
    pub(super) candidates: Vec<CandidateView>,
}

/// # Errors
/// The database is away or took too long.
pub(super) async fn of_session(
    tx: &mut TenantTx,
    context: &TenantContext,
    session_id: i64,
    user_pseudo_id: Option<String>,
    limit: i32,
) -> Result<SessionHistory, sqlx::Error> {
    let Json(history) = sqlx::query_scalar!(
        r#"select get_session_history($1, $2, $3, $4, $5) as "history!: Json<SessionHistory>""#,
        context.tenant_id.uuid(),
        session_id,
        user_pseudo_id,
        scope::visible(context),
        limit,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(history)
}

/// # Errors
/// The database is away or took too long.
pub(super) async fn of_user(
    tx: &mut TenantTx,
    context: &TenantContext,
    user_id: String,
    limit: i32,
) -> Result<Vec<HistoryEntryView>, sqlx::Error> {
    let Json(entries) = sqlx::query_scalar!(
        r#"select get_user_history($1, $2, $3, $4) as "entries!: Json<Vec<HistoryEntryView>>""#,
        context.tenant_id.uuid(),
        user_id,
        scope::visible(context),
        limit,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(entries)
}
