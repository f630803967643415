//! What a property of the Data API offers: registered dimensions, what they support, which reports it answers, its clocks
//! and its currency.

use chrono::{DateTime, Days, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use google::{AnalyticsData, GoogleError, Report, ReportRequest};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Probe, Steps};
use crate::ga4::MappingSettings;
use crate::source::config::DataApiSettings;
use crate::source::support::{Capability, Extent, Support, support};
use crate::sources::data_api::{ITEM_DIMENSIONS, ITEM_METRICS, Registered, reports};

/// What is known of the property.
#[derive(Debug, Serialize, ToSchema)]
pub struct DataApiFindings {
    /// The property's; its days are cut by it.
    pub time_zone: Option<String>,
    pub currency: Option<String>,
    /// Requests of this hour that are left, in Google's tokens.
    pub tokens_left_this_hour: Option<i64>,
    #[serde(flatten)]
    pub support: Support,
}

pub(super) async fn look(probe: &Probe<'_>, settings: &DataApiSettings, steps: &mut Steps) -> Option<DataApiFindings> {
    let key = probe.key(steps)?;
    let client = probe.google.analytics(key, &settings.property_id);
    let metadata = steps.tried("property", client.metadata().await)?;
    let custom = metadata.dimensions.iter().filter(|field| field.custom).count();
    steps.passed(
        "property",
        format!(
            "The property {} offers {} dimensions, {custom} of its own.",
            settings.property_id,
            metadata.dimensions.len()
        ),
    );
    let registered = Registered::of(&metadata, probe.mapping);
    let mut support = support(&registered, probe.mapping);
    tell_dimensions(&support, steps);
    ask_compatibility(&client, &registered, probe.mapping, &mut support, steps).await;
    let mut findings = DataApiFindings { time_zone: None, currency: None, tokens_left_this_hour: None, support };
    let Some(report) = steps.tried("time_zone", one_row(&client, probe.source.time_zone).await) else {
        return Some(findings);
    };
    findings.time_zone = report.metadata.time_zone;
    findings.currency = report.metadata.currency_code;
    findings.tokens_left_this_hour = report.quota.and_then(|quota| quota.tokens_per_hour).map(|hour| hour.remaining);
    tell_clocks(findings.time_zone.as_deref(), probe.source.time_zone, steps);
    tell_currency(findings.currency.as_deref(), &probe.mapping.currency, steps);
    Some(findings)
}

fn tell_dimensions(support: &Support, steps: &mut Steps) {
    let found: Vec<&str> = support.dimensions.iter().filter_map(|one| one.dimension.as_deref()).collect();
    let warnings = support.dimensions.iter().filter(|one| one.dimension.is_none()).map(|one| one.how.clone()).collect();
    let none = |capabilities: &[Capability]| {
        let names = capabilities.iter().filter(|one| one.extent == Extent::None).map(|one| one.name.clone());
        names.collect::<Vec<_>>()
    };
    let lost = [none(&support.metrics), none(&support.lists)].concat();
    let found = if found.is_empty() { String::from("none of ours") } else { found.join(", ") };
    let lost = if lost.is_empty() { String::from("nothing") } else { lost.join(", ") };
    steps.warned("dimensions", format!("Registered: {found}. Not supported: {lost}."), warnings);
}

