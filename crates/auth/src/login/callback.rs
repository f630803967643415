//! `POST /auth/callback`: the frontend hands over what the provider sent it.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use axum_extra::extract::CookieJar;
use common::{
    http::{ApiError, Json},
    ids::TenantId,
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    complete::{Returned, SignedIn, complete},
    cookie,
};
use crate::{
    sessions::{AtDoor, Tokens},
    state::AuthState,
    tenants::TenantRoleView,
};

#[derive(Debug, Deserialize, Validate, ToSchema)]
pub(crate) struct CallbackBody {
    /// As the provider sent it.
    #[garde(length(min = 1, max = 4096))]
    #[schema(min_length = 1, max_length = 4096)]
    code: String,
    /// As the provider sent it; may be left out when the cookie of `/auth/login` comes along.
    #[garde(length(min = 1, max = 512))]
    #[schema(min_length = 1, max_length = 512)]
    state: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallbackView {
    success: bool,
    message: String,
    /// The tenant to start with: the one of the invitation, else the one joined first.
    tenant_id: TenantId,
    /// All of them.
    tenants: Vec<TenantRoleView>,
    first_name: Option<String>,
    /// The person's e-mail address.
    username: String,
    #[serde(flatten)]
    tokens: Tokens,
}

/// End a sign-in
///
/// Takes code and state once. Must come from the browser that began the sign-in: its cookie is checked.
#[utoipa::path(post, path = "/auth/callback", tag = "sign-in", request_body = CallbackBody, responses(
    (status = 200, body = CallbackView),
    (status = 401, description = "Wrong, used or old state or code, or another browser",
        body = common::http::Problem, content_type = "application/problem+json"),
    (status = 403, description = "A person who is a member of no tenant, or whom the invitation is not for",
        body = common::http::Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many tries",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn callback(
    State(auth): State<AuthState>,
    jar: CookieJar,
    AtDoor(device): AtDoor,
    Json(body): Json<CallbackBody>,
) -> Result<Response, ApiError> {
    let CallbackBody { code, state } = body;
    let returned = Returned { code: &code, state: state.as_deref(), browser: cookie::secret(&jar), device };
    let signed_in = complete(&auth, returned).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(CallbackView::from(signed_in))).into_response())
}

impl From<SignedIn> for CallbackView {
    fn from(signed_in: SignedIn) -> Self {
        let SignedIn { tokens, email, first_name, tenant_id, tenants } = signed_in;
        Self {
            success: true,
            message: format!("Signed in as {email}."),
            tenant_id,
            tenants: tenants.into_iter().map(TenantRoleView::from).collect(),
            first_name,
            username: email,
            tokens,
        }
    }
}
