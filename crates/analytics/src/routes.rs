//! The whole API of the analytics service in one table.

use axum::Router;
use common::{
    auth::AppState,
    http::{self, ServiceMeta},
};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    email::{self, MailState},
    history, locations, stats, tasks,
};

/// What the service is called.
pub const META: ServiceMeta = ServiceMeta {
    name: "analytics-service",
    title: "Google Analytics Intelligence: analytics",
    description: "What to do: the dashboard per branch, five task lists, the history of customers and visits, and branch \
                  reports by mail.",
    version: env!("CARGO_PKG_VERSION"),
};

/// The service, ready to be served.
///
/// # Errors
/// A mail template is missing or not well-formed.
pub fn app(state: AppState) -> anyhow::Result<Router> {
    Ok(router(MailState::new(state)?))
}

/// The same on a state that is there already, because the mails' worker shares it.
pub fn router(state: MailState) -> Router {
    http::app(META, documented(), OpenApiRouter::new(), state)
}

/// The OpenAPI document.
#[must_use]
pub fn document() -> OpenApi {
    http::document(META, documented(), OpenApiRouter::new())
}

fn documented() -> OpenApiRouter<MailState> {
    OpenApiRouter::new()
        .routes(routes!(locations::list_locations))
        .routes(routes!(stats::get_stats))
        .routes(routes!(tasks::list_purchases))
        .routes(routes!(tasks::list_abandoned_carts))
        .routes(routes!(tasks::list_searches))
        .routes(routes!(tasks::list_repeat_visits))
        .routes(routes!(tasks::list_bounces))
        .routes(routes!(tasks::complete_task))
        .routes(routes!(history::get_user_history))
        .routes(routes!(history::get_session_history))
        .merge(email::routes())
}
