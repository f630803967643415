//! Whose Google key reads a dataset or property: the tenant's own, else the operator's where the operator has bound that
//! very dataset or property to the tenant.

use std::fs;
use std::io::ErrorKind;
use std::sync::Arc;

use anyhow::Context;
use common::config::{GoogleEndpoints, GoogleSettings};
use common::secrets::Sealer;
use google::{Endpoints, ServiceAccountKey, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

use super::grants::Grant;
use super::stored::{KEY_PURPOSE, StoredSource};

/// Whose key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyHolder {
    Tenant,
    Operator,
    None,
}

/// The key that may read `needed` for this tenant. The operator's file is read each time, so that a rotated one holds.
///
/// # Errors
/// Why there is none and what to do about it, for the person who reads the job. Nothing of a key's content is in it.
pub fn credentials(
    settings: &GoogleSettings,
    sealer: &Sealer,
    source: &StoredSource,
    needed: &Grant,
) -> Result<Arc<ServiceAccountKey>, String> {
    match holder(source, needed) {
        KeyHolder::Tenant => own_key(sealer, source),
        KeyHolder::Operator => operators_key(settings),
        KeyHolder::None => Err(format!(
            "There is no Google key for {needed}: give the tenant's own with PUT /data/source (`service_account`), or let \
             the operator open it to this tenant with `{}`.",
            needed.command(source.tenant)
        )),
    }
}

/// Whose key would read `needed`.
pub fn holder(source: &StoredSource, needed: &Grant) -> KeyHolder {
    if source.key.is_some() {
        KeyHolder::Tenant
    } else if source.grants.contains(needed) {
        KeyHolder::Operator
    } else {
        KeyHolder::None
    }
}

fn own_key(sealer: &Sealer, source: &StoredSource) -> Result<Arc<ServiceAccountKey>, String> {
    let sealed = source.key.as_ref().map(|key| key.sealed.as_slice()).unwrap_or_default();
    let text = sealer
        .open_text(source.tenant, KEY_PURPOSE, sealed)
        .map_err(|error| format!("The tenant's Google key cannot be opened: {error}."))?;
    parse(&text).map_err(|error| format!("The tenant's Google key cannot be used. {error}"))
}

fn operators_key(settings: &GoogleSettings) -> Result<Arc<ServiceAccountKey>, String> {
    const NAME: &str = "The operator's Google key (GOOGLE_ANALYTICS_CREDENTIALS_PATH)";
    let Some(path) = &settings.credentials_path else {
        return Err(format!("{NAME} is open to this source, and none is configured."));
    };
    // The path is the operator's business, so what is said here does not name it.
    let text = fs::read_to_string(path).map(SecretString::from).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("{NAME} cannot be used: there is no such file."),
        ErrorKind::PermissionDenied => format!("{NAME} cannot be used: the service may not read the file."),
        ErrorKind::InvalidData => format!("{NAME} cannot be used: the file is not UTF-8 text."),
        _ => format!("{NAME} cannot be used: the file cannot be read."),
    })?;
    parse(&text).map_err(|error| format!("{NAME} cannot be used. {error}"))
}

fn parse(text: &SecretString) -> Result<Arc<ServiceAccountKey>, google::KeyError> {
    ServiceAccountKey::parse(text.expose_secret()).map(Arc::new)
}

/// Google's addresses, or the stand-ins that tests configure.
///
/// # Errors
/// A configured address that is none.
pub fn endpoints(settings: &GoogleSettings) -> anyhow::Result<Endpoints> {
    let GoogleEndpoints { token, bigquery, analytics_data } = &settings.endpoints;
    let pinned = Endpoints::google();
    let or = |configured: &Option<String>, variable: &str, pinned: Url| match configured {
        Some(address) => Url::parse(address).with_context(|| format!("{variable} is not an address")),
        None => Ok(pinned),
    };
    Ok(Endpoints {
        token: or(token, "GOOGLE_TOKEN_URL", pinned.token)?,
        bigquery: or(bigquery, "GOOGLE_BIGQUERY_URL", pinned.bigquery)?,
        analytics_data: or(analytics_data, "GOOGLE_ANALYTICS_DATA_URL", pinned.analytics_data)?,
    })
}
