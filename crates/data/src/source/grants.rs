//! What of Google the operator lets a tenant reach with the operator's own key. Services read it; only the operator's
//! command writes it.

use std::fmt;

use common::ids::TenantId;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::config::{SourceKind, is_dataset, is_project, property_fault};

/// One dataset or property.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Grant {
    /// `bigquery` or `data_api`
    pub kind: String,
    /// `project.dataset`, or the property's number
    #[schema(example = "my-shop-123.analytics_123456789")]
    pub target: String,
}

impl Grant {
    pub fn bigquery(project: &str, dataset: &str) -> Self {
        Self { kind: SourceKind::Bigquery.as_str().into(), target: format!("{project}.{dataset}") }
    }

    pub fn data_api(property_id: &str) -> Self {
        Self { kind: SourceKind::DataApi.as_str().into(), target: property_id.into() }
    }

    /// `project.dataset` as an operator types it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of_dataset(text: &str) -> Result<Self, String> {
        // Projects of a domain have dots of their own, datasets have none.
        match text.rsplit_once('.') {
            Some((project, dataset)) if is_project(project) && is_dataset(dataset) => {
                Ok(Self::bigquery(project, dataset))
            }
            _ => Err(format!("`{text}` is not project.dataset, such as my-shop-123.analytics_123456789")),
        }
    }

    /// A property's number as an operator types it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of_property(text: &str) -> Result<Self, String> {
        property_fault(text).map_or_else(|| Ok(Self::data_api(text)), |fault| Err(format!("`{text}` {fault}")))
    }

    /// The command by which the operator gives it.
    pub fn command(&self, tenant: TenantId) -> String {
        let option = if self.kind == SourceKind::Bigquery.as_str() { "--bigquery" } else { "--property" };
        format!("data-service source allow --tenant {tenant} {option} {}", self.target)
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == SourceKind::Bigquery.as_str() {
            write!(f, "the dataset {}", self.target)
        } else {
            write!(f, "the property {}", self.target)
        }
    }
}

/// What this tenant was given.
///
/// # Errors
/// The database is away.
pub async fn of_tenant(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Grant>, sqlx::Error> {
    sqlx::query_as!(
        Grant,
        r#"select kind, target from source_grants where tenant_id = $1 order by kind collate "C", target collate "C""#,
        tenant.0,
    )
    .fetch_all(conn)
    .await
}

/// Gives it; false when it was given before. Only the schema's owner may.
///
/// # Errors
/// The role may not write grants, or the database is away.
pub async fn allow(conn: &mut PgConnection, tenant: TenantId, grant: &Grant) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query!(
        "insert into source_grants (tenant_id, kind, target) values ($1, $2, $3) on conflict do nothing",
        tenant.0,
        grant.kind,
        grant.target,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

/// Takes it back; false when it was not given. Only the schema's owner may.
///
/// # Errors
/// The role may not write grants, or the database is away.
pub async fn revoke(conn: &mut PgConnection, tenant: TenantId, grant: &Grant) -> Result<bool, sqlx::Error> {
    let deleted = sqlx::query!(
        "delete from source_grants where tenant_id = $1 and kind = $2 and target = $3",
        tenant.0,
        grant.kind,
        grant.target,
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_types_is_read_to_the_letter() {
        let grant = Grant::of_dataset("example.com:my-shop.analytics_1").unwrap();
        assert_eq!(grant, Grant::bigquery("example.com:my-shop", "analytics_1"));
        for bad in
            ["my-shop-123", "my-shop-123.", ".analytics_1", "my-shop-123.analytics_1.events", "*", "my-shop-123.*"]
        {
            assert!(Grant::of_dataset(bad).is_err(), "{bad}");
        }
        assert_eq!(Grant::of_property("123").unwrap(), Grant::data_api("123"));
        assert!(Grant::of_property("G-123").unwrap_err().contains("measurement id"));
    }
}