/// Rules about what goes together change, so Google is asked, not a table of ours.
async fn ask_compatibility(
    client: &AnalyticsData,
    registered: &Registered,
    mapping: &MappingSettings,
    support: &mut Support,
    steps: &mut Steps,
) {
    let names = |names: &[&str]| names.iter().copied().map(str::to_owned).collect::<Vec<_>>();
    let mut sets: Vec<(Vec<String>, Vec<String>, Vec<&str>)> = Vec::new();
    let of_tables = reports(registered, mapping).into_iter().map(|report| {
        let dimensions = report.dimension_names();
        (report.name, dimensions, report.metrics)
    });
    let items = ("items of purchases", names(&ITEM_DIMENSIONS), names(&ITEM_METRICS));
    for (name, dimensions, metrics) in of_tables.chain([items]) {
        match sets.iter_mut().find(|(d, m, _)| *d == dimensions && *m == metrics) {
            Some((.., of)) => of.push(name),
            None => sets.push((dimensions, metrics, vec![name])),
        }
    }
    let mut refused = Vec::new();
    for (dimensions, metrics, of) in &sets {
        let answer = match client.check_compatibility(dimensions, metrics).await {
            Ok(answer) => answer,
            Err(error) => {
                steps.failed("reports", error.to_string());
                return;
            }
        };
        if let Some(reason) = answer.refused {
            for table in support.tables.iter_mut().filter(|table| of.contains(&table.name.as_str())) {
                table.extent = Extent::None;
                table.why.push(format!("Google refuses the report: {reason}"));
            }
            refused.push(format!("{}: {reason}", of.join(", ")));
        }
    }
    if refused.is_empty() {
        steps.passed("reports", format!("Google answers the {} reports of a day.", reports(registered, mapping).len()));
    } else {
        steps.failed("reports", format!("Google refuses some reports. {}", refused.join("; ")));
    }
}

/// One row of yesterday: what matters is what Google says beside it.
async fn one_row(client: &AnalyticsData, zone: Tz) -> Result<Report, GoogleError> {
    let request = ReportRequest {
        date: Utc::now().with_timezone(&zone).date_naive() - Days::new(1),
        dimensions: vec!["date".into()],
        metrics: vec!["eventCount".into()],
        event_names: None,
        limit: 1,
        offset: 0,
    };
    client.run_report(&request).await
}

fn tell_clocks(property: Option<&str>, tenant: Tz, steps: &mut Steps) {
    let Some(name) = property else {
        steps.warned("time_zone", "Google did not say which time zone the property has.", Vec::new());
        return;
    };
    match name.parse::<Tz>() {
        Ok(zone) if is_same_clock(zone, tenant, Utc::now()) => {
            steps.passed("time_zone", format!("The property and the tenant go by the clocks of {tenant}."));
        }
        _ => steps.warned(
            "time_zone",
            format!("The property goes by {name}, the tenant by {tenant}."),
            vec![format!(
                "days are cut by the property's clocks and hours are shown by the tenant's, so events near midnight stand \
                 on another day than their hour says: set the tenant's time zone to {name}, or the property's to {tenant}"
            )],
        ),
    }
}

fn tell_currency(property: Option<&str>, tenant: &str, steps: &mut Steps) {
    match property {
        Some(currency) if currency == tenant => {
            steps.passed("currency", format!("The property and the tenant count in {tenant}."));
        }
        Some(currency) => steps.warned(
            "currency",
            format!("The property counts in {currency}, the tenant in {tenant}."),
            vec![String::from("amounts in another currency than the tenant's add nothing to its figures")],
        ),
        None => steps.warned("currency", "Google did not say which currency the property has.", Vec::new()),
    }
}

/// Zones have several names (Asia/Calcutta, Asia/Kolkata); what counts is that clocks agree, a year back and a year ahead.
fn is_same_clock(one: Tz, other: Tz, now: DateTime<Utc>) -> bool {
    let offset = |zone: Tz, at: &DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    one == other
        || (-366 * 4..366 * 4).all(|quarter| {
            let at = now + TimeDelta::hours(6 * quarter);
            offset(one, &at) == offset(other, &at)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_compared_and_not_names() {
        use chrono_tz::{America, Asia, Europe};

        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        assert!(is_same_clock(Asia::Calcutta, Asia::Kolkata, now));
        assert!(is_same_clock(Europe::Berlin, Europe::Paris, now));
        assert!(!is_same_clock(America::New_York, America::Bogota, now), "they agree in winter only");
        assert!(!is_same_clock(Tz::UTC, Europe::London, now));
    }
}
