//! `GET /analytics/email/history`.

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json, MAX_LIMIT, Page},
    ids::{JobId, MailId},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::{params::Params, scope};

const USUAL_LIMIT: u32 = 50;
const MAX_PAGE: u32 = 1_000_000;
const STATUSES: [&str; 7] = ["queued", "sending", "sent", "failed", "unknown", "suppressed", "cancelled"];

/// Which mails, as documented; `Params` reads them.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `Params` reads")]
pub(in crate::email::sending) struct HistoryParams {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    page: Option<u32>,
    /// Mails a page.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<u32>,
    /// Only mails about this branch, alone or among others.
    #[param(max_length = 500)]
    branch_code: Option<String>,
    #[param(inline)]
    status: Option<MailStatus>,
    /// Only mails to this address.
    #[param(max_length = 500)]
    sales_rep_email: Option<String>,
    /// Only mails of this send.
    #[param(format = Uuid)]
    job_id: Option<String>,
    /// The first report day; with `end_date`, or neither.
    #[param(format = Date)]
    start_date: Option<String>,
    /// The last report day.
    #[param(format = Date)]
    end_date: Option<String>,
}

/// Where a mail stands.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "documents what `STATUSES` lists")]
enum MailStatus {
    Queued,
    Sending,
    Sent,
    Failed,
    Unknown,
    Suppressed,
    Cancelled,
}

/// A mail and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::email::sending) struct MailView {
    id: MailId,
    job_id: JobId,
    /// The first of `branch_codes`.
    branch_code: String,
    branch_codes: Vec<String>,
    sales_rep_email: String,
    sales_rep_name: Option<String>,
    subject: String,
    report_date: NaiveDate,
    /// `queued`, `sending`, `sent`, `failed`, `unknown` (it may have arrived or not), `suppressed`, `cancelled`
    #[schema(value_type = MailStatus)]
    status: String,
    /// The server's last reply.
    smtp_response: Option<String>,
    error_message: Option<String>,
    /// By it the mail is found in the receiver's log.
    message_id: Option<String>,
    attempts: i32,
    /// The last try; before the first one, when it was queued.
    sent_at: DateTime<Utc>,
    /// When it is tried again; null = at once, or never.
    next_attempt_at: Option<DateTime<Utc>>,
    /// From 1; each `force` and each resend of a mail that was sent is one more.
    generation: i32,
    /// When a notice came that it could not be delivered.
    bounced_at: Option<DateTime<Utc>>,
    /// RFC 3463, such as 5.1.1.
    bounce_status: Option<String>,
    bounce_reason: Option<String>,
}

/// Mails
///
/// The newest first; one line per mail.
#[utoipa::path(get, path = "/analytics/email/history", tag = "email", params(HistoryParams),
    responses((status = 200, body = Page<MailView>)))]
pub(in crate::email::sending) async fn list_mails(
    State(app): State<AppState>,
    context: TenantContext,
    mut params: Params,
) -> Result<Json<Page<MailView>>, ApiError> {
    let page = params.whole("page", 1..=MAX_PAGE).unwrap_or(1);
    let limit = params.whole("limit", 1..=MAX_LIMIT).unwrap_or(USUAL_LIMIT);
    let days = params.days();
    let branch = params.text("branch_code");
    let email = params.text("sales_rep_email").map(|email| email.to_lowercase());
    let status = params.choice("status", &STATUSES.map(|status| (status, status)));
    let job = params.text("job_id").and_then(|text| {
        let job = text.parse::<JobId>().ok();
        if job.is_none() {
            params.refuse("job_id", "is not a UUID");
        }
        job
    });
    params.finish()?;
    let visible = scope::visible(&context);
    let offset = i64::from(page - 1) * i64::from(limit);
    let mut tx = context.tx(&app.pool).await?;
    let found = sqlx::query!(
        r#"select total as "total!", mail_ids as "mail_ids!" from find_mails($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"#,
        context.tenant_id.uuid(),
        visible,
        branch,
        status,
        email,
        job.map(JobId::uuid),
        days.map(|days| days.first),
        days.map(|days| days.last),
        offset,
        i64::from(limit),
    )
    .fetch_one(tx.conn())
    .await?;
    let data = sqlx::query_as!(
        MailView,
        r#"select h.mail_id as "id: MailId", h.job_id as "job_id: JobId", h.branch_codes[1] as "branch_code!", h.branch_codes,
             h.sales_rep_email, h.sales_rep_name, h.subject, h.report_date, h.status, h.smtp_response, h.error_message,
             h.message_id, h.attempts, coalesce(h.attempted_at, h.queued_at) as "sent_at!", h.next_attempt_at, h.generation,
             h.bounced_at, h.bounce_status, h.bounce_reason
         from email_send_history h
         where h.tenant_id = $1 and h.mail_id = any($2) and ($3::text[] is null or h.branch_codes <@ $3)
         order by h.queued_at desc, h.mail_id desc"#,
        context.tenant_id.uuid(),
        &found.mail_ids,
        // Sets of branches are found by their hash; what a member may not see is kept back by the branches themselves.
        visible,
    )
    .fetch_all(tx.conn())
    .await?;
    let has_more = offset + i64::from(limit) < found.total;
    Ok(Json(Page { data, total: found.total, page, limit, has_more, next_cursor: None }))
}
