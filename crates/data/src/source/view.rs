//! `GET /data/source`: what feeds the tenant, every secret masked.

use axum::extract::State;
use chrono::{DateTime, Utc};
use common::auth::{AppState, TenantContext};
use common::config::Settings;
use common::http::{ApiError, Json};
use common::ids::{AccountId, JobId, TenantId};
use common::secrets::Sealer;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::config::{BigquerySettings, DataApiSettings, SourceConfig, SourceKind};
use super::credentials::{KeyHolder, credentials, holder};
use super::due;
use super::grants::Grant;
use super::secret_field::MASK;
use super::stored::{StoredList, StoredSource, load};
use crate::dimensions::list_source::ListSource;
use crate::events::limits::EventLimits;

/// What feeds the tenant.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceView {
    pub kind: SourceKind,
    pub bigquery: Option<BigquerySettings>,
    pub data_api: Option<DataApiSettings>,
    /// `***` when the tenant has a key of its own.
    #[schema(example = "***")]
    pub service_account: Option<&'static str>,
    pub credentials: CredentialsView,
    /// What the operator lets the tenant reach with the operator's key.
    pub operator_grants: Vec<Grant>,
    pub users: Option<ListView>,
    pub locations: Option<ListView>,
    /// The tenant's: the schedule goes by its clocks, and days are cut by it.
    #[schema(example = "America/New_York")]
    pub time_zone: String,
    pub schedule: ScheduleView,
    /// How large and how old posted events may be.
    pub events: EventLimits,
    pub updated_at: Option<DateTime<Utc>>,
    pub updated_by: Option<AccountId>,
}

/// Which Google key reads the source.
#[derive(Debug, Serialize, ToSchema)]
pub struct CredentialsView {
    /// Whose it is; `none` where there is none, or none is needed.
    pub source: KeyHolder,
    /// Whom to grant access to.
    #[schema(example = "reader@my-shop-123.iam.gserviceaccount.com")]
    pub client_email: Option<String>,
    pub private_key_id: Option<String>,
    /// Why the source cannot be read with it, and what to do.
    pub problem: Option<String>,
}

/// A place that holds a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListView {
    #[serde(flatten)]
    pub source: ListSource,
    /// Which secrets are stored.
    pub secret: ListSecretView,
    /// Why the secrets cannot be used, and what to do.
    pub problem: Option<String>,
}

/// `***` for each that is stored.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ListSecretView {
    pub password: Option<&'static str>,
    pub private_key: Option<&'static str>,
    pub passphrase: Option<&'static str>,
}

/// When the source is read by itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScheduleView {
    pub cron: Option<String>,
    pub enabled: bool,
    pub refresh_days: u16,
    /// In the past while it waits for another run to end.
    pub next_run_at: Option<DateTime<Utc>>,
    pub last_run_at: Option<DateTime<Utc>>,
    pub last_job_id: Option<JobId>,
}

/// What feeds the tenant's events and lists, and when.
#[utoipa::path(get, path = "/data/source", tag = "source",
    responses((status = 200, description = "The source, secrets masked", body = SourceView)))]
pub async fn get_source(State(app): State<AppState>, context: TenantContext) -> Result<Json<SourceView>, ApiError> {
    let mut tx = context.tx(&app.pool).await?;
    let sealer = Sealer::from_settings(&app.settings);
    view(tx.conn(), &app.settings, &sealer, context.tenant_id).await.map(Json)
}

/// The source as the API shows it.
///
/// # Errors
/// The database is away.
pub(super) async fn view(
    conn: &mut PgConnection,
    settings: &Settings,
    sealer: &Sealer,
    tenant: TenantId,
) -> Result<SourceView, ApiError> {
    let source = load(&mut *conn, tenant).await?;
    let next_run_at = due::due_at(conn, tenant).await?;
    let (bigquery, data_api) = match &source.config {
        SourceConfig::ExportFiles => (None, None),
        SourceConfig::Bigquery(settings) => (Some(settings.clone()), None),
        SourceConfig::DataApi(settings) => (None, Some(settings.clone())),
    };
    Ok(SourceView {
        kind: source.config.kind(),
        bigquery,
        data_api,
        service_account: source.key.as_ref().map(|_| MASK),
        credentials: CredentialsView::of(&source, settings, sealer),
        users: source.users.as_ref().map(|list| ListView::of(list, sealer, tenant)),
        locations: source.locations.as_ref().map(|list| ListView::of(list, sealer, tenant)),
        time_zone: source.time_zone.name().to_owned(),
        schedule: ScheduleView {
            cron: source.schedule.cron,
            enabled: source.schedule.enabled,
            refresh_days: source.schedule.refresh_days,
            next_run_at,
            last_run_at: source.last_run_at,
            last_job_id: source.last_job_id,
        },
        events: source.events,
        operator_grants: source.grants,
        updated_at: source.updated_at,
        updated_by: source.updated_by,
    })
}

impl CredentialsView {
    fn of(source: &StoredSource, settings: &Settings, sealer: &Sealer) -> Self {
        let own = source.key.as_ref().map(|key| (key.client_email.clone(), key.private_key_id.clone()));
        let Some(needed) = source.config.grant() else {
            let (client_email, private_key_id) = own.unzip();
            let holder = if client_email.is_some() { KeyHolder::Tenant } else { KeyHolder::None };
            return Self { source: holder, client_email, private_key_id, problem: None };
        };
        let (shown, problem) = match credentials(&settings.google, sealer, source, &needed) {
            Ok(key) => (Some((key.client_email().to_owned(), key.key_id().to_owned())), None),
            // Which key it is can be told even when it cannot be opened.
            Err(problem) => (own, Some(problem)),
        };
        let (client_email, private_key_id) = shown.unzip();
        Self { source: holder(source, &needed), client_email, private_key_id, problem }
    }
}

impl ListView {
    fn of(list: &StoredList, sealer: &Sealer, tenant: TenantId) -> Self {
        let source = list.source.clone();
        match list.secret(sealer, tenant) {
            Ok(secret) => {
                let secret = ListSecretView {
                    password: secret.password.map(|_| MASK),
                    private_key: secret.private_key.map(|_| MASK),
                    passphrase: secret.passphrase.map(|_| MASK),
                };
                Self { source, secret, problem: None }
            }
            Err(problem) => Self { source, secret: ListSecretView::default(), problem: Some(problem) },
        }
    }
}
