//! One page of a report over one day.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value, json};

use super::compatibility::named;
use super::{AnalyticsData, PropertyQuota, broken, wire};
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

/// A page of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// its rows
    pub rows: Vec<ReportRow>,
    /// rows of all pages
    pub row_count: u64,
    /// what Google says about the figures
    pub metadata: ReportMetadata,
    /// what is left of the property's allowances
    pub quota: Option<PropertyQuota>,
}

/// A row: values in the order of the request's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// what the row is about
    pub dimensions: Vec<String>,
    /// its figures, as decimal texts
    pub metrics: Vec<String>,
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Answer {
    dimension_headers: Vec<Header>,
    metric_headers: Vec<Header>,
    rows: Vec<Row>,
    #[serde(deserialize_with = "wire::int")]
    row_count: i64,
    metadata: WireMetadata,
    property_quota: Option<PropertyQuota>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(default)]
    dimension_values: Vec<Cell>,
    #[serde(default)]
    metric_values: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    #[serde(default)]
    value: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct WireMetadata {
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
    /// [`GoogleError::Quota`] when an allowance is used up: nothing is retried then; else any [`GoogleError`].
    pub async fn run_report(&self, request: &ReportRequest) -> Result<Report, GoogleError> {
        let what = format!("a report of {} for property {}", request.date, self.property);
        let answer: Answer = self.post("runReport", &request.body(), &what).await?;
        let Answer { dimension_headers, metric_headers, rows, row_count, metadata, property_quota } = answer;
        // An empty report has no headers either.
        let as_asked = |headers: &[Header], names: &[String]| {
            headers.iter().map(|header| &header.name).eq(names) || (headers.is_empty() && rows.is_empty())
        };
        if !as_asked(&dimension_headers, &request.dimensions) || !as_asked(&metric_headers, &request.metrics) {
            return Err(broken(&what, "its columns are not those that were asked for"));
        }
        let row_count = u64::try_from(row_count).map_err(|_| broken(&what, "its `rowCount` is negative"))?;
        if row_count < request.offset + rows.len() as u64 && !rows.is_empty() {
            return Err(broken(&what, "it holds more rows than it counts"));
        }
        let rows = rows.into_iter().map(|row| row.checked(request).ok_or_else(|| broken(&what, "a row is cut short")));
        let rows = rows.collect::<Result<_, _>>()?;
        Ok(Report { rows, row_count, metadata: metadata.into(), quota: property_quota })
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

impl Row {
    fn checked(self, request: &ReportRequest) -> Option<ReportRow> {
        let values = |cells: Vec<Cell>| cells.into_iter().map(|cell| cell.value).collect::<Vec<_>>();
        let row = ReportRow { dimensions: values(self.dimension_values), metrics: values(self.metric_values) };
        let whole = row.dimensions.len() == request.dimensions.len() && row.metrics.len() == request.metrics.len();
        whole.then_some(row)
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
