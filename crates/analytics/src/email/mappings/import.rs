//! `POST /analytics/email/mappings/import`: a CSV file of mappings, compared with what is stored and then written as a whole.

use axum::{
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::StatusCode,
};
use common::{
    auth::{TenantContext, audit},
    http::{ApiError, FieldError, Json, Problem, Query},
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{
    compare::{ChangeView, Comparison, compare, write},
    scope::may_change,
    sheet,
};
use crate::{email::MailState, scope::visible};

/// What becomes of mappings that the file does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ImportMode {
    /// They stay as they are.
    #[default]
    Merge,
    /// They are switched off, never removed: the file is the whole list.
    Replace,
}

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MappingImportQuery {
    /// Say what would change, and change nothing.
    #[serde(default)]
    #[garde(skip)]
    dry_run: bool,
    /// `merge` (default): who is not in the file stays. `replace`: who is not in the file is switched off.
    #[serde(default)]
    #[garde(skip)]
    #[param(inline)]
    mode: ImportMode,
}

/// What became of a file, or, of a dry run, what would.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MappingImportView {
    dry_run: bool,
    /// Lines with a mapping.
    rows: usize,
    added: usize,
    changed: usize,
    unchanged: usize,
    /// Were switched on, and are not in the file.
    disabled: usize,
    /// Columns of the file that mean nothing here.
    ignored_columns: Vec<String>,
    /// The first 1,000.
    changes: Vec<ChangeView>,
}

const MOST_SHOWN: usize = 1000;

/// Import mappings
///
/// The body is a CSV file (UTF-8; comma, semicolon or tab) of up to 2 MiB. Columns: `branch_code` and `sales_rep_email`
/// (needed), `sales_rep_name`, `branch_name`, `is_enabled`, `delivery`, under these or other usual names. A mapping is known by
/// its branch and address. A column that the file does not have leaves what is stored; an empty cell of a column that it has
/// empties a name, and leaves the rest.
#[utoipa::path(post, path = "/analytics/email/mappings/import", tag = "email", params(MappingImportQuery),
    request_body(content = String, content_type = "text/csv", description = "The file as it is"), responses(
    (status = 200, description = "Written, or, with dry_run, compared", body = MappingImportView),
    (status = 422, description = "Lines that are not good, all of them: `errors` names them as `lines[7].sales_rep_email`. \
        Nothing was written", content_type = "application/problem+json", body = Problem),
))]
pub(crate) async fn import_mappings(
    State(mail): State<MailState>,
    context: TenantContext,
    Query(MappingImportQuery { dry_run, mode }): Query<MappingImportQuery>,
    file: Result<Bytes, BytesRejection>,
) -> Result<Json<MappingImportView>, ApiError> {
    let file = file.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        _ => ApiError::Malformed(String::from("The body could not be read to its end.")),
    })?;
    let sheet = sheet::read(&file, |branch| may_change(&context, branch)).map_err(refused)?;
    let tenant = context.tenant_id;
    let mut tx = context.tx(&mail.app.pool).await?;
    let rows = sheet.lines.len();
    let off = mode == ImportMode::Replace;
    let comparison = compare(tx.conn(), tenant, sheet.lines, visible(&context), off).await?;
    let Comparison { added, changed, unchanged, disabled, .. } = &comparison;
    let view = MappingImportView {
        dry_run,
        rows,
        added: *added,
        changed: *changed,
        unchanged: *unchanged,
        disabled: disabled.len(),
        ignored_columns: sheet.ignored_columns,
        changes: comparison.changes.iter().take(MOST_SHOWN).cloned().collect(),
    };
    if !dry_run && !comparison.changes.is_empty() {
        write(tx.conn(), tenant, &comparison).await?;
        let MappingImportView { added, changed, disabled, .. } = &view;
        let details = json!({ "mode": mode, "rows": rows, "added": added, "changed": changed, "disabled": disabled });
        audit::note(tx.conn(), tenant, &context.actor, "mappings.imported", None, details).await?;
        tx.commit().await?;
    }
    Ok(Json(view))
}

fn refused(errors: Vec<FieldError>) -> ApiError {
    let detail = match errors.as_slice() {
        [FieldError { field, message }] => format!("{field} {message}. Nothing was written."),
        errors => format!("{} faults in the file. Nothing was written.", errors.len()),
    };
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail);
    ApiError::Problem(Box::new(Problem { errors, ..problem }))
}
