//! What a staged list would change, and changing it.

use common::ids::TenantId;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;
use utoipa::ToSchema;

use super::list::ListKind;

/// What becomes of those the list does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ListMode {
    /// They stay as they are.
    #[default]
    Merge,
    /// They are deactivated, never deleted: the list is the whole list.
    Replace,
}

impl ListMode {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Replace => "replace",
        }
    }
}

/// One user or location that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListChange {
    pub id: String,
    /// `added`, `changed` or `deactivated`
    pub change: String,
    /// The fields that get another value.
    pub fields: Vec<String>,
}

/// How a list differs from what is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    pub added: i64,
    pub changed: i64,
    /// Were active and are not any more; in mode replace also whoever is missing.
    pub deactivated: i64,
    pub unchanged: i64,
    /// The first 100 of them, in the order of the list.
    pub changes: Vec<ListChange>,
}

/// Compares what is staged with what is stored; see [`super::stage::Staging::compare`].
///
/// # Errors
/// The database is away.
pub(super) async fn compare(
    conn: &mut PgConnection,
    tenant: TenantId,
    kind: ListKind,
    given: &[String],
    mode: ListMode,
) -> Result<Comparison, sqlx::Error> {
    let Json(comparison) = match kind {
        ListKind::Users => {
            sqlx::query_scalar!(
                r#"select compare_staged_users($1, $2, $3) as "comparison!: Json<Comparison>""#,
                tenant.0,
                given,
                mode.as_str(),
            )
            .fetch_one(conn)
            .await?
        }
        ListKind::Locations => {
            sqlx::query_scalar!(
                r#"select compare_staged_locations($1, $2, $3) as "comparison!: Json<Comparison>""#,
                tenant.0,
                given,
                mode.as_str(),
            )
            .fetch_one(conn)
            .await?
        }
    };
    Ok(comparison)
}

/// Writes what [`compare`] found in the same transaction.
///
/// # Errors
/// The database is away.
pub(super) async fn apply(conn: &mut PgConnection, tenant: TenantId, kind: ListKind) -> Result<(), sqlx::Error> {
    match kind {
        ListKind::Users => sqlx::query!("select apply_compared_users($1)", tenant.0).execute(conn).await?,
        ListKind::Locations => sqlx::query!("select apply_compared_locations($1)", tenant.0).execute(conn).await?,
    };
    Ok(())
}
