//! `POST /analytics/email/history/{mail_id}/resend`: one mail again, because a person says so.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::NaiveDate;
use common::{
    auth::{TenantContext, audit},
    http::{ApiError, Json, Path, Problem},
    ids::{JobId, MailId},
};
use serde_json::json;

use crate::{
    email::{
        MailState,
        sending::{
            job::{self, NewJob},
            queue::{self, NewMail},
            start::{SendOrigin, can_send},
            targets::Target,
            view::{self, JobView},
        },
    },
    scope,
};

struct MailRow {
    sales_rep_email: String,
    sales_rep_name: Option<String>,
    subject: String,
    report_date: NaiveDate,
    branch_codes: Vec<String>,
    status: String,
    generation: i32,
    latest: i32,
    is_suppressed: bool,
}

/// Send one mail again
///
/// One that failed or was cancelled is tried again. One that was sent, or whose outcome is unknown, is sent as a new mail
/// of its own generation, with a Message-ID of its own: the recipient may then have it twice.
#[utoipa::path(post, path = "/analytics/email/history/{mail_id}/resend", tag = "email", params(("mail_id" = MailId, Path)),
    responses(
        (status = 202, description = "Queued", body = JobView),
        (status = 409, description = "It waits already, its address is suppressed, or no mail server is configured",
            body = Problem, content_type = "application/problem+json"),
    ))]
pub(in crate::email::sending) async fn resend_mail(
    State(mail): State<MailState>,
    context: TenantContext,
    Path(mail_id): Path<MailId>,
) -> Result<Response, ApiError> {
    let tenant = context.tenant_id;
    let mut tx = context.tx(&mail.app.pool).await?;
    queue::lock(tx.conn(), tenant).await?;
    let row = sqlx::query_as!(
        MailRow,
        r#"select h.sales_rep_email, h.sales_rep_name, h.subject, h.report_date, h.branch_codes, h.status,
             h.generation,
             (select max(o.generation) from email_send_history o
              where o.tenant_id = $1 and o.report_date = h.report_date and o.sales_rep_email = h.sales_rep_email
                  and o.branch_codes = h.branch_codes) as "latest!",
             exists (select from email_suppressions s where s.tenant_id = $1 and s.email = lower(h.sales_rep_email))
                 as "is_suppressed!"
         from email_send_history h
         where h.tenant_id = $1 and h.mail_id = $2 and ($3::text[] is null or h.branch_codes <@ $3)"#,
        tenant.uuid(),
        mail_id.uuid(),
        scope::visible(&context),
    )
    .fetch_optional(tx.conn())
    .await?
    .ok_or_else(|| ApiError::NotFound(format!("There is no mail {mail_id}.")))?;
    if matches!(row.status.as_str(), "queued" | "sending") {
        return Err(ApiError::Conflict(format!("The mail is {} already.", row.status)));
    }
    if row.is_suppressed {
        let email = &row.sales_rep_email;
        return Err(ApiError::Conflict(format!("{email} gets no mails any more; lift its suppression first.")));
    }
    can_send(tx.conn(), tenant, &mail.app.settings, &mail.sealer).await?;
    // What reached nobody is the same mail once more.
    let again = matches!(row.status.as_str(), "failed" | "cancelled" | "suppressed").then_some(mail_id);
    let job_id = JobId::generate();
    let generation = if again.is_some() { row.generation } else { row.latest + 1 };
    job::create(
        tx.conn(),
        &NewJob {
            tenant,
            job_id,
            report_date: row.report_date,
            target_branches: &row.branch_codes,
            scope: scope::visible(&context),
            skipped_branches: &[],
            generation,
            total: 1,
            allow_empty: true,
            origin: SendOrigin::Resend,
            note: None,
            actor: &context.actor,
        },
    )
    .await?;
    let MailRow { sales_rep_email, sales_rep_name, subject, report_date, branch_codes, .. } = row;
    let details =
        json!({ "job_id": job_id, "report_date": report_date, "branch_codes": branch_codes, "was": row.status });
    let target = Target { email: sales_rep_email, name: sales_rep_name, branch_codes, again };
    let mails = [NewMail { target, subject }];
    queue::put(tx.conn(), tenant, job_id, report_date, generation, &mails).await?;
    job::wake(tx.conn(), tenant, None).await?;
    let view = view::job(tx.conn(), tenant, job_id, None).await?;
    let target = mail_id.to_string();
    audit::note(tx.conn(), tenant, &context.actor, "mail.resent", Some(&target), details).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}
