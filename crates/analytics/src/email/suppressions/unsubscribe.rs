//! `GET` and `POST /analytics/email/unsubscribe/{token}`: what the link of a mail opens, and the button on it (RFC 8058).
//! Looking changes nothing, for scanners of mails follow links; whoever posts is the person, or their mail program for them.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use common::{
    auth::{Actor, audit, client_address},
    db::TenantTx,
    http::{ApiError, Path},
    ids::TenantId,
};
use minijinja::context;
use serde_json::json;

use super::{
    SuppressionReason,
    link::{PREVIEW_TOKEN, masked, opened},
    repository::{suppress, suppressed},
};
use crate::email::MailState;

/// The page of a mail's link
///
/// For people: says whose mails end for whom, with a button that ends them. Changes nothing.
#[utoipa::path(get, path = "/analytics/email/unsubscribe/{token}", tag = "email",
    params(("token" = String, Path, description = "The secret of the link")), responses(
    (status = 200, description = "The page with the button", body = String, content_type = "text/html"),
    (status = 404, description = "The link is not whole, or none of ours", body = String, content_type = "text/html"),
    (status = 429, description = "Too many requests; `Retry-After` says how long to wait",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn unsubscribe_page(
    State(mail): State<MailState>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    mail.app.limits.of_address(&parts)?;
    let Meant { mut tx, tenant, tenant_name, email } = match meant(&mail, &token).await? {
        Ok(meant) => meant,
        Err(page) => return Ok(page),
    };
    let is_over = !suppressed(tx.conn(), tenant, std::slice::from_ref(&email)).await?.is_empty();
    let (page, title) =
        if is_over { ("unsubscribed.html", "No more mails") } else { ("unsubscribe.html", "Unsubscribe") };
    let values = context! { title => title, tenant => tenant_name, address => masked(&email) };
    Ok(mail.pages.render(page, StatusCode::OK, "'self'", values))
}

/// End the mails of a link
///
/// The button of the page, or one click in a mail program (RFC 8058). Takes any body; doing it again changes nothing.
#[utoipa::path(post, path = "/analytics/email/unsubscribe/{token}", tag = "email",
    params(("token" = String, Path, description = "The secret of the link")), responses(
    (status = 200, description = "The address gets no more mails", body = String, content_type = "text/html"),
    (status = 404, description = "The link is not whole, or none of ours", body = String, content_type = "text/html"),
    (status = 429, description = "Too many requests; `Retry-After` says how long to wait",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn unsubscribe(
    State(mail): State<MailState>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    mail.app.limits.of_address(&parts)?;
    let Meant { mut tx, tenant, tenant_name, email } = match meant(&mail, &token).await? {
        Ok(meant) => meant,
        Err(page) => return Ok(page),
    };
    let reason = SuppressionReason::Unsubscribed;
    if suppress(tx.conn(), tenant, &email, reason, None, None).await? {
        let ip = client_address(&parts, mail.app.settings.limits.trusted_proxies);
        let actor = Actor { account_id: None, name: String::from("unsubscribe link"), ip };
        let details = json!({ "reason": reason });
        audit::note(tx.conn(), tenant, &actor, "suppression.added", Some(&email), details).await?;
        tx.commit().await?;
    }
    let values = context! { title => "No more mails", tenant => tenant_name, address => masked(&email) };
    Ok(mail.pages.render("unsubscribed.html", StatusCode::OK, "'self'", values))
}

/// A link that holds: whose mails end for whom.
struct Meant {
    tx: TenantTx,
    tenant: TenantId,
    tenant_name: String,
    email: String,
}

/// What the link means, or the page that says why there is nothing to end.
async fn meant(mail: &MailState, token: &str) -> Result<Result<Meant, Response>, ApiError> {
    let notice = |status, title: &str, words: &str| {
        let values = context! { title => title, words => words };
        Ok(Err(mail.pages.render("unsubscribe_notice.html", status, "'none'", values)))
    };
    if token == PREVIEW_TOKEN {
        return notice(
            StatusCode::OK,
            "Only a preview",
            "This link comes from the preview of a report. In a mail that is sent, each person finds one of their own here. \
             Nobody is unsubscribed by it.",
        );
    }
    if let Some((tenant, email)) = opened(&mail.sealer, token) {
        let mut tx = TenantTx::begin(&mail.app.pool, tenant).await?;
        let name = sqlx::query_scalar!("select name from tenants where tenant_id = $1", tenant.uuid())
            .fetch_optional(tx.conn())
            .await?;
        if let Some(tenant_name) = name {
            return Ok(Ok(Meant { tx, tenant, tenant_name, email }));
        }
    }
    notice(
        StatusCode::NOT_FOUND,
        "This link does not work",
        "It is not whole, or was never one of ours. Copy all of it from the mail, or answer the mail and ask to be taken off \
         the list.",
    )
}
