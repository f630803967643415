//! `POST /data/ingest/start`: takes in what the tenant's source has for a range of days.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use common::auth::{AppState, TenantContext, audit};
use common::days;
use common::http::{ApiError, FieldError, Json};
use common::ids::{JobId, TenantId};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::job::{NewJob, create};
use crate::source;

/// What a load brings, as it is documented: `checked` reads it.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents what `StartBody` reads")]
enum DataType {
    Events,
    Users,
    Locations,
}

const DATA_TYPES: [&str; 3] = ["events", "users", "locations"];
/// Longest range of one job, in days.
const LONGEST_RANGE: i64 = 400;

/// Which days, and of what.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub struct StartBody {
    /// First day, in the property's time zone.
    #[garde(skip)]
    #[schema(value_type = String, format = Date)]
    pub start_date: String,
    /// Last day; at most 400 days in all.
    #[garde(skip)]
    #[schema(value_type = String, format = Date)]
    pub end_date: String,
    /// Any of `events`, `users`, `locations`; all when left out.
    #[garde(skip)]
    #[schema(min_items = 1, value_type = Option<Vec<DataType>>)]
    pub data_types: Option<Vec<String>>,
}

/// The job that was queued.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueuedJob {
    pub job_id: JobId,
    pub start_date: Option<NaiveDate>,
    pub end_date: Option<NaiveDate>,
    pub data_types: Vec<String>,
    pub status: String,
    pub created_at: DateTime<Utc>,
}

/// Queue the ingestion of a range of days from the tenant's source.
#[utoipa::path(
    post,
    path = "/data/ingest/start",
    tag = "ingestion",
    request_body = StartBody,
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[ -~]+$", description = "Sent again, it answers the job it made the first time")),
    responses(
        (status = 202, description = "Queued", body = QueuedJob),
        (status = 409, description = "A job over some of these days is running; the detail names it", content_type = "application/problem+json", body = common::http::Problem),
    )
)]
pub async fn start_ingestion(
    State(app): State<AppState>,
    context: TenantContext,
    headers: HeaderMap,
    Json(body): Json<StartBody>,
) -> Result<Response, ApiError> {
    let (from, to, data_types) = checked(&body)?;
    let key = idempotency_key(&headers)?;
    let job = JobId::generate();
    let mut tx = context.tx(&app.pool).await?;
    // Two starts at once: the second one sees the first one's job.
    lock_starts(tx.conn(), context.tenant_id).await?;
    if let Some(key) = &key
        && let Some(known) = known_job(tx.conn(), &context, key, false).await?
    {
        return Ok((StatusCode::ACCEPTED, Json(known)).into_response());
    }
    if let Some(running) = overlapping(tx.conn(), context.tenant_id, from, to).await? {
        return Err(ApiError::Conflict(format!(
            "Job {running} is already taking in some of these days; wait for it or cancel it."
        )));
    }
    let source = source::load(tx.conn(), context.tenant_id).await?;
    let created_at = create(
        tx.conn(),
        &NewJob {
            tenant: context.tenant_id,
            job,
            origin: source.config.origin(),
            source: source.config.kind(),
            is_scheduled: false,
            mode: "replace",
            data_types: &data_types,
            range: Some((from, to)),
            idempotency_key: key.as_deref(),
            created_by: context.actor.account_id,
        },
    )
    .await?;
    let details = json!({ "start_date": from, "end_date": to, "data_types": data_types });
    let target = job.to_string();
    audit::note(tx.conn(), context.tenant_id, &context.actor, "ingestion.started", Some(&target), details).await?;
    tx.commit().await?;
    let queued = QueuedJob {
        job_id: job,
        start_date: Some(from),
        end_date: Some(to),
        data_types,
        status: "queued".into(),
        created_at,
    };
    Ok((StatusCode::ACCEPTED, Json(queued)).into_response())
}

/// All faults of the body at once; answers the range and the data types.
fn checked(body: &StartBody) -> Result<(NaiveDate, NaiveDate, Vec<String>), ApiError> {
    let mut errors = Vec::new();
    let mut day = |field: &str, text: &str| {
        let day = days::parse(text);
        if day.is_none() {
            errors.push(FieldError::new(field, "is not a day from 2000 to 2099, as YYYY-MM-DD"));
        }
        day
    };
    let range = day("start_date", &body.start_date).zip(day("end_date", &body.end_date));
    match range {
        Some((from, to)) if to < from => errors.push(FieldError::new("end_date", "is before start_date")),
        Some((from, to)) if (to - from).num_days() >= LONGEST_RANGE => {
            errors.push(FieldError::new("end_date", format!("the range is longer than {LONGEST_RANGE} days")));
        }
        _ => {}
    }
    let given = body.data_types.clone().unwrap_or_else(|| DATA_TYPES.map(String::from).to_vec());
    if given.is_empty() {
        errors.push(FieldError::new("data_types", "names nothing; leave it out for all"));
    }
    for (n, name) in given.iter().enumerate() {
        if !DATA_TYPES.contains(&name.as_str()) {
            errors.push(FieldError::new(
                format!("data_types[{n}]"),
                format!("`{name}` is none of {}", DATA_TYPES.join(", ")),
            ));
        }
    }
    match range {
        Some((from, to)) if errors.is_empty() => Ok((from, to, given)),
        _ => Err(ApiError::Invalid(errors)),
    }
}

/// The header, if it is there and sane.
///
/// # Errors
/// 400 when it is longer than 200 characters or not printable.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(text) if (1..=200).contains(&text.len()) && !text.contains('\t') => Ok(Some(text.to_owned())),
        _ => Err(ApiError::Malformed("Idempotency-Key must be 1 to 200 printable characters.".into())),
    }
}

/// One start at a time per tenant, until the transaction ends.
///
/// # Errors
/// The database is away.
pub async fn lock_starts(conn: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('ga start ' || $1::text, 0))", tenant.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

/// The job that this key made before, by an upload or by a start.
///
/// # Errors
/// 422 where the key came with the other of the two: its job is not about what was sent now. The database is away.
pub async fn known_job(
    conn: &mut PgConnection,
    context: &TenantContext,
    key: &str,
    is_upload: bool,
) -> Result<Option<QueuedJob>, ApiError> {
    let known = sqlx::query!(
        r#"select job_id as "job_id: JobId", start_date, end_date, data_types, status, created_at, origin = 'upload' as "is_upload!"
           from ingestion_jobs where tenant_id = $1 and idempotency_key = $2"#,
        context.tenant_id.0,
        key,
    )
    .fetch_optional(conn)
    .await?;
    let Some(known) = known else { return Ok(None) };
    if known.is_upload != is_upload {
        let other = if is_upload { "POST /data/ingest/start" } else { "POST /data/ingest/upload" };
        return Err(ApiError::invalid("Idempotency-Key", format!("was used with {other} before")));
    }
    Ok(Some(QueuedJob {
        job_id: known.job_id,
        start_date: known.start_date,
        end_date: known.end_date,
        data_types: known.data_types,
        status: known.status,
        created_at: known.created_at,
    }))
}

/// The oldest job over some of these days that has not ended.
///
/// # Errors
/// The database is away.
pub async fn overlapping(
    conn: &mut PgConnection,
    tenant: TenantId,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Option<JobId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select job_id as "job_id: JobId" from ingestion_jobs
           where tenant_id = $1 and status in ('queued', 'processing') and start_date <= $3 and end_date >= $2
           order by created_at limit 1"#,
        tenant.0,
        from,
        to,
    )
    .fetch_optional(conn)
    .await
}
