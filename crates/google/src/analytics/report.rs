//! Asking for one page of a report over one day, and what Google says of its figures.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value, json};

use super::compatibility::named;
use super::{AnalyticsData, Report, broken, wire};
use crate::GoogleError;

/// What a report counts, by what, of which day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRequest {
    /// the day, in the property's time zone
    pub date: NaiveDate,
    /// at most nine; the rows come ordered by all of them, so that pages do not overlap
    pub dimensions: Vec<String>,
    /// at most ten
    pub metrics: Vec<String>,
    /// only events of these names, though `eventName` is no dimension of the report; `None`: all
    pub event_names: Option<Vec<String>>,
    /// rows of this page; Google gives no more than 250,000, and says nothing when that is fewer
    pub limit: u64,
    /// rows before this page
    pub offset: u64,
}

/// What can make a report other than it seems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportMetadata {
    /// the currency of amounts, ISO 4217
    pub currency_code: Option<String>,
    /// the property's time zone, as the tz database names it
    pub time_zone: Option<String>,
    /// rows were folded into `(other)`, in this report or in the table it is made from
    pub data_loss_from_other_row: bool,
    /// events read, of how many, when only a sample was
    pub sampled: Option<(i64, i64)>,
    /// rows of few people may be missing
    pub subject_to_thresholding: bool,
    /// why there are no rows, when Google says so
    pub empty_reason: Option<String>,
    /// what was left out, in Google's words
    pub truncation: Vec<String>,
    /// some figures are zero because this account may not see them
    pub restricted: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireMetadata {
    currency_code: Option<String>,
    time_zone: Option<String>,
    data_loss_from_other_row: bool,
    sampling_metadatas: Vec<Sampling>,
    subject_to_thresholding: bool,
    empty_reason: Option<String>,
    data_truncation_reasons: Vec<Value>,
    schema_restriction_response: Restrictions,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sampling {
    #[serde(default, deserialize_with = "wire::int")]
    samples_read_count: i64,
    #[serde(default, deserialize_with = "wire::int")]
    sampling_space_size: i64,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Restrictions {
    active_metric_restrictions: Vec<serde::de::IgnoredAny>,
}

impl AnalyticsData {
    /// One page of a report. A report without rows is one, not an error.
    ///
    /// # Errors
    /// [`GoogleError::Quota`] when an allowance is used up: nothing is retried then; [`GoogleError::TooLarge`] when fewer rows
    /// have to be asked for; else any [`GoogleError`].
    pub async fn run_report(&self, request: &ReportRequest) -> Result<Report, GoogleError> {
        let what = format!("a report of {} for property {}", request.date, self.property);
        let body = self.answer("runReport", &request.body(), &what).await?;
        Report::read(body, request).map_err(|why| broken(&what, &why))
    }
}

impl ReportRequest {
    fn body(&self) -> Value {
        let order = |name: &String| json!({ "dimension": { "dimensionName": name } });
        let mut body = json!({
            "dateRanges": [{ "startDate": self.date.to_string(), "endDate": self.date.to_string() }],
            "dimensions": named(&self.dimensions),
            "metrics": named(&self.metrics),
            "orderBys": self.dimensions.iter().map(order).collect::<Vec<_>>(),
            "limit": self.limit.to_string(),
            "offset": self.offset.to_string(),
            "keepEmptyRows": false,
            "returnPropertyQuota": true,
        });
        if let Some(names) = &self.event_names {
            body["dimensionFilter"] = json!({
                "filter": { "fieldName": "eventName", "inListFilter": { "values": names, "caseSensitive": true } }
            });
        }
        body
    }
}

impl From<WireMetadata> for ReportMetadata {
    fn from(wire: WireMetadata) -> Self {
        Self {
            currency_code: wire.currency_code,
            time_zone: wire.time_zone,
            data_loss_from_other_row: wire.data_loss_from_other_row,
            sampled: wire.sampling_metadatas.first().map(|one| (one.samples_read_count, one.sampling_space_size)),
            subject_to_thresholding: wire.subject_to_thresholding,
            empty_reason: wire.empty_reason.filter(|reason| !reason.is_empty()),
            truncation: wire
                .data_truncation_reasons
                .into_iter()
                .map(|reason| reason.as_str().map_or_else(|| reason.to_string(), str::to_owned))
                .collect(),
            restricted: !wire.schema_restriction_response.active_metric_restrictions.is_empty(),
        }
    }
}
