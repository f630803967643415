//! `POST /data/users/import`, `POST /data/locations/import`: a list as the body, taken in while the caller waits.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use common::auth::{AppState, TenantContext};
use common::http::{ApiError, FieldError, Json, Problem, Query};
use common::ids::JobId;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::check::LineError;
use super::compare::{Comparison, ListChange, ListMode};
use super::list::ListKind;
use super::read::ListFormat;
use super::take::{ListOptions, ListOutcome, OnError, REPLACE_AND_SKIP, Rejected, TakeError, take_list_by};
use crate::ingest::spool::JobFolder;
use crate::ingest::upload::{quota, spool};

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Say what would change, and change nothing.
    #[serde(default)]
    #[garde(skip)]
    pub dry_run: bool,
    /// `fail` (default): nothing is written unless every line is good. `skip`: the good lines are taken.
    #[serde(default)]
    #[garde(skip)]
    #[param(inline)]
    pub on_error: OnError,
    /// `merge` (default): who is not in the list stays. `replace`: who is not in the list is deactivated.
    #[serde(default)]
    #[garde(custom(|_: &ListMode, (): &()| no_skipped_lines(self)))]
    #[param(inline)]
    pub mode: ListMode,
}

fn no_skipped_lines(query: &ImportQuery) -> garde::Result {
    match (query.mode, query.on_error) {
        (ListMode::Replace, OnError::Skip) => Err(garde::Error::new(REPLACE_AND_SKIP)),
        _ => Ok(()),
    }
}

/// What became of a list, or, of a dry run, what would.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportView {
    pub dry_run: bool,
    /// Lines with a value.
    pub rows: u64,
    pub added: i64,
    pub changed: i64,
    /// Were active and are not any more.
    pub deactivated: i64,
    pub unchanged: i64,
    /// Lines that were not taken.
    pub skipped: u64,
    /// Columns of the file that mean nothing here.
    pub ignored_columns: Vec<String>,
    /// The first 100.
    pub changes: Vec<ListChange>,
    /// What is wrong with the first 1,000 lines that were not taken.
    pub errors: Vec<LineError>,
}

/// Import users
///
/// The body is the list: CSV (UTF-8 or Windows-1252; comma, semicolon or tab; gzip or zstd) or XLSX (the first sheet whose
/// first row is the header), told by its content. Columns: `user_id` (needed), `user_name`, `buying_company_name`, `email`,
/// `cell_phone`, `office_phone`, `is_active`, under these or other usual names (`Customer No.`, `Company`, `Mobile` …). A
/// column that the file does not have leaves what is stored; an empty cell of a column that it has empties it, except of
/// `is_active`.
#[utoipa::path(
    post,
    path = "/data/users/import",
    tag = "users and locations",
    params(ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file as it is; its kind is told by its content"),
    responses(
        (status = 200, description = "Taken in, or, with dry_run, compared", body = ImportView),
        (status = 413, description = "Larger than the tenant's quota", content_type = "application/problem+json", body = Problem),
        (status = 422, description = "No such list, or lines that are not good: `errors` names them as `lines[7].email`. Nothing was written", content_type = "application/problem+json", body = Problem),
    )
)]
pub async fn import_users(
    State(app): State<AppState>,
    context: TenantContext,
    Query(query): Query<ImportQuery>,
    body: Body,
) -> Result<Json<ImportView>, ApiError> {
    import(&app, &context, ListKind::Users, &query, body).await
}

/// Import locations
///
/// As the import of users. Columns: `location_id` (needed), `location_name`, `city`, `state`, `is_active`, under these or
/// other usual names (`Branch code`, `Warehouse`, `Province` …). A location without a name goes by its code.
#[utoipa::path(
    post,
    path = "/data/locations/import",
    tag = "users and locations",
    params(ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file as it is; its kind is told by its content"),
    responses(
        (status = 200, description = "Taken in, or, with dry_run, compared", body = ImportView),
        (status = 413, description = "Larger than the tenant's quota", content_type = "application/problem+json", body = Problem),
        (status = 422, description = "No such list, or lines that are not good: `errors` names them as `lines[7].city`. Nothing was written", content_type = "application/problem+json", body = Problem),
    )
)]
pub async fn import_locations(
    State(app): State<AppState>,
    context: TenantContext,
    Query(query): Query<ImportQuery>,
    body: Body,
) -> Result<Json<ImportView>, ApiError> {
    import(&app, &context, ListKind::Locations, &query, body).await
}

async fn import(
    app: &AppState,
    context: &TenantContext,
    kind: ListKind,
    query: &ImportQuery,
    body: Body,
) -> Result<Json<ImportView>, ApiError> {
    let mut tx = context.tx(&app.pool).await?;
    let quota = quota(tx.conn(), context.tenant_id).await?;
    // No connection is held while the body streams in.
    tx.commit().await?;
    let folder = Spooled(JobFolder::of(&app.settings.data_root, context.tenant_id, JobId::generate()));
    let file = spool(&folder.0, body, quota).await?;
    let ImportQuery { dry_run, on_error, mode } = *query;
    let options = ListOptions { mode, on_error, dry_run };
    let taken =
        take_list_by(&app.pool, context.tenant_id, kind, &file, ListFormat::File, options, Some(&context.actor)).await;
    let outcome = taken.map_err(refusal)?;
    tracing::info!(tenant = %context.tenant_id, list = kind.what(), rows = outcome.rows, dry_run, "a list was taken in");
    Ok(Json(ImportView::of(outcome, dry_run)))
}

/// A body on the disk, gone with the request. What a killed process leaves is swept like any abandoned job folder.
struct Spooled(JobFolder);

impl Drop for Spooled {
    fn drop(&mut self) {
        if let Err(error) = self.0.remove() {
            tracing::warn!(error = format!("{error:#}"), "an uploaded list could not be removed");
        }
    }
}

impl ImportView {
    fn of(outcome: ListOutcome, dry_run: bool) -> Self {
        let ListOutcome { rows, comparison, ignored_columns, rejected } = outcome;
        let Comparison { added, changed, deactivated, unchanged, changes } = comparison;
        let errors = rejected.named.into_iter().flat_map(|line| line.errors).collect();
        let skipped = rejected.lines;
        Self { dry_run, rows, added, changed, deactivated, unchanged, skipped, ignored_columns, changes, errors }
    }
}

fn refusal(error: TakeError) -> ApiError {
    match error {
        TakeError::Refused(reason) => ApiError::invalid("body", reason),
        TakeError::Lines(rejected) => ApiError::Problem(Box::new(problem(&rejected))),
        TakeError::Database(error) => error.into(),
        TakeError::Other(error) => ApiError::Internal(error),
    }
}

fn problem(rejected: &Rejected) -> Problem {
    let Rejected { lines, errors, named } = rejected;
    let named_lines = if *lines > named.len() as u64 {
        format!("; the first {} lines are named", named.len())
    } else {
        String::new()
    };
    let detail = match lines {
        1 => "1 line is not good. Nothing was written.".to_owned(),
        lines => format!("{lines} lines are not good ({errors} errors{named_lines}). Nothing was written."),
    };
    let field = |error: &LineError| match &error.field {
        Some(field) => format!("lines[{}].{field}", error.line),
        None => format!("lines[{}]", error.line),
    };
    let errors = named.iter().flat_map(|line| &line.errors);
    let errors = errors.map(|error| FieldError::new(field(error), error.message.clone())).collect();
    Problem { errors, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
}
