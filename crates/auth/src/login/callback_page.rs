//! `GET /auth/callback`, in DEV only: a page of our own where a sign-in without a frontend can end.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use common::http::{ApiError, Query};
use garde::Validate;
use minijinja::context;
use serde::Deserialize;

use super::{
    complete::{Returned, complete},
    cookie,
};
use crate::{sessions::AtDoor, state::AuthState};

#[derive(Debug, Deserialize, Validate)]
pub(crate) struct CallbackQuery {
    #[garde(length(max = 4096))]
    code: Option<String>,
    #[garde(length(max = 512))]
    state: Option<String>,
    /// What the provider says where it did not sign the person in.
    #[garde(length(max = 512))]
    error: Option<String>,
}

pub(crate) async fn callback_page(
    State(auth): State<AuthState>,
    jar: CookieJar,
    AtDoor(device): AtDoor,
    Query(query): Query<CallbackQuery>,
) -> Response {
    let CallbackQuery { code, state, error } = query;
    let Some(code) = code else {
        let words = error.map_or_else(
            || String::from("The provider sent no code."),
            |error| format!("The provider did not sign you in ({error})."),
        );
        return failed(&auth, StatusCode::BAD_REQUEST, &words);
    };
    let returned = Returned { code: &code, state: state.as_deref(), browser: cookie::secret(&jar), device };
    match complete(&auth, returned).await {
        Ok(signed_in) => {
            let tenants: Vec<_> = signed_in
                .tenants
                .iter()
                .map(|tenant| context! { name => tenant.name.as_str(), role => tenant.role.as_str(), id => tenant.tenant_id.to_string() })
                .collect();
            let page = context! {
                title => "Signed in",
                first_name => signed_in.first_name,
                email => signed_in.email,
                tenants => tenants,
                hours => signed_in.tokens.expires_in / 3600,
                token => signed_in.tokens.access_token,
                tenant_id => signed_in.tenant_id.to_string(),
                analytics_url => auth.app.settings.analytics_public_url.as_str(),
            };
            auth.pages.render("signed_in.html", StatusCode::OK, "'none'", page)
        }
        Err(ApiError::Unauthorized(words)) => failed(&auth, StatusCode::UNAUTHORIZED, &words),
        Err(ApiError::Forbidden(words)) => failed(&auth, StatusCode::FORBIDDEN, &words),
        Err(other) => other.into_response(),
    }
}

fn failed(auth: &AuthState, status: StatusCode, words: &str) -> Response {
    auth.pages.render("failed.html", status, "'none'", context! { title => "Not signed in", words => words })
}
