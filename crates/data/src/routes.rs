//! The whole API of the data service in one table.

use axum::Router;
use common::http::{ServiceMeta, app};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::DataState;
use crate::{availability, dimensions, events, ingest, rejected, source};

/// What the service is called.
pub const META: ServiceMeta = ServiceMeta {
    name: "data-service",
    title: "Google Analytics Intelligence: data",
    description: "What happened: takes in GA4's events, users and branches, and says which days and users are there.",
    version: env!("CARGO_PKG_VERSION"),
};

fn api() -> OpenApiRouter<DataState> {
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
        .routes(routes!(events::post::post_events))
        .routes(routes!(dimensions::users::list::list_users))
        .routes(routes!(dimensions::users::get::get_user))
}

/// Bodies and answers that take as long as they take: the tenant's quota bounds an upload, its job's end a stream, and others
/// are bounded by their handlers.
fn streaming() -> OpenApiRouter<DataState> {
    OpenApiRouter::new()
        .routes(routes!(ingest::upload::upload_export))
        .routes(routes!(ingest::stream::stream_ingestion_job))
        .routes(routes!(rejected::download::download_rejected_rows))
        .routes(routes!(events::collect::collect_events))
        .routes(routes!(dimensions::import::import_users))
        .routes(routes!(dimensions::import::import_locations))
}

/// The service as it is served.
pub fn router(state: impl Into<DataState>) -> Router {
    app(META, api(), streaming(), state.into())
}

/// The OpenAPI document.
pub fn document() -> OpenApi {
    common::http::document(META, api(), streaming())
}
