//! The whole API of the data service in one table.

use axum::Router;
use common::auth::AppState;
use common::http::{ServiceMeta, app};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{availability, dimensions, ingest};

/// What the service is called.
pub const META: ServiceMeta = ServiceMeta {
    name: "data-service",
    title: "Google Analytics Intelligence: data",
    description: "What happened: takes in GA4's events, users and branches, and says which days and users are there.",
    version: env!("CARGO_PKG_VERSION"),
};

fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(ingest::start::start_ingestion))
        .routes(routes!(ingest::view::list_ingestion_jobs))
        .routes(routes!(ingest::view::get_ingestion_job))
        .routes(routes!(ingest::cancel::cancel_ingestion_job))
        .routes(routes!(availability::get_availability))
        .routes(routes!(dimensions::users::list::list_users))
        .routes(routes!(dimensions::users::get::get_user))
}

/// Bodies without a size limit of the server's: the tenant's quota bounds them.
fn streaming() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(ingest::upload::upload_export))
        .routes(routes!(dimensions::import::import_users))
        .routes(routes!(dimensions::import::import_locations))
}

/// The service as it is served.
pub fn router(state: AppState) -> Router {
    app(META, api(), streaming(), state)
}

/// The OpenAPI document.
pub fn document() -> OpenApi {
    common::http::document(META, api(), streaming())
}
