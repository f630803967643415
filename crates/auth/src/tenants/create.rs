//! `POST /auth/tenants`: another company of somebody who runs one already.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use common::{
    auth::Role,
    db::AccountTx,
    http::{ApiError, Json},
    tenants::{
        NewMember, NewTenant, TenantError, create_by, currency_rule, name_rule, time_zone_rule, week_start_rule,
    },
};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{memberships::memberships, view::TenantView};
use crate::{person::Person, state::AuthState};

/// A tenant to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenantBody {
    /// What the company is called.
    #[garde(custom(name_rule))]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: String,
    /// IANA time zone of the business, by whose clocks days are cut; it stays once there are data.
    #[serde(default = "utc")]
    #[garde(custom(time_zone_rule))]
    #[schema(example = "Europe/Berlin", default = "UTC")]
    time_zone: String,
    /// ISO 4217 code of its money; it stays once there are data.
    #[serde(default = "dollars")]
    #[garde(custom(currency_rule))]
    #[schema(example = "USD", default = "USD", pattern = "^[A-Z]{3}$")]
    currency: String,
    /// The first day of its week, 1 = Monday.
    #[serde(default = "monday")]
    #[garde(custom(week_start_rule))]
    #[schema(minimum = 1, maximum = 7, default = 1)]
    week_start: i16,
}

fn utc() -> String {
    String::from("UTC")
}

fn dollars() -> String {
    String::from("USD")
}

const fn monday() -> i16 {
    1
}

/// Make a tenant
///
/// For owners of another tenant; the first one is made by the operator. The caller is its owner.
#[utoipa::path(post, path = "/auth/tenants", tag = "tenants", request_body = NewTenantBody, responses(
    (status = 201, body = TenantView),
    (status = 403, description = "The caller owns no tenant yet",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn create_tenant(
    State(auth): State<AuthState>,
    person: Person,
    Json(body): Json<NewTenantBody>,
) -> Result<Response, ApiError> {
    let pool = &auth.app.pool;
    let mut tx = AccountTx::begin(pool, person.account_id).await?;
    let mine = memberships(tx.conn(), person.account_id).await?;
    drop(tx);
    if !mine.iter().any(|membership| membership.role == Role::Owner) {
        return Err(ApiError::Forbidden(String::from(
            "Only owners of a tenant make others; the first one is made by who runs the system.",
        )));
    }
    let NewTenantBody { name, time_zone, currency, week_start } = body;
    let members = vec![NewMember { email: person.actor.name.clone(), name: None, role: Role::Owner }];
    let new = NewTenant { tenant_id: None, name, time_zone, currency, week_start, members };
    let tenant_id = create_by(pool, &new, &person.actor).await.map_err(|error| match error {
        TenantError::Invalid(faults) => ApiError::Invalid(faults),
        TenantError::Database(error) => error.into(),
    })?;
    tracing::info!(%tenant_id, account_id = %person.account_id, "a tenant was made");
    Ok((StatusCode::CREATED, Json(TenantView::new(tenant_id, &new))).into_response())
}
