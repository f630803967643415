//! `GET /auth/login`: where to send the person, and the cookie that binds the browser.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use common::{
    config::{Environment, Settings},
    http::{ApiError, Json, Query},
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{attempt, cookie};
use crate::{invitations::InvitationKey, sessions::AtDoor, state::AuthState};

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LoginQuery {
    /// Where the provider sends the person back to; one of the configured addresses. Without it, OAUTH_REDIRECT_URI.
    #[garde(length(max = 2000))]
    #[param(max_length = 2000)]
    redirect_uri: Option<String>,
    /// The token of an invitation's link: who signs in with the address it was sent to becomes a member.
    #[garde(length(max = 200))]
    #[param(max_length = 200)]
    invitation: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoginView {
    /// The provider's page.
    login_url: String,
    /// Comes back with the code; keep it to compare.
    state: String,
}

/// Begin a sign-in
///
/// Answers with the provider's address and sets an HttpOnly cookie that binds the browser: the callback must come from
/// the same one. Authorization code flow with PKCE and nonce; a sign-in holds for ten minutes and works once.
#[utoipa::path(get, path = "/auth/login", tag = "sign-in", params(LoginQuery),
    responses(
        (status = 200, body = LoginView),
        (status = 429, description = "Too many tries",
            body = common::http::Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn login(
    State(auth): State<AuthState>,
    jar: CookieJar,
    headers: HeaderMap,
    AtDoor(_device): AtDoor,
    Query(query): Query<LoginQuery>,
) -> Result<Response, ApiError> {
    let settings = &auth.app.settings;
    let LoginQuery { redirect_uri, invitation } = query;
    let visits = redirect_uri.is_none() && settings.environment == Environment::Dev && is_visit(&headers);
    if visits && !is_base_address(settings, &headers) {
        // The cookie must belong to the address the callback comes to.
        let query = invitation.map(|token| format!("?{}", form(&token))).unwrap_or_default();
        return Ok(Redirect::to(&format!("{}/auth/login{query}", settings.base_url)).into_response());
    }
    let invitation = invitation.filter(|token| !token.is_empty());
    let invitation = match invitation.as_deref().map(InvitationKey::of) {
        Some(None) => {
            return Err(ApiError::invalid("invitation", "is not the token of an invitation; use the whole link"));
        }
        Some(key) => key,
        None => None,
    };
    let redirect_uri = match redirect_uri {
        Some(uri) if allowed(settings, &uri) => uri,
        Some(_) => {
            return Err(ApiError::invalid("redirect_uri", "is not one of the addresses configured for this service"));
        }
        None if visits => own_callback(settings),
        None => settings.oauth.redirect_uri.clone(),
    };
    let provider = auth.provider.as_ref().ok_or_else(|| {
        ApiError::Unavailable(String::from(
            "No sign-in provider is configured, and the development provider needs a loopback address or ALLOW_DEV_LOGIN.",
        ))
    })?;
    let (jar, browser) = cookie::keep(jar, settings);
    let begun = attempt::begin(&auth.app.pool, &redirect_uri, &browser, invitation.as_ref()).await?;
    let login_url = provider.login_url(&redirect_uri, &begun.state, &begun.nonce, begun.challenge).await?;
    if visits {
        return Ok((jar, Redirect::to(&login_url)).into_response());
    }
    Ok((jar, [(header::CACHE_CONTROL, "no-store")], Json(LoginView { login_url, state: begun.state })).into_response())
}

/// The callback page this service has in DEV.
fn own_callback(settings: &Settings) -> String {
    format!("{}/auth/callback", settings.base_url)
}

fn allowed(settings: &Settings, uri: &str) -> bool {
    uri == settings.oauth.redirect_uri || (settings.environment == Environment::Dev && uri == own_callback(settings))
}

fn form(token: &str) -> String {
    serde_urlencoded::to_string([("invitation", token)]).unwrap_or_default()
}

/// A person who typed the address into a browser, as opposed to a frontend's call; in DEV they are led on.
fn is_visit(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.starts_with("text/html"))
}

fn is_base_address(settings: &Settings, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    settings.base_url.split_once("://").is_some_and(|(_, rest)| rest.split('/').next() == Some(host))
}
