//! The page where a developer chooses who to be, and the redirect that follows.

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use common::{
    http::{ApiError, Query},
    tenants::DEMO_PEOPLE,
};
use garde::Validate;
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::{
    codes::{self, Grant},
    provider::{CLIENT_ID, DevProvider},
};
use crate::state::AuthState;

/// The authorization request (RFC 6749 4.1.1 with RFC 7636).
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
pub(crate) struct AuthorizeQuery {
    #[garde(custom(is("code")))]
    response_type: String,
    #[garde(custom(is(CLIENT_ID)))]
    client_id: String,
    #[garde(length(max = 2000))]
    redirect_uri: String,
    #[garde(length(min = 1, max = 512))]
    state: String,
    #[garde(length(min = 43, max = 128))]
    code_challenge: String,
    #[garde(custom(is("S256")))]
    code_challenge_method: String,
    #[garde(length(max = 512))]
    nonce: Option<String>,
}

/// The same, and who was chosen.
#[derive(Debug, Deserialize)]
pub(crate) struct AuthorizeForm {
    #[serde(flatten)]
    request: AuthorizeQuery,
    email: String,
}

fn is(expected: &'static str) -> impl FnOnce(&String, &()) -> garde::Result {
    move |given, ()| {
        if given == expected { Ok(()) } else { Err(garde::Error::new(format!("must be {expected}"))) }
    }
}

pub(crate) async fn authorize_page(
    State(auth): State<AuthState>,
    Query(request): Query<AuthorizeQuery>,
) -> Result<Response, ApiError> {
    known_redirect(provider(&auth)?, &request)?;
    let fields = serde_json::to_value(&request).map_err(anyhow::Error::new)?;
    let fields: Vec<(String, String)> = fields
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| value.as_str().map(|value| (name.clone(), value.to_owned())))
        .collect();
    let people: Vec<_> = DEMO_PEOPLE
        .iter()
        .map(|(email, name, role)| context! { email => *email, name => *name, role => role.as_str() })
        .collect();
    // Browsers hold a form to its policy through the redirect that answers it.
    let form_action = format!("'self' {}", origin(&request.redirect_uri));
    let page = context! { title => "Development sign-in", fields => fields, people => people };
    Ok(auth.pages.render("authorize.html", StatusCode::OK, &form_action, page))
}

pub(crate) async fn authorize(
    State(auth): State<AuthState>,
    Form(form): Form<AuthorizeForm>,
) -> Result<Response, ApiError> {
    let AuthorizeForm { request, email } = form;
    known_redirect(provider(&auth)?, &request)?;
    if let Err(report) = request.validate() {
        return Err(ApiError::Malformed(report.to_string()));
    }
    let AuthorizeQuery { client_id, redirect_uri, state, code_challenge, nonce, .. } = request;
    let email = email.trim().to_lowercase();
    let storable =
        [&email, &redirect_uri, &state, &code_challenge].into_iter().chain(&nonce).all(|text| !text.contains('\0'));
    if !storable {
        return Err(ApiError::Malformed(String::from("A NUL character stands in a field.")));
    }
    if email.is_empty() || email.len() > 320 || !email.contains('@') {
        return Err(ApiError::invalid("email", "is not an e-mail address"));
    }
    let grant = Grant { email, client_id, redirect_uri, code_challenge, nonce };
    let code = codes::give(&auth.app.pool, &grant).await?;
    let query = serde_urlencoded::to_string([("code", code), ("state", state)]).map_err(anyhow::Error::new)?;
    let separator = if grant.redirect_uri.contains('?') { '&' } else { '?' };
    Ok(Redirect::to(&format!("{}{separator}{query}", grant.redirect_uri)).into_response())
}

fn provider(auth: &AuthState) -> Result<&DevProvider, ApiError> {
    auth.dev_provider.as_deref().ok_or_else(|| ApiError::NotFound(String::from("There is nothing at this address.")))
}

/// An unknown address is never redirected to, not even with an error.
fn known_redirect(provider: &DevProvider, request: &AuthorizeQuery) -> Result<(), ApiError> {
    if provider.redirect_uris.contains(&request.redirect_uri) {
        Ok(())
    } else {
        Err(ApiError::invalid("redirect_uri", "is not one of the addresses configured for this service"))
    }
}

fn origin(uri: &str) -> String {
    uri.split('/').take(3).collect::<Vec<_>>().join("/")
}
