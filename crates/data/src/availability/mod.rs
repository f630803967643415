//! `GET /data/availability`: which days are there, from which source, and whether they are final.

use axum::extract::State;
use chrono::NaiveDate;
use common::auth::{AppState, TenantContext};
use common::http::{ApiError, Json};
use serde::{Deserialize, Serialize};
use sqlx::types::Json as Sql;
use utoipa::ToSchema;

/// What of the tenant's history is here.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Availability {
    pub summary: Summary,
    pub breakdown: Vec<TableDays>,
    /// Oldest first.
    pub days: Vec<DayView>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Summary {
    pub earliest_date: Option<NaiveDate>,
    pub latest_date: Option<NaiveDate>,
    pub total_events: i64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TableDays {
    pub table: String,
    pub earliest_date: Option<NaiveDate>,
    pub latest_date: Option<NaiveDate>,
    pub events: i64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DayView {
    pub date: NaiveDate,
    pub events: i64,
    /// `bigquery`, `export_files` or `data_api`; null for a day that only came through the API.
    pub source: Option<String>,
    /// GA4 will not change the day any more.
    pub r#final: bool,
}

/// Which days have data.
#[utoipa::path(get, path = "/data/availability", tag = "ingestion",
    responses((status = 200, description = "The days", body = Availability)))]
pub async fn get_availability(
    State(app): State<AppState>,
    context: TenantContext,
) -> Result<Json<Availability>, ApiError> {
    let mut tx = context.tx(&app.pool).await?;
    let availability = sqlx::query_scalar!(
        r#"select get_data_availability($1) as "availability!: Sql<Availability>""#,
        context.tenant_id.0,
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(Json(availability.0))
}
