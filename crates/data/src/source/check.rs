//! Holds a change of the source against what is stored: every fault at once, or the source as it is to be.

use common::http::FieldError;
use common::schedule::Schedule;
use common::secrets::Sealer;
use garde::Validate;
use google::ServiceAccountKey;
use secrecy::{ExposeSecret, SecretString};

use super::change::{ScheduleBody, SourceBody};
use super::check_list::checked_list;
use super::config::{BigquerySettings, DataApiSettings, SourceConfig, SourceKind};
use super::secret_field::Given;
use super::stored::{KEY_PURPOSE, ListOf, StoredKey, StoredSchedule, StoredSource};
use crate::events::limits::EventLimits;

/// Longer than any key file.
const LONGEST_KEY_FILE: usize = 16 * 1024;
const LONGEST_REFRESH: u16 = 400;

/// The source with the change applied and its secrets sealed, and its schedule where it runs by itself.
///
/// # Errors
/// Every field that is wrong.
pub(super) fn checked(
    stored: &StoredSource,
    body: SourceBody,
    sealer: &Sealer,
) -> Result<(StoredSource, Option<Schedule>), Vec<FieldError>> {
    let SourceBody { kind, bigquery, data_api, service_account, users, locations, schedule, events } = body;
    let mut faults = Vec::new();
    let mut next = stored.clone();
    next.config =
        taken(&mut faults, config(&stored.config, kind, bigquery, data_api)).unwrap_or(SourceConfig::ExportFiles);
    match service_account {
        Given::Kept => {}
        Given::Removed => next.key = None,
        Given::New(file) => next.key = taken(&mut faults, key(&file, stored, sealer)),
    }
    for (of, given) in [(ListOf::Users, users), (ListOf::Locations, locations)] {
        let list = match given {
            Given::Kept => continue,
            Given::Removed => None,
            Given::New(body) => taken(&mut faults, checked_list(of, stored, body, sealer)),
        };
        match of {
            ListOf::Users => next.users = list,
            ListOf::Locations => next.locations = list,
        }
    }
    let cron = match schedule {
        Given::Kept => stored.schedule.cron.as_deref().map(Schedule::parse).transpose().unwrap_or_default(),
        Given::Removed => {
            next.schedule = StoredSchedule { refresh_days: stored.schedule.refresh_days, ..StoredSchedule::default() };
            None
        }
        Given::New(body) => {
            let (schedule, cron) = taken(&mut faults, scheduled(body)).unwrap_or_default();
            next.schedule = schedule;
            cron
        }
    };
    match events {
        Given::Kept => {}
        Given::Removed => next.events = EventLimits::default(),
        Given::New(limits) => {
            if let Err(report) = limits.validate() {
                let fault = |(path, error): &(garde::Path, garde::Error)| {
                    FieldError::new(format!("events.{path}"), error.message())
                };
                faults.extend(report.iter().map(fault));
            }
            next.events = limits;
        }
    }
    if faults.is_empty() {
        let cron = cron.filter(|_| next.schedule.enabled);
        Ok((next, cron))
    } else {
        Err(faults)
    }
}

/// The value, or its faults among the others.
fn taken<T>(faults: &mut Vec<FieldError>, result: Result<T, Vec<FieldError>>) -> Option<T> {
    result.map_err(|more| faults.extend(more)).ok()
}

fn config(
    stored: &SourceConfig,
    kind: Option<SourceKind>,
    bigquery: Option<BigquerySettings>,
    data_api: Option<DataApiSettings>,
) -> Result<SourceConfig, Vec<FieldError>> {
    let kind = kind.unwrap_or(stored.kind());
    let mut faults = Vec::new();
    for (field, given, of) in
        [("bigquery", bigquery.is_some(), SourceKind::Bigquery), ("data_api", data_api.is_some(), SourceKind::DataApi)]
    {
        if given && kind != of {
            faults.push(FieldError::new(
                field,
                format!("is for the kind {}; the kind is {}", of.as_str(), kind.as_str()),
            ));
        } else if !given && kind == of && stored.kind() != of {
            faults.push(FieldError::new(field, format!("is missing: the kind {} needs it", of.as_str())));
        }
    }
    faults.extend(bigquery.as_ref().map(BigquerySettings::faults).unwrap_or_default());
    faults.extend(data_api.as_ref().map(DataApiSettings::faults).unwrap_or_default());
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(match (kind, bigquery, data_api) {
        (SourceKind::Bigquery, Some(settings), _) => SourceConfig::Bigquery(settings),
        (SourceKind::DataApi, _, Some(settings)) => SourceConfig::DataApi(settings),
        (SourceKind::ExportFiles, ..) => SourceConfig::ExportFiles,
        (SourceKind::Bigquery | SourceKind::DataApi, ..) => stored.clone(),
    })
}

fn key(file: &SecretString, stored: &StoredSource, sealer: &Sealer) -> Result<StoredKey, Vec<FieldError>> {
    let fault = |message: String| vec![FieldError::new("service_account", message)];
    let text = file.expose_secret();
    if text.len() > LONGEST_KEY_FILE {
        return Err(fault(format!("is longer than any key file ({LONGEST_KEY_FILE} bytes)")));
    }
    let key = ServiceAccountKey::parse(text).map_err(|error| fault(error.to_string()))?;
    let sealed = sealer.seal(stored.tenant, KEY_PURPOSE, text.as_bytes()).map_err(|error| fault(error.to_string()))?;
    Ok(StoredKey { sealed, client_email: key.client_email().into(), private_key_id: key.key_id().into() })
}

fn scheduled(body: ScheduleBody) -> Result<(StoredSchedule, Option<Schedule>), Vec<FieldError>> {
    let ScheduleBody { cron, enabled, refresh_days } = body;
    let mut faults = Vec::new();
    let schedule = match cron.as_deref().map(Schedule::parse).transpose() {
        Ok(schedule) => schedule,
        Err(message) => {
            faults.push(FieldError::new("schedule.cron", message));
            None
        }
    };
    let enabled = enabled.unwrap_or(cron.is_some());
    if enabled && cron.is_none() {
        faults.push(FieldError::new("schedule.cron", "is missing: an enabled schedule needs it, such as `30 5 * * *`"));
    }
    if refresh_days > LONGEST_REFRESH {
        faults.push(FieldError::new(
            "schedule.refresh_days",
            format!("is not a number of days from 0 to {LONGEST_REFRESH}"),
        ));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let cron = schedule.as_ref().map(|schedule| schedule.as_str().to_owned());
    Ok((StoredSchedule { cron, enabled, refresh_days }, schedule))
}
