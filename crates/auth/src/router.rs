//! Every route of the service in one place.

use axum::{
    Router,
    routing::{get, post},
};
use common::{
    auth::AppState,
    config::Environment,
    http::{self, ServiceMeta},
};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api_keys, audit, dev_provider, domains, invitations, login, members, profile, public_keys, sessions,
    state::AuthState, tenants,
};

/// What the service is called.
pub const META: ServiceMeta = ServiceMeta {
    name: "auth-service",
    title: "Google Analytics Intelligence: auth",
    description: "Signing in, sessions, and the tenants a person belongs to.",
    version: env!("CARGO_PKG_VERSION"),
};

/// The service, ready to be served.
///
/// # Errors
/// The OAuth provider's settings cannot be used.
pub fn app(state: AppState) -> anyhow::Result<Router> {
    let state = AuthState::new(state)?;
    let mut api = documented();
    if state.app.settings.environment == Environment::Dev {
        api = api.route("/auth/callback", get(login::callback_page));
    }
    if state.dev_provider.is_some() {
        api = api
            .route("/dev/oauth/authorize", get(dev_provider::authorize_page).post(dev_provider::authorize))
            .route("/dev/oauth/token", post(dev_provider::token))
            .route("/dev/oauth/userinfo", get(dev_provider::userinfo));
    }
    Ok(http::app(META, api, OpenApiRouter::new(), state))
}

/// The OpenAPI document; the same in every environment.
#[must_use]
pub fn document() -> OpenApi {
    http::document(META, documented(), OpenApiRouter::new())
}

fn documented() -> OpenApiRouter<AuthState> {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(login::callback))
        .routes(routes!(sessions::refresh))
        .routes(routes!(sessions::logout))
        .routes(routes!(profile::me, profile::change_me))
        .routes(routes!(tenants::list_tenants, tenants::create_tenant))
        .routes(routes!(tenants::get_tenant, tenants::change_tenant))
        .routes(routes!(members::list_members, members::add_member))
        .routes(routes!(members::change_member, members::remove_member))
        .routes(routes!(invitations::list_invitations, invitations::create_invitation))
        .routes(routes!(invitations::revoke_invitation))
        .routes(routes!(invitations::invitation_page))
        .routes(routes!(domains::list_domains))
        .routes(routes!(domains::set_domain, domains::remove_domain))
        .routes(routes!(api_keys::list_api_keys, api_keys::create_api_key))
        .routes(routes!(api_keys::revoke_api_key))
        .routes(routes!(audit::list_audit))
        .routes(routes!(audit::export_audit))
        .routes(routes!(sessions::list_sessions, sessions::end_sessions))
        .routes(routes!(sessions::end_session))
        .routes(routes!(public_keys::public_keys))
}
