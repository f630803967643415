//! A tenant's source as it is stored: what is read, with which sealed secrets, when.

use anyhow::Context;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use common::ids::{AccountId, JobId, TenantId};
use common::secrets::Sealer;
use secrecy::ExposeSecret;
use sqlx::PgConnection;

use super::config::SourceConfig;
use super::grants::{self, Grant};
use crate::dimensions::ListKind;
use crate::dimensions::list_source::{ListSecret, ListSource};
use crate::events::limits::EventLimits;

/// What a service-account key is sealed for.
pub(super) const KEY_PURPOSE: &str = "sources.sealed_key";

/// A tenant's source. A tenant that never set one has that of [`SourceConfig::ExportFiles`] without a schedule.
#[derive(Debug, Clone)]
pub struct StoredSource {
    pub tenant: TenantId,
    /// The tenant's: its days and its clocks.
    pub time_zone: Tz,
    /// Whether the tenant is one that work is done for.
    pub is_active: bool,
    pub config: SourceConfig,
    /// The tenant's own service-account key.
    pub key: Option<StoredKey>,
    pub users: Option<StoredList>,
    pub locations: Option<StoredList>,
    pub schedule: StoredSchedule,
    /// How large and how old posted events may be.
    pub events: EventLimits,
    /// What the operator lets the tenant reach with the operator's key.
    pub grants: Vec<Grant>,
    pub last_run_at: Option<DateTime<Utc>>,
    pub last_job_id: Option<JobId>,
    pub updated_at: Option<DateTime<Utc>>,
    pub updated_by: Option<AccountId>,
}

/// A sealed key, and what of it may be shown.
#[derive(Debug, Clone)]
pub struct StoredKey {
    pub(super) sealed: Vec<u8>,
    pub client_email: String,
    pub private_key_id: String,
}

/// Where a list is fetched from, and what opens it.
#[derive(Debug, Clone)]
pub struct StoredList {
    pub source: ListSource,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) purpose: &'static str,
}

/// When the source is read by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSchedule {
    /// Five fields, by the tenant's clocks.
    pub cron: Option<String>,
    pub enabled: bool,
    /// How many full days before today are looked at again.
    pub refresh_days: u16,
}

impl Default for StoredSchedule {
    fn default() -> Self {
        Self { cron: None, enabled: false, refresh_days: 3 }
    }
}

/// The two lists that can be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListOf {
    Users,
    Locations,
}

impl ListOf {
    /// The field of the API.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Locations => "locations",
        }
    }

    /// What its lines are.
    pub const fn kind(self) -> ListKind {
        match self {
            Self::Users => ListKind::Users,
            Self::Locations => ListKind::Locations,
        }
    }

    /// What its secret is sealed for.
    pub(super) const fn purpose(self) -> &'static str {
        match self {
            Self::Users => "sources.sealed_users_secret",
            Self::Locations => "sources.sealed_locations_secret",
        }
    }
}

impl StoredSource {
    /// The place that a list is fetched from, if there is one.
    pub fn list(&self, of: ListOf) -> Option<&StoredList> {
        match of {
            ListOf::Users => self.users.as_ref(),
            ListOf::Locations => self.locations.as_ref(),
        }
    }
}

impl StoredList {
    /// What opens the place; empty for one that needs nothing.
    ///
    /// # Errors
    /// It cannot be opened with today's SECRETS_KEY, in words for people.
    pub fn secret(&self, sealer: &Sealer, tenant: TenantId) -> Result<ListSecret, String> {
        let Some(sealed) = &self.sealed else { return Ok(ListSecret::default()) };
        let text = sealer
            .open_text(tenant, self.purpose, sealed)
            .map_err(|error| format!("the stored password or key of the list cannot be opened: {error}"))?;
        serde_json::from_str(text.expose_secret())
            .map_err(|_| String::from("the stored password or key of the list is not readable: enter it again"))
    }
}

/// The tenant's source with its grants. In a transaction of the tenant.
///
/// # Errors
/// There is no such tenant, the row is none of ours, or the database is away.
pub async fn load(conn: &mut PgConnection, tenant: TenantId) -> anyhow::Result<StoredSource> {
    let row = sqlx::query!(
        r#"select t.time_zone, t.is_active, s.kind as "kind?", s.settings as "settings?", s.sealed_key, s.key_email,
               s.key_id, s.users_source, s.sealed_users_secret, s.locations_source, s.sealed_locations_secret, s.cron,
               s.is_scheduled as "is_scheduled?", s.refresh_days as "refresh_days?", s.last_run_at,
               s.event_limits as "event_limits?", s.last_job_id as "last_job_id: JobId", s.updated_at as "updated_at?", s.updated_by as "updated_by: AccountId"
           from tenants t
           left join sources s on s.tenant_id = t.tenant_id
           where t.tenant_id = $1"#,
        tenant.0,
    )
    .fetch_optional(&mut *conn)
    .await?
    .with_context(|| format!("there is no tenant {tenant}"))?;
    let list = |of: ListOf, source: Option<serde_json::Value>, sealed: Option<Vec<u8>>| {
        source
            .map(|source| {
                anyhow::Ok(StoredList { source: serde_json::from_value(source)?, sealed, purpose: of.purpose() })
            })
            .transpose()
    };
    let grants = grants::of_tenant(conn, tenant).await?;
    Ok(StoredSource {
        tenant,
        time_zone: row.time_zone.parse().map_err(|_| anyhow::anyhow!("`{}` is no time zone", row.time_zone))?,
        is_active: row.is_active,
        config: match row.kind {
            Some(kind) => SourceConfig::stored(&kind, row.settings.unwrap_or_default())?,
            None => SourceConfig::ExportFiles,
        },
        key: row.sealed_key.map(|sealed| StoredKey {
            sealed,
            client_email: row.key_email.unwrap_or_default(),
            private_key_id: row.key_id.unwrap_or_default(),
        }),
        users: list(ListOf::Users, row.users_source, row.sealed_users_secret)?,
        locations: list(ListOf::Locations, row.locations_source, row.sealed_locations_secret)?,
        schedule: StoredSchedule {
            cron: row.cron,
            enabled: row.is_scheduled.unwrap_or_default(),
            refresh_days: row.refresh_days.and_then(|days| days.try_into().ok()).unwrap_or(3),
        },
        events: row.event_limits.map(serde_json::from_value).transpose()?.unwrap_or_default(),
        grants,
        last_run_at: row.last_run_at,
        last_job_id: row.last_job_id,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
    })
}
