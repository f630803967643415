//! `POST /auth/tenants/{tenant_id}/api-keys`: a key for a machine, shown this once.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{Duration, Utc};
use common::{
    auth::{
        Actor, Scope, TenantContext,
        api_key::{ApiKeys, CreatedApiKey, NewApiKey, create},
        audit,
    },
    http::{ApiError, Json},
    ids::TenantId,
};
use garde::Validate;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::list::{ApiKeyView, list};
use crate::{paging::Place, state::AuthState};

/// A key to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeyBody {
    /// What people call it.
    #[garde(custom(key_name_rule))]
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: String,
    /// What it may be used for; for keys that many can read, such as those in web pages, `ingest` alone.
    #[garde(length(min = 1, max = 3))]
    #[schema(min_items = 1, max_items = 3)]
    scopes: Vec<Scope>,
    /// Days until it expires; left out or null, it holds until it is revoked.
    #[garde(inner(range(min = 1, max = 3650)))]
    #[schema(minimum = 1, maximum = 3650)]
    expires_in_days: Option<u32>,
}

/// The key and its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewApiKeyView {
    #[serde(flatten)]
    row: ApiKeyView,
    /// For `X-Api-Key`. Shown here and never again.
    key: String,
}

/// What a key may be called.
///
/// # Errors
/// Says what is wrong.
pub(crate) fn key_name_rule(name: &str, (): &()) -> garde::Result {
    let name = name.trim();
    if (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(garde::Error::new("must have 1 to 100 printable characters"))
}

/// Make a key for a machine
#[utoipa::path(post, path = "/auth/tenants/{tenant_id}/api-keys", tag = "api keys",
    params(("tenant_id" = TenantId, Path)), request_body = ApiKeyBody, responses((status = 201, body = NewApiKeyView)))]
pub(crate) async fn create_api_key(
    State(auth): State<AuthState>,
    context: TenantContext,
    Json(body): Json<ApiKeyBody>,
) -> Result<Response, ApiError> {
    let ApiKeyBody { name, scopes, expires_in_days } = body;
    let tenant = context.tenant_id;
    let mut tx = context.tx(&auth.app.pool).await?;
    let new = NewApiKey {
        tenant,
        name: name.trim(),
        scopes: &scopes,
        expires_at: expires_in_days.map(|days| Utc::now() + Duration::days(days.into())),
        created_by: context.actor.account_id,
    };
    let CreatedApiKey { id, secret, .. } = make(tx.conn(), &auth.app.api_keys, new, &context.actor).await?;
    let row = list(tx.conn(), tenant, Some(id), Place { start: 0, limit: 1 })
        .await?
        .pop()
        .ok_or_else(|| anyhow::anyhow!("a key that was just made is not there"))?;
    tx.commit().await?;
    let view = NewApiKeyView { row, key: secret.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

/// Makes it, whoever asks, with its entry in the audit log.
///
/// # Errors
/// There is no such tenant, or the database is away.
pub(crate) async fn make(
    conn: &mut PgConnection,
    keys: &ApiKeys,
    new: NewApiKey<'_>,
    actor: &Actor,
) -> Result<CreatedApiKey, sqlx::Error> {
    let (tenant, name) = (new.tenant, new.name);
    let details = json!({ "name": name, "scopes": new.scopes, "expires_at": new.expires_at });
    let created = create(&mut *conn, keys, new).await?;
    audit::note(conn, tenant, actor, "api_key.created", Some(&created.prefix), details).await?;
    Ok(created)
}
