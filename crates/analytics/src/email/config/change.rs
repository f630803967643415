//! `PUT /analytics/email/config`, and `POST`, which existing frontends send: sets the tenant's own mail server.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext, audit},
    http::{ApiError, FieldError, Json},
    outgoing::resolve_public,
};
use serde_json::json;

use super::{
    body::EmailConfigBody,
    check::{Against, checked},
    host::host,
    stored::{self, StoredConfig},
    view::{EmailConfigView, WHAT, view},
};
use crate::{email::MailState, scope::require_all_branches};

/// Set the mail server
///
/// Of the whole tenant. The password and the key that mails are signed with can be written and never read: left out or
/// `***`, what is stored stays. With another server, port, username or way of encryption the password is needed again.
#[utoipa::path(put, path = "/analytics/email/config", tag = "email", request_body = EmailConfigBody,
    responses((status = 200, description = "What holds now", body = EmailConfigView)))]
pub(crate) async fn put_email_config(
    State(mail): State<MailState>,
    context: TenantContext,
    Json(body): Json<EmailConfigBody>,
) -> Result<Json<EmailConfigView>, ApiError> {
    change(&mail, &context, body).await.map(Json)
}

/// Set the mail server, as PUT does
#[utoipa::path(post, path = "/analytics/email/config", tag = "email", request_body = EmailConfigBody,
    responses((status = 200, description = "What holds now", body = EmailConfigView)))]
pub(crate) async fn post_email_config(
    State(mail): State<MailState>,
    context: TenantContext,
    Json(body): Json<EmailConfigBody>,
) -> Result<Json<EmailConfigView>, ApiError> {
    change(&mail, &context, body).await.map(Json)
}

async fn change(mail: &MailState, context: &TenantContext, body: EmailConfigBody) -> Result<EmailConfigView, ApiError> {
    require_all_branches(context, WHAT)?;
    let MailState { app, sealer, .. } = mail;
    let tenant = context.tenant_id;
    // Before the transaction: a name server may take its time, and no connection waits for it.
    let faults = unreachable(app, &body).await;
    let mut tx = context.tx(&app.pool).await?;
    stored::lock(tx.conn(), tenant).await?;
    let before = stored::load(tx.conn(), tenant).await?;
    let against = Against { tenant, stored: before.as_ref(), allowed_ports: &app.settings.mail.allowed_ports, sealer };
    let next = checked(body, against, faults).map_err(ApiError::Invalid)?;
    let changed = changed(before.as_ref(), &next);
    if !changed.is_empty() {
        stored::save(tx.conn(), tenant, &next, context.actor.account_id).await?;
    }
    let answer = view(tx.conn(), tenant, &app.settings, sealer).await?;
    if !changed.is_empty() {
        let details = json!({ "changed": changed, "is_new": before.is_none() });
        audit::note(tx.conn(), tenant, &context.actor, "email_config.changed", None, details).await?;
    }
    tx.commit().await?;
    Ok(answer)
}

/// What is wrong with where the server's name leads to. A transport looks again each time it connects.
async fn unreachable(app: &AppState, body: &EmailConfigBody) -> Vec<FieldError> {
    // A name that is none is told by the check of the rest.
    let Some(Ok(server)) = body.server.as_deref().map(host) else { return Vec::new() };
    let port = body.port.unwrap_or_default();
    match resolve_public(&server, port, app.settings.allow_private_addresses).await {
        Ok(_) => Vec::new(),
        Err(error) => vec![FieldError::new("server", error.to_string())],
    }
}

/// The names of what differs; of secrets nothing but that.
fn changed(before: Option<&StoredConfig>, next: &StoredConfig) -> Vec<&'static str> {
    let before = before.map(fields).unwrap_or_default();
    let is_new = |field: &(&'static str, Option<Vec<u8>>)| field.1.is_some() || !before.is_empty();
    let next = fields(next).into_iter().filter(is_new);
    next.filter(|field| !before.contains(field)).map(|(name, _)| name).collect()
}

/// Each field with what tells its value from another one.
fn fields(config: &StoredConfig) -> Vec<(&'static str, Option<Vec<u8>>)> {
    let StoredConfig { server, port, from_address, bounce_address, username, password_sealed, use_tls, use_ssl, dkim } =
        config;
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let dkim = dkim.as_ref();
    vec![
        ("server", text(server)),
        ("port", text(&port.to_string())),
        ("from_address", text(from_address)),
        ("bounce_address", bounce_address.as_deref().and_then(text)),
        ("username", username.as_deref().and_then(text)),
        ("password", password_sealed.clone()),
        ("use_tls", text(&use_tls.to_string())),
        ("use_ssl", text(&use_ssl.to_string())),
        ("dkim.domain", dkim.and_then(|dkim| text(&dkim.domain))),
        ("dkim.selector", dkim.and_then(|dkim| text(&dkim.selector))),
        ("dkim.private_key", dkim.map(|dkim| dkim.key_sealed.clone())),
    ]
}
