//! The whole API of the data service in one table.

use axum::Router;
use common::http::{ServiceMeta, app};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::DataState;
use crate::{availability, events, ingest};

/// What the service is called.
pub const META: ServiceMeta = ServiceMeta {
    name: "data-service",
    title: "Google Analytics Intelligence: data",
    description: "What happened: takes in GA4's events, users and branches, and says which days are there.",
    version: env!("CARGO_PKG_VERSION"),
};

fn api() -> OpenApiRouter<DataState> {
    OpenApiRouter::new()
        .routes(routes!(ingest::start::start_ingestion))
        .routes(routes!(ingest::view::list_ingestion_jobs))
        .routes(routes!(ingest::view::get_ingestion_job))
        .routes(routes!(ingest::cancel::cancel_ingestion_job))
        .routes(routes!(availability::get_availability))
        .routes(routes!(events::post::post_events))
}

/// Bodies without a size limit of the server's: the tenant's quota bounds them, or the handler does by itself.
fn streaming() -> OpenApiRouter<DataState> {
    OpenApiRouter::new().routes(routes!(ingest::upload::upload_export)).routes(routes!(events::collect::collect_events))
}

/// The service as it is served.
pub fn router(state: impl Into<DataState>) -> Router {
    app(META, api(), streaming(), state.into())
}

/// The OpenAPI document.
pub fn document() -> OpenApi {
    common::http::document(META, api(), streaming())
}
