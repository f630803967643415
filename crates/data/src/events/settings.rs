//! What a post must know of its tenant.

use chrono_tz::Tz;
use common::ids::TenantId;
use sqlx::PgConnection;

use super::limits::EventLimits;
use crate::ga4::MappingSettings;

/// A tenant's names, zone and limits.
#[derive(Debug, Clone)]
pub struct EventSettings {
    pub mapping: MappingSettings,
    /// Days are this zone's.
    pub zone: Tz,
    pub limits: EventLimits,
}

impl EventSettings {
    /// Reads them; `latest_timestamp` is when the clock of the most hasty sender may be, in microseconds since 1970.
    ///
    /// # Errors
    /// The database is away, or the tenant's zone or limits cannot be read.
    pub async fn load(conn: &mut PgConnection, tenant: TenantId, latest_timestamp: i64) -> anyhow::Result<Self> {
        let limits = EventLimits::load(conn, tenant).await?;
        let row = sqlx::query!(
            "select time_zone, currency, user_property, branch_property, failed_search_aliases
             from tenants where tenant_id = $1",
            tenant.0,
        )
        .fetch_one(conn)
        .await?;
        let zone = row.time_zone.parse().map_err(|_| anyhow::anyhow!("`{}` is no time zone", row.time_zone))?;
        let mapping = MappingSettings {
            currency: row.currency,
            user_property: row.user_property,
            branch_property: row.branch_property,
            failed_search_aliases: row.failed_search_aliases,
            latest_timestamp,
        };
        Ok(Self { mapping, zone, limits })
    }
}
