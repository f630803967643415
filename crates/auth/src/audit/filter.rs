//! Which entries of the audit log are asked for.

use chrono::{DateTime, Utc};
use common::{days, http::ApiError, ids::TenantId};
use garde::Validate;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::IntoParams;

#[derive(Debug, Clone, Default, Deserialize, Serialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditFilter {
    /// Only what this actor did: an e-mail address, an account's id, `API key <prefix>` or `operator`.
    #[garde(inner(length(max = 300), custom(no_nul)))]
    #[param(max_length = 300)]
    actor: Option<String>,
    /// Only this action (`member.removed`), or all of a thing (`member`).
    #[garde(inner(length(max = 100), custom(no_nul)))]
    #[param(max_length = 100)]
    action: Option<String>,
    /// The first day, by the tenant's clocks.
    #[garde(inner(custom(is_day)))]
    #[param(value_type = Option<String>, format = Date)]
    start_date: Option<String>,
    /// The last day.
    #[garde(inner(custom(is_day)), custom(not_before(&self.start_date)))]
    #[param(value_type = Option<String>, format = Date)]
    end_date: Option<String>,
}

fn no_nul(text: &str, (): &()) -> garde::Result {
    if text.contains('\0') { Err(garde::Error::new("must not contain the character NUL")) } else { Ok(()) }
}

fn is_day(text: &str, (): &()) -> garde::Result {
    match days::parse(text) {
        Some(_) => Ok(()),
        None => Err(garde::Error::new("is not a day from 2000 to 2099, as YYYY-MM-DD")),
    }
}

fn not_before(start: &Option<String>) -> impl FnOnce(&Option<String>, &()) -> garde::Result {
    let start = start.as_deref().and_then(days::parse);
    move |end, ()| match (start, end.as_deref().and_then(days::parse)) {
        (Some(start), Some(end)) if end < start => Err(garde::Error::new("is before start_date")),
        _ => Ok(()),
    }
}

/// The same as the database compares it.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    /// In lower case.
    pub(super) actor: Option<String>,
    pub(super) action: Option<String>,
    pub(super) start: Option<DateTime<Utc>>,
    /// Not included.
    pub(super) end: Option<DateTime<Utc>>,
}

impl AuditFilter {
    /// With the instants at which the tenant's days begin and end.
    ///
    /// # Errors
    /// The database is away.
    pub(super) async fn resolved(self, conn: &mut PgConnection, tenant: TenantId) -> Result<Filter, ApiError> {
        let Self { actor, action, start_date, end_date } = self;
        let bounds = sqlx::query!(
            r#"select $2::date::timestamp at time zone time_zone as start, ($3::date + 1)::timestamp at time zone time_zone as "end"
             from tenants where tenant_id = $1"#,
            tenant.uuid(),
            start_date.as_deref().and_then(days::parse),
            end_date.as_deref().and_then(days::parse),
        )
        .fetch_one(conn)
        .await?;
        Ok(Filter { actor: actor.map(|actor| actor.to_lowercase()), action, start: bounds.start, end: bounds.end })
    }
}
