//! `POST /data/source/test`: connects with what is stored and says what it sees, step by step, until one fails.

mod bigquery;
mod data_api;
mod export_files;
mod lists;

use std::time::Duration;

use anyhow::Context;
use axum::extract::State;
use chrono::Utc;
use common::auth::{AppState, TenantContext};
use common::config::Settings;
use common::http::{ApiError, Json};
use common::ids::TenantId;
use common::secrets::Sealer;
use google::{Google, Pace, Timeouts};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use self::bigquery::BigqueryFindings;
use self::data_api::DataApiFindings;
use self::export_files::FolderFindings;
use self::lists::ListFindings;
use super::config::{SourceConfig, SourceKind};
use super::credentials::{KeyHolder, credentials, endpoints, holder};
use super::stored::{ListOf, StoredSource, load};
use crate::ga4::MappingSettings;

/// A person waits for the answer, and the server ends a request after 30 seconds.
const PATIENCE: Duration = Duration::from_secs(25);
/// The same for each request to Google. Jobs go on for longer.
const PACE: Pace =
    Pace { first: Duration::from_millis(250), longest: Duration::from_secs(1), total: Duration::from_secs(4) };
const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(5), silence: Duration::from_secs(10), whole: Duration::from_secs(15) };

/// What a test of the source saw.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceTest {
    /// Whether all steps went well.
    pub ok: bool,
    pub kind: SourceKind,
    /// In order; after one that failed, those that need it were not tried. Lists need no other step.
    pub steps: Vec<Step>,
    pub bigquery: Option<BigqueryFindings>,
    pub data_api: Option<DataApiFindings>,
    pub export_files: Option<FolderFindings>,
    /// Where users are fetched from, if they are.
    pub users: Option<ListFindings>,
    /// Where locations are fetched from, if they are.
    pub locations: Option<ListFindings>,
}

/// One thing that was tried.
#[derive(Debug, Serialize, ToSchema)]
pub struct Step {
    /// `credentials`, `dataset`, `table`, `query`; `property`, `dimensions`, `reports`, `time_zone`, `currency`; `folder`; `users`, `locations`
    pub step: &'static str,
    pub ok: bool,
    /// What was seen, or what went wrong and what to do about it.
    pub message: String,
    /// What will not stop ingestion, and should be looked at.
    pub warnings: Vec<String>,
}

/// The steps so far.
#[derive(Debug, Default)]
struct Steps(Vec<Step>);

impl Steps {
    fn passed(&mut self, step: &'static str, message: impl Into<String>) {
        self.warned(step, message, Vec::new());
    }

    fn warned(&mut self, step: &'static str, message: impl Into<String>, warnings: Vec<String>) {
        self.0.push(Step { step, ok: true, message: message.into(), warnings });
    }

    fn failed(&mut self, step: &'static str, message: impl Into<String>) {
        self.0.push(Step { step, ok: false, message: message.into(), warnings: Vec::new() });
    }

    /// The value, or a step that failed.
    fn tried<T>(&mut self, step: &'static str, result: Result<T, impl std::fmt::Display>) -> Option<T> {
        result.map_err(|error| self.failed(step, error.to_string())).ok()
    }
}

/// What the steps work with.
struct Probe<'a> {
    source: &'a StoredSource,
    mapping: &'a MappingSettings,
    settings: &'a Settings,
    sealer: &'a Sealer,
    google: Google,
}

/// Connect to the tenant's source and say what is there.
///
/// Nothing is written, and no more is read than it takes to say so. An answer with `ok: false` is a 200: the test was done.
#[utoipa::path(post, path = "/data/source/test", tag = "source",
    responses((status = 200, description = "What was seen, step by step", body = SourceTest)))]
pub async fn test_source(State(app): State<AppState>, context: TenantContext) -> Result<Json<SourceTest>, ApiError> {
    let mut tx = context.tx(&app.pool).await?;
    let source = load(tx.conn(), context.tenant_id).await?;
    let mapping = mapping(tx.conn(), context.tenant_id).await?;
    // No connection is held while Google is asked.
    tx.commit().await?;
    let google = Google::with_timeouts(endpoints(&app.settings.google)?, PACE, TIMEOUTS)
        .map_err(|error| ApiError::Internal(error.into()))?;
    let sealer = Sealer::from_settings(&app.settings);
    let probe = Probe { source: &source, mapping: &mapping, settings: &app.settings, sealer: &sealer, google };
    let mut test = SourceTest {
        ok: false,
        kind: source.config.kind(),
        steps: Vec::new(),
        bigquery: None,
        data_api: None,
        export_files: None,
        users: None,
        locations: None,
    };
    let (mut steps, mut of_users, mut of_locations) = (Steps::default(), Steps::default(), Steps::default());
    let events = async {
        match &source.config {
            SourceConfig::ExportFiles => test.export_files = export_files::look(&probe, &mut steps).await,
            SourceConfig::Bigquery(settings) => test.bigquery = bigquery::look(&probe, settings, &mut steps).await,
            SourceConfig::DataApi(settings) => test.data_api = data_api::look(&probe, settings, &mut steps).await,
        }
    };
    // At once: one server that does not answer leaves the others their time.
    let (users, locations) =
        (probe.list(ListOf::Users, &mut of_users), probe.list(ListOf::Locations, &mut of_locations));
    let all = async {
        tokio::join!(events, async { test.users = users.await }, async { test.locations = locations.await });
    };
    let is_late = tokio::time::timeout(PATIENCE, all).await.is_err();
    steps.0.extend(of_users.0.into_iter().chain(of_locations.0));
    if is_late {
        let limit = PATIENCE.as_secs();
        steps.failed("time", format!("Not everything was answered within {limit} seconds; try again."));
    }
    test.ok = steps.0.iter().all(|step| step.ok);
    test.steps = steps.0;
    Ok(Json(test))
}

impl Probe<'_> {
    async fn list(&self, of: ListOf, steps: &mut Steps) -> Option<ListFindings> {
        lists::look(self, of, self.source.list(of)?, steps).await
    }

    /// The key that reads the source, told as a step.
    fn key(&self, steps: &mut Steps) -> Option<std::sync::Arc<google::ServiceAccountKey>> {
        let needed = self.source.config.grant()?;
        let found = credentials(&self.settings.google, self.sealer, self.source, &needed);
        let key = steps.tried("credentials", found)?;
        let whose = match holder(self.source, &needed) {
            KeyHolder::Operator => "the operator's key",
            KeyHolder::Tenant | KeyHolder::None => "the tenant's own key",
        };
        steps.passed("credentials", format!("Reading {needed} as {} ({whose}).", key.client_email()));
        Some(key)
    }
}

async fn mapping(conn: &mut PgConnection, tenant: TenantId) -> anyhow::Result<MappingSettings> {
    let row = sqlx::query!(
        "select currency, user_property, branch_property, failed_search_aliases from tenants where tenant_id = $1",
        tenant.0,
    )
    .fetch_optional(conn)
    .await?
    .with_context(|| format!("there is no tenant {tenant}"))?;
    Ok(MappingSettings {
        currency: row.currency,
        user_property: row.user_property,
        branch_property: row.branch_property,
        failed_search_aliases: row.failed_search_aliases,
        latest_timestamp: Utc::now().timestamp_micros(),
    })
}
