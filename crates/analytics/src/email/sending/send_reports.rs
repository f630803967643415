//! `POST /analytics/email/send-reports`.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use common::{
    auth::TenantContext,
    days,
    http::{ApiError, FieldError, Json, Problem},
};
use garde::Validate;
use serde::Deserialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use super::{
    start::{NewSend, SendOrigin, start},
    view::{self, JobView},
};
use crate::{email::MailState, scope};

/// More branches than this are meant to be all of them.
const MOST_BRANCHES: usize = 1000;
const LONGEST_CODE: usize = 200;

/// Which reports are to be sent.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SendBody {
    /// The day the reports are about.
    #[garde(skip)]
    #[schema(value_type = String, format = Date)]
    report_date: String,
    /// Codes of branches, or `*` for the roll-up over all; left out, null or empty = every mapped branch.
    #[garde(inner(length(max = MOST_BRANCHES), inner(length(chars, min = 1, max = LONGEST_CODE), custom(no_control))))]
    #[schema(value_type = Option<Vec<BranchCode>>, max_items = 1000)]
    branch_codes: Option<Vec<String>>,
    /// Everybody gets them once more, also who has them already; history tells it by the generation.
    #[garde(skip)]
    #[serde(default)]
    force: bool,
    /// Also of a day without data.
    #[garde(skip)]
    #[serde(default)]
    allow_empty: bool,
}

/// As the API document shows one.
#[derive(Debug)]
struct BranchCode;

impl PartialSchema for BranchCode {
    fn schema() -> RefOr<Schema> {
        let code = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(LONGEST_CODE));
        RefOr::T(Schema::Object(code.build()))
    }
}

impl ToSchema for BranchCode {}

fn no_control(code: &str, (): &()) -> garde::Result {
    if code.chars().any(char::is_control) {
        Err(garde::Error::new("must not contain control characters"))
    } else {
        Ok(())
    }
}

/// Send reports
///
/// One mail per recipient and branch, or per recipient where a mapping says digest. Called again for the same day it sends only
/// what failed or is new: nobody gets a report twice unless `force` says so.
#[utoipa::path(post, path = "/analytics/email/send-reports", tag = "email", request_body = SendBody, responses(
    (status = 202, description = "Queued", body = JobView),
    (status = 409, description = "No mail server is configured", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn send_reports(
    State(mail): State<MailState>,
    context: TenantContext,
    Json(body): Json<SendBody>,
) -> Result<Response, ApiError> {
    let SendBody { report_date, branch_codes, force, allow_empty } = body;
    let report_date = days::parse(&report_date).ok_or_else(|| {
        ApiError::Invalid(vec![FieldError::new("report_date", "is not a day from 2000 to 2099, as YYYY-MM-DD")])
    })?;
    let mut branch_codes = branch_codes.filter(|codes| !codes.is_empty());
    if let Some(codes) = &mut branch_codes {
        codes.sort_unstable();
        codes.dedup();
    }
    let mut tx = context.tx(&mail.app.pool).await?;
    let new = NewSend {
        tenant: context.tenant_id,
        report_date,
        branch_codes: branch_codes.as_deref(),
        visible: scope::visible(&context),
        force,
        allow_empty,
        origin: SendOrigin::Send,
        note: None,
        actor: &context.actor,
    };
    let started = start(&mut tx, &mail.app.settings, &mail.sealer, &new).await?;
    let view = view::job(tx.conn(), context.tenant_id, started.job_id, None).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}
