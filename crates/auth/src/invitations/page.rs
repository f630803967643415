//! `GET /auth/invitations/{token}`: what an invitation's link opens. Only shows; a mail scanner that follows it spoils
//! nothing.

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use common::{
    db::TenantTx,
    http::{ApiError, Path},
};
use minijinja::context;

use super::{token::InvitationKey, view::InvitationStatus};
use crate::state::AuthState;

/// What the page tells.
struct Shown {
    email: String,
    role: String,
    status: InvitationStatus,
    tenant_name: String,
    inviter_name: Option<String>,
    inviter_email: Option<String>,
    expires_on: String,
}

/// The page of an invitation
///
/// For people: says who invited whom to what, and leads to the sign-in. Changes nothing.
#[utoipa::path(get, path = "/auth/invitations/{token}", tag = "invitations",
    params(("token" = String, Path, description = "The secret of the link")), responses(
    (status = 200, description = "The invitation holds", body = String, content_type = "text/html"),
    (status = 404, description = "There is no such invitation", body = String, content_type = "text/html"),
    (status = 410, description = "It was used or revoked, or has expired", body = String, content_type = "text/html"),
    (status = 429, description = "Too many requests; `Retry-After` says how long to wait",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn invitation_page(
    State(auth): State<AuthState>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    auth.app.limits.of_address(&parts)?;
    let shown = match InvitationKey::of(&token) {
        Some(key) => read(&auth, &key).await?,
        None => None,
    };
    let over = |status, title: &str, words: String| {
        auth.pages.render("invitation_over.html", status, "'none'", context! { title => title, words => words })
    };
    let Some(shown) = shown else {
        return Ok(over(
            StatusCode::NOT_FOUND,
            "No such invitation",
            String::from(
                "This link is not whole, or was never one of ours. Copy all of it from the mail, or ask for another.",
            ),
        ));
    };
    let Shown { email, role, status, tenant_name, inviter_name, inviter_email, expires_on } = shown;
    let gone = |title: &str, words: String| Ok(over(StatusCode::GONE, title, words));
    match status {
        InvitationStatus::Accepted => gone(
            "Already used",
            format!("This invitation to {tenant_name} was used already. If that was you, just sign in."),
        ),
        InvitationStatus::Revoked => gone(
            "Withdrawn",
            format!("This invitation to {tenant_name} was withdrawn. Ask whoever invited you for another one."),
        ),
        InvitationStatus::Expired => gone(
            "Expired",
            format!(
                "This invitation to {tenant_name} expired on {expires_on}. Ask whoever invited you for another one."
            ),
        ),
        InvitationStatus::Open => Ok(auth.pages.render(
            "invitation.html",
            StatusCode::OK,
            "'none'",
            context! {
                title => "Invitation",
                tenant => tenant_name, role => role, email => email, inviter => inviter_name.or(inviter_email),
                expires_on => expires_on, token => token,
            },
        )),
    }
}

async fn read(auth: &AuthState, key: &InvitationKey) -> Result<Option<Shown>, sqlx::Error> {
    let mut tx = TenantTx::begin(&auth.app.pool, key.tenant).await?;
    sqlx::query_as!(
        Shown,
        r#"select i.email, i.role,
             case when i.accepted_at is not null then 'accepted' when i.revoked_at is not null then 'revoked'
                 when i.expires_at <= now() then 'expired' else 'open' end as "status!: InvitationStatus",
             t.name as tenant_name, a.name as "inviter_name?", a.email as "inviter_email?",
             to_char(i.expires_at at time zone t.time_zone, 'YYYY-MM-DD') as "expires_on!"
         from invitations i
         join tenants t on t.tenant_id = i.tenant_id and t.is_active
         left join accounts a on a.account_id = i.invited_by
         where i.tenant_id = $1 and i.token_hash = $2"#,
        key.tenant.uuid(),
        key.token_hash,
    )
    .fetch_optional(tx.conn())
    .await
}
