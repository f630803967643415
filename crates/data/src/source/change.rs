//! `PUT /data/source`: sets what feeds the tenant. What the body names is replaced whole, what it does not name stays.

use axum::extract::State;
use chrono::Utc;
use common::auth::{AppState, TenantContext, audit};
use common::http::{ApiError, Json};
use common::secrets::Sealer;
use garde::Validate;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::check::checked;
use super::config::{BigquerySettings, DataApiSettings, SourceKind};
use super::secret_field::{Given, given, given_key_file, given_secret};
use super::stored::StoredSource;
use super::view::{SourceView, view};
use super::{due, load, save};
use crate::dimensions::list_source::ListSource;
use crate::events::limits::{self, EventLimits};

/// What to change. The answer of `GET /data/source`, sent back as it is, changes nothing.
#[derive(Deserialize, Validate, ToSchema)]
pub struct SourceBody {
    /// Which kind of source it is from now on.
    #[garde(skip)]
    pub kind: Option<SourceKind>,
    /// For the kind `bigquery`, and needed when that is new.
    #[garde(skip)]
    pub bigquery: Option<BigquerySettings>,
    /// For the kind `data_api`, and needed when that is new.
    #[garde(skip)]
    pub data_api: Option<DataApiSettings>,
    /// The tenant's own service-account key: the JSON object that Google Cloud gave out, or its text. Left out or `***`, the
    /// stored one stays; `null` removes it.
    #[serde(default, deserialize_with = "given_key_file")]
    #[garde(skip)]
    #[schema(value_type = serde_json::Value)]
    pub service_account: Given<SecretString>,
    /// Where the list of users is fetched from; `null` for nowhere.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = Option<ListBody>)]
    pub users: Given<ListBody>,
    /// Where the list of locations is fetched from; `null` for nowhere.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = Option<ListBody>)]
    pub locations: Given<ListBody>,
    /// When the source is read by itself; `null` for never.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = Option<ScheduleBody>)]
    pub schedule: Given<ScheduleBody>,
    /// How large and how old posted events may be; `null` for Google's own limits, as is each limit that is left out.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = Option<limits::Given>)]
    pub events: Given<EventLimits>,
}

/// A place that holds a list, and what opens it.
#[derive(Deserialize, ToSchema)]
pub struct ListBody {
    #[serde(flatten)]
    pub source: ListSource,
    /// For SFTP. Needed again when host, port, user name or the server's known key change.
    #[serde(default)]
    pub secret: ListSecretBody,
}

/// What opens an SFTP account. Of each field: left out or `***`, the stored one stays; `null` removes it.
#[derive(Default, Deserialize, ToSchema)]
pub struct ListSecretBody {
    #[serde(default, deserialize_with = "given_secret")]
    #[schema(value_type = Option<String>, write_only)]
    pub password: Given<SecretString>,
    /// OpenSSH or PEM.
    #[serde(default, deserialize_with = "given_secret")]
    #[schema(value_type = Option<String>, write_only)]
    pub private_key: Given<SecretString>,
    /// Of the private key, where it has one.
    #[serde(default, deserialize_with = "given_secret")]
    #[schema(value_type = Option<String>, write_only)]
    pub passphrase: Given<SecretString>,
}

/// When the source is read by itself.
#[derive(Deserialize, ToSchema)]
pub struct ScheduleBody {
    /// Five fields (minute, hour, day of the month, month, day of the week) by the tenant's clocks, at most every five
    /// minutes. A time that daylight saving skips runs right after, one that it repeats runs once.
    #[schema(example = "30 5 * * *")]
    pub cron: Option<String>,
    /// Whether it runs; true unless given, where there is a `cron`.
    pub enabled: Option<bool>,
    /// How many full days before today each run looks at again, for GA4 goes on changing them; today is always taken.
    #[serde(default = "usual_refresh_days")]
    #[schema(minimum = 0, maximum = 400, default = 3)]
    pub refresh_days: u16,
}

const fn usual_refresh_days() -> u16 {
    3
}

/// Set what feeds the tenant's events and lists, and when.
///
/// What the body names is replaced whole (`bigquery` with all its fields); what it does not name stays as it is.
#[utoipa::path(put, path = "/data/source", tag = "source", request_body = SourceBody,
    responses((status = 200, description = "The source as it is now, secrets masked", body = SourceView)))]
pub async fn put_source(
    State(app): State<AppState>,
    context: TenantContext,
    Json(body): Json<SourceBody>,
) -> Result<Json<SourceView>, ApiError> {
    let sealer = Sealer::from_settings(&app.settings);
    let now = Utc::now();
    let mut tx = context.tx(&app.pool).await?;
    save::lock(tx.conn(), context.tenant_id).await?;
    let stored = load(tx.conn(), context.tenant_id).await?;
    let named = named(&body);
    let (next, schedule) = checked(&stored, body, &sealer).map_err(ApiError::Invalid)?;
    save::save(tx.conn(), &next, context.actor.account_id).await?;
    let is_new = stored.schedule.cron != next.schedule.cron || stored.schedule.enabled != next.schedule.enabled;
    due::align(tx.conn(), &next, schedule.as_ref(), now, is_new).await?;
    let answer = view(tx.conn(), &app.settings, &sealer, context.tenant_id).await?;
    let details = json!({ "named": named, "from": shown(&stored), "to": shown(&next) });
    audit::note(tx.conn(), context.tenant_id, &context.actor, "source.changed", None, details).await?;
    tx.commit().await?;
    Ok(Json(answer))
}

/// The fields that a body names to change them. What opens something is told by its name alone.
fn named(body: &SourceBody) -> Vec<&'static str> {
    let SourceBody { kind, bigquery, data_api, service_account, users, locations, schedule, events } = body;
    let all = [
        ("kind", kind.is_some()),
        ("bigquery", bigquery.is_some()),
        ("data_api", data_api.is_some()),
        ("service_account", !matches!(service_account, Given::Kept)),
        ("users", !matches!(users, Given::Kept)),
        ("locations", !matches!(locations, Given::Kept)),
        ("schedule", !matches!(schedule, Given::Kept)),
        ("events", !matches!(events, Given::Kept)),
    ];
    all.into_iter().filter(|(_, is_named)| *is_named).map(|(name, _)| name).collect()
}

/// Of a source, what the log remembers.
fn shown(source: &StoredSource) -> Value {
    let StoredSource { config, key, schedule, .. } = source;
    json!({
        "kind": config.kind().as_str(),
        "key": key.as_ref().map(|key| json!({ "client_email": key.client_email, "private_key_id": key.private_key_id })),
        "cron": schedule.cron,
        "enabled": schedule.enabled,
    })
}
