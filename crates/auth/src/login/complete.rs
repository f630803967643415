//! The end of a sign-in, the same for the JSON callback and the page: state, code, person, session, tokens.

use common::{http::ApiError, ids::TenantId};
use serde_json::json;

use super::{attempt, person, refusal::Refusal};
use crate::{
    failures,
    sessions::{self, Device, Tokens, note_in_all},
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
    pub(super) tokens: Tokens,
    pub(super) email: String,
    pub(super) first_name: Option<String>,
    /// The one of the invitation, else the one that was joined first.
    pub(super) tenant_id: TenantId,
    pub(super) tenants: Vec<MembershipRow>,
}

/// # Errors
/// 401 for a wrong, used or old state or code and for another browser; 403 where the person belongs to no tenant; 429
/// where somebody tries too often; 503 where provider or database are away.
pub(super) async fn complete(auth: &AuthState, returned: Returned<'_>) -> Result<SignedIn, ApiError> {
    let device = returned.device.clone();
    match finish(auth, returned).await {
        Ok(signed_in) => Ok(signed_in),
        Err(Refusal { reason, email, answer }) => {
            if let Some(reason) = reason {
                failures::note(&auth.app, reason, email.as_deref(), &device).await;
            }
            Err(answer)
        }
    }
}

async fn finish(auth: &AuthState, returned: Returned<'_>) -> Result<SignedIn, Refusal> {
    let Returned { code, state, browser, device } = returned;
    let app = &auth.app;
    let provider = auth.provider.as_ref().ok_or_else(not_begun)?;
    let browser = browser.ok_or_else(not_begun)?;
    let attempt = attempt::take(&app.pool, state, &browser).await?.ok_or_else(not_begun)?;
    let identity = provider.identify(code, attempt.code_verifier, &attempt.redirect_uri, &attempt.nonce).await?;
    let person = person::admit(app, identity, attempt.invitation.as_ref(), &device).await?;
    let first = person.tenants.first().ok_or_else(|| anyhow::anyhow!("a person was admitted without a tenant"));
    let tenant_id = person.invited_to.unwrap_or(first.map_err(ApiError::from)?.tenant_id);
    let opened = sessions::open(app, person.account_id, &device).await?;
    let (actor, target) = (device.actor(person.account_id, &person.email), opened.session_id.to_string());
    let details = json!({ "user_agent": device.user_agent });
    note_in_all(app, person.account_id, &actor, "sign_in.succeeded", Some(&target), &details).await?;
    tracing::info!(account_id = %person.account_id, session_id = %opened.session_id, "signed in");
    Ok(SignedIn {
        tokens: opened.tokens,
        email: person.email,
        first_name: person.first_name,
        tenant_id,
        tenants: person.tenants,
    })
}

fn not_begun() -> Refusal {
    let answer = ApiError::Unauthorized(String::from(
        "This sign-in is unknown, used, older than ten minutes, or was begun in another browser. Start again.",
    ));
    Refusal::of("state unknown, used, old or of another browser", None, answer)
}
