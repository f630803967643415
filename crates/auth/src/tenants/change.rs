//! `PATCH /auth/tenants/{tenant_id}`: name, clocks, money, week, and whether it is there at all.

use axum::extract::State;
use common::{
    auth::{TenantContext, audit},
    http::{ApiError, Json},
    ids::TenantId,
    tenants::{currency_rule, name_rule, time_zone_rule, week_start_rule},
};
use garde::Validate;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::view::TenantView;
use crate::state::AuthState;

/// What to change; what is left out stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantBody {
    /// What the company is called.
    #[garde(inner(custom(name_rule)))]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: Option<String>,
    /// IANA time zone of the business; only while there are no data, whose days and hours were cut by it.
    #[garde(inner(custom(time_zone_rule)))]
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// ISO 4217 code of its money; only while there are no data, whose amounts were taken in as this money.
    #[garde(inner(custom(currency_rule)))]
    #[schema(example = "USD", pattern = "^[A-Z]{3}$")]
    currency: Option<String>,
    /// The first day of its week, 1 = Monday; weeks are cut anew at once.
    #[garde(inner(custom(week_start_rule)))]
    #[schema(minimum = 1, maximum = 7)]
    week_start: Option<i16>,
    /// `false` closes the tenant for everybody, keys included, within a second; only the operator opens it again
    /// (`auth-service tenant activate`). Nothing is deleted.
    #[garde(skip)]
    is_active: Option<bool>,
}

/// Change a tenant
#[utoipa::path(patch, path = "/auth/tenants/{tenant_id}", tag = "tenants", params(("tenant_id" = TenantId, Path)),
    request_body = TenantBody, responses(
    (status = 200, description = "The tenant as it is now", body = TenantView),
    (status = 409, description = "There are data: time zone and currency stay",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn change_tenant(
    State(auth): State<AuthState>,
    context: TenantContext,
    Json(body): Json<TenantBody>,
) -> Result<Json<TenantView>, ApiError> {
    let tenant = context.tenant_id;
    let mut tx = context.tx(&auth.app.pool).await?;
    let changes = changes(tx.conn(), tenant, &body).await?;
    if changes.contains_key("time_zone") || changes.contains_key("currency") {
        require_no_data(tx.conn(), tenant).await?;
    }
    let TenantBody { name, time_zone, currency, week_start, is_active } = body;
    sqlx::query!(
        "update tenants
         set name = coalesce($2, name), time_zone = coalesce($3, time_zone), currency = coalesce($4, currency),
             week_start = coalesce($5, week_start), is_active = coalesce($6, is_active), updated_at = now()
         where tenant_id = $1",
        tenant.uuid(),
        name.as_deref().map(str::trim),
        time_zone,
        currency,
        week_start,
        is_active,
    )
    .execute(tx.conn())
    .await?;
    let view = TenantView::read(tx.conn(), &context).await?;
    if !changes.is_empty() {
        let action = if changes.contains_key("is_active") { "tenant.deactivated" } else { "tenant.changed" };
        audit::note(tx.conn(), tenant, &context.actor, action, None, Value::Object(changes)).await?;
    }
    tx.commit().await?;
    Ok(Json(view))
}

/// What differs from what is stored, as `{field: {from, to}}`. Holds the tenant's row.
async fn changes(
    conn: &mut PgConnection,
    tenant: TenantId,
    body: &TenantBody,
) -> Result<Map<String, Value>, sqlx::Error> {
    let stored = sqlx::query!(
        "select name, time_zone, currency, week_start, is_active from tenants where tenant_id = $1 for no key update",
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?;
    let fields = [
        ("name", json!(stored.name), body.name.as_deref().map(|name| json!(name.trim()))),
        ("time_zone", json!(stored.time_zone), body.time_zone.as_ref().map(|zone| json!(zone))),
        ("currency", json!(stored.currency), body.currency.as_ref().map(|currency| json!(currency))),
        ("week_start", json!(stored.week_start), body.week_start.map(|day| json!(day))),
        ("is_active", json!(stored.is_active), body.is_active.map(|is_active| json!(is_active))),
    ];
    let changed = fields.into_iter().filter_map(|(field, from, to)| {
        let to = to.filter(|to| *to != from)?;
        Some((field.to_owned(), json!({ "from": from, "to": to })))
    });
    Ok(changed.collect())
}

/// Events were cut into days and hours by the tenant's clocks, and amounts without a currency were taken for its money:
/// with either changed, figures of before and after would be of two kinds.
async fn require_no_data(conn: &mut PgConnection, tenant: TenantId) -> Result<(), ApiError> {
    let data = sqlx::query_scalar!(
        r#"select exists (select from ingested_days where tenant_id = $1)
             or exists (select from day_events where tenant_id = $1)
             or exists (select from posted_events where tenant_id = $1)
             or exists (select from ingestion_jobs where tenant_id = $1 and status in ('queued', 'processing')) as "data!""#,
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?;
    if data {
        return Err(ApiError::Conflict(String::from(
            "There are events already, cut into days and hours by the present time zone and counted in the present \
             currency, so both stay as they are. Make another tenant with the right ones and take the events in there.",
        )));
    }
    Ok(())
}
