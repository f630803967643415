//! A runReport request, checked in the order and refused in the words of the real API (ga4.md 3.1, 3.5).

use std::collections::HashSet;

use chrono::NaiveDate;
use serde_json::Value;

use super::Property;
use super::filter::Filter;
use crate::google::literals::Refused;

/// A report that was asked for.
#[derive(Clone, Debug)]
pub struct ReportAsk {
    /// the first day
    pub start: NaiveDate,
    /// the last day
    pub end: NaiveDate,
    /// the dimensions, in order
    pub dimensions: Vec<String>,
    /// the metrics, in order
    pub metrics: Vec<String>,
    /// what rows are taken
    pub filter: Filter,
    pub(super) order: Vec<Order>,
    pub(super) limit: u64,
    pub(super) offset: u64,
    pub(super) with_quota: bool,
}

/// One `orderBys`.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) dimension: bool,
    pub(super) place: usize,
    pub(super) descending: bool,
}

const KNOWN: [&str; 14] = [
    "property", "dimensions", "metrics", "dateRanges", "dimensionFilter", "metricFilter", "offset", "limit",
    "metricAggregations", "orderBys", "currencyCode", "cohortSpec", "keepEmptyRows", "returnPropertyQuota",
];

const FIELDS_PAGE: &str = "https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema";
const EXPLORER: &str = "https://ga-dev-tools.google/ga4/dimensions-metrics-explorer/";

pub(super) fn invalid(message: &str) -> Refused {
    Refused::analytics(400, "INVALID_ARGUMENT", message)
}

/// The most rows a page has, whatever is asked for.
const MOST: i64 = 250_000;

impl ReportAsk {
    pub(super) fn read(property: &Property, body: &Value) -> Result<Self, Refused> {
        let Value::Object(fields) = body else {
            return Err(invalid("Invalid JSON payload received. Unknown name \"\": Root element must be a message."));
        };
        if let Some(odd) = fields.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(invalid(&format!("Invalid JSON payload received. Unknown name \"{odd}\": Cannot find field.")));
        }
        let dimensions = names(&body["dimensions"]);
        let metrics = names(&body["metrics"]);
        known(property, &dimensions, &metrics)?;
        let limit = number(&body["limit"]).unwrap_or(0);
        let offset = number(&body["offset"]).unwrap_or(0);
        if limit < 0 {
            return Err(invalid(&format!("limit must be positive. The API received limit = {limit}")));
        }
        if offset < 0 {
            return Err(invalid(&format!("offset must be positive. The API received offset = {offset}")));
        }
        let (start, end) = range(&body["dateRanges"])?;
        counts(&dimensions, &metrics)?;
        agree(property, &dimensions, &metrics)?;
        let order = order(&body["orderBys"], &dimensions, &metrics)?;
        Ok(Self {
            start,
            end,
            order,
            dimensions,
            metrics,
            filter: Filter::read(&body["dimensionFilter"])?,
            limit: if limit == 0 { 10_000 } else { limit.min(MOST).unsigned_abs() },
            offset: offset.unsigned_abs(),
            with_quota: body["returnPropertyQuota"] == true,
        })
    }
}

/// Whether the property has these fields.
pub(super) fn known(property: &Property, dimensions: &[String], metrics: &[String]) -> Result<(), Refused> {
    if let Some(odd) = dimensions.iter().find(|name| !property.knows_dimension(name)) {
        let message = format!(
            "Field {odd} is not a valid dimension. For a list of valid dimensions and metrics, see {FIELDS_PAGE}"
        );
        return Err(invalid(&message));
    }
    if let Some(odd) = metrics.iter().find(|name| !Property::knows_metric(name)) {
        let message = format!(
            "Field {odd} is not a valid metric.  For a list of valid dimensions and metrics, see {FIELDS_PAGE}"
        );
        return Err(invalid(&message));
    }
    Ok(())
}

/// Whether the fields go together.
pub(super) fn agree(property: &Property, dimensions: &[String], metrics: &[String]) -> Result<(), Refused> {
    let mut all = dimensions.iter().chain(metrics);
    match all.find(|name| property.quarrels(name, dimensions.iter().chain(metrics)).is_some()) {
        None => Ok(()),
        Some(name) => Err(invalid(&format!(
            "Please remove {name} to make the request compatible. The request's dimensions & metrics are incompatible. To \
             learn more, see {EXPLORER}"
        ))),
    }
}

/// `[{"name": …}, …]`
pub(super) fn names(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|field| field["name"].as_str().map(str::to_owned)).collect()
}

/// A 64-bit integer, which may come as a text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn range(ranges: &Value) -> Result<(NaiveDate, NaiveDate), Refused> {
    let ranges = ranges.as_array().map_or(&[] as &[Value], Vec::as_slice);
    let range = match ranges {
        [] => return Err(invalid("A dateRange is required.")),
        [range] => range,
        more => {
            let count = more.len();
            return Err(invalid(&format!("The stub knows one dateRange. This request contains {count} dateRanges.")));
        }
    };
    let day = |field: &str, proto: &str| {
        let text = range[field].as_str().unwrap_or_default();
        NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| {
            invalid(&format!("Invalid {field} : {text}. {proto} must be YYYY-MM-DD, NdaysAgo, yesterday, or today."))
        })
    };
    let (start, end) = (day("startDate", "startDate")?, day("endDate", "endDate")?);
    if start <= NaiveDate::from_ymd_opt(2015, 8, 13).unwrap_or_default() {
        return Err(invalid(&format!("start_date must be after 2015-08-13. start_date = {start}")));
    }
    if start > end {
        return Err(invalid(&format!(
            "start_date must be less than or equal to end_date. start_date = {start} and end_date = {end}"
        )));
    }
    Ok((start, end))
}

fn counts(dimensions: &[String], metrics: &[String]) -> Result<(), Refused> {
    if dimensions.len() > 9 {
        let count = dimensions.len();
        return Err(invalid(&format!(
            "Requests are limited to 9 dimensions within a nested request.\n  This request contains {count} dimensions."
        )));
    }
    if metrics.len() > 10 {
        let count = metrics.len();
        return Err(invalid(&format!(
            "Requests are limited to 10 metrics within a nested request.\n  This request contains {count} metrics."
        )));
    }
    if let Some(twice) = duplicate(dimensions) {
        return Err(invalid(&format!("Found duplicate dimensions: {twice}")));
    }
    if let Some(twice) = duplicate(metrics) {
        return Err(invalid(&format!("Duplicate metrics are not allowed. Found duplicate metrics: {twice}")));
    }
    if dimensions.is_empty() && metrics.is_empty() {
        return Err(invalid("The request must contain dimensions and/or metrics."));
    }
    Ok(())
}

fn duplicate(names: &[String]) -> Option<&String> {
    let mut seen = HashSet::new();
    names.iter().find(|name| !seen.insert(*name))
}

fn order(orders: &Value, dimensions: &[String], metrics: &[String]) -> Result<Vec<Order>, Refused> {
    let orders = orders.as_array().into_iter().flatten();
    orders
        .map(|order| {
            let dimension = order["dimension"]["dimensionName"].as_str();
            let name = dimension.or_else(|| order["metric"]["metricName"].as_str()).unwrap_or_default();
            let fields = if dimension.is_some() { dimensions } else { metrics };
            let place = fields.iter().position(|field| field == name).ok_or_else(|| {
                invalid(&format!("Field {name} exists in OrderBy but is not defined in input Dimensions/Metrics list"))
            })?;
            Ok(Order { dimension: dimension.is_some(), place, descending: order["desc"] == true })
        })
        .collect()
}
