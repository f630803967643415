//! The whole API of the data service in one table.

use axum::Router;
use common::auth::AppState;
use common::http::{ServiceMeta, app};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{availability, ingest, rejected, source};

/// What the service is called.
pub const META: ServiceMeta = ServiceMeta {
    name: "data-service",
    title: "Google Analytics Intelligence: data",
    description: "What happened: takes in GA4's events, users and branches, and says which days are there.",
    version: env!("CARGO_PKG_VERSION"),
};

fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(ingest::start::start_ingestion))
        .routes(routes!(ingest::view::list_ingestion_jobs))
        .routes(routes!(ingest::view::get_ingestion_job))
        .routes(routes!(ingest::cancel::cancel_ingestion_job))
        .routes(routes!(ingest::retry::retry_ingestion_job))
        .routes(routes!(rejected::list::list_rejected_rows))
        .routes(routes!(rejected::redrive::redrive_rejected_rows))
        .routes(routes!(availability::get_availability))
        .routes(routes!(source::view::get_source))
        .routes(routes!(source::change::put_source))
        .routes(routes!(source::probe::test_source))
}

/// Bodies and answers that take as long as they take: the tenant's quota bounds an upload, its job's end a stream.
fn streaming() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(ingest::upload::upload_export))
        .routes(routes!(ingest::stream::stream_ingestion_job))
        .routes(routes!(rejected::download::download_rejected_rows))
}

/// The service as it is served.
pub fn router(state: AppState) -> Router {
    app(META, api(), streaming(), state)
}

/// The OpenAPI document.
pub fn document() -> OpenApi {
    common::http::document(META, api(), streaming())
}
