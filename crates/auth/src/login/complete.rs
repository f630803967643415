//! The end of a sign-in, the same for the JSON callback and the page: state, code, person, session, token.

use chrono::Utc;
use common::{http::ApiError, ids::TenantId};

use super::{attempt, person};
use crate::{
    sessions::{self, Device},
    state::AuthState,
    tenants::MembershipRow,
};

/// What the browser brings back.
pub(super) struct Returned<'a> {
    pub(super) code: &'a str,
    pub(super) state: Option<&'a str>,
    /// The secret of the browser's cookie.
    pub(super) browser: Option<String>,
    pub(super) device: Device,
}

/// A person with a session.
pub(super) struct SignedIn {
    pub(super) access_token: String,
    /// Seconds the token holds.
    pub(super) expires_in: i64,
    pub(super) email: String,
    pub(super) first_name: Option<String>,
    /// The one that was joined first.
    pub(super) tenant_id: TenantId,
    pub(super) tenants: Vec<MembershipRow>,
}

/// # Errors
/// 401 for a wrong, used or old state or code and for another browser; 403 where the person belongs to no tenant; 503
/// where provider or database are away.
pub(super) async fn complete(auth: &AuthState, returned: Returned<'_>) -> Result<SignedIn, ApiError> {
    let Returned { code, state, browser, device } = returned;
    let provider = auth.provider.as_ref().ok_or_else(not_begun)?;
    let browser = browser.ok_or_else(not_begun)?;
    let attempt = attempt::take(&auth.app.pool, state, &browser).await?.ok_or_else(not_begun)?;
    let identity = provider.identify(code, attempt.code_verifier, &attempt.redirect_uri, &attempt.nonce).await?;
    let person = person::admit(&auth.app, identity).await?;
    let first = person.tenants.first().ok_or_else(|| anyhow::anyhow!("a person was admitted without a tenant"))?;
    let tenant_id = first.tenant_id;
    let opened = sessions::open(&auth.app, person.account_id, device).await?;
    tracing::info!(account_id = %person.account_id, session_id = %opened.session_id, "signed in");
    Ok(SignedIn {
        access_token: opened.access_token,
        expires_in: opened.token_expires_at - Utc::now().timestamp(),
        email: person.email,
        first_name: person.first_name,
        tenant_id,
        tenants: person.tenants,
    })
}

fn not_begun() -> ApiError {
    ApiError::Unauthorized(String::from(
        "This sign-in is unknown, used, older than ten minutes, or was begun in another browser. Start again.",
    ))
}
