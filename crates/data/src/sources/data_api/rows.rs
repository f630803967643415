//! A row of a report as a row of an export, so that it takes the one way into the mapping.

use chrono::NaiveDate;
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::clocks::{instant, minute};
use super::items::ItemsByTransaction;
use super::orders::Placed;
use super::pages::Row;
use super::reports::{Becomes, TableReport};
use crate::ga4::{EventKind, MappingSettings, real_text};

/// What the rows of a day have in common.
#[derive(Debug)]
pub struct Writer {
    pub day: NaiveDate,
    /// In which the reports tell the time.
    pub zone: Tz,
    /// Of the amounts.
    pub currency: Option<String>,
    pub settings: MappingSettings,
}

/// A row for the sink.
#[derive(Debug)]
pub struct Written {
    /// JSON text of an export row.
    pub json: String,
    /// Events that it stands for; none when the row does not say.
    pub count: Option<i64>,
    /// It says when it was.
    pub has_time: bool,
}

impl Writer {
    pub fn row(&self, report: &TableReport, Placed { row, place }: &Placed, items: &ItemsByTransaction) -> Written {
        let mut params = Vec::new();
        let mut properties = Vec::new();
        let mut export = Map::new();
        let mut timestamp = None;
        for (dimension, value) in report.dimensions.iter().zip(&row.dimensions) {
            for becomes in &dimension.becomes {
                match becomes {
                    Becomes::Time => timestamp = minute(self.zone, value),
                    _ if value.is_empty() => {}
                    Becomes::Param(name) => params.push(param(name, value)),
                    Becomes::Visitor => _ = export.insert("user_pseudo_id".into(), json!(value)),
                    Becomes::User => properties.push(param(&self.settings.user_property, value)),
                    Becomes::Branch => properties.push(param(&self.settings.branch_property, value)),
                }
            }
        }
        let has_time = timestamp.is_some();
        // `(other)` instead of a time: an event of the day, no more is known.
        let timestamp = timestamp.or_else(|| instant(self.zone, self.day.and_hms_opt(0, 0, 0)?));
        if report.kind == EventKind::Purchase {
            if let Some(currency) = &self.currency {
                params.push(param("currency", currency));
            }
            if let Some(revenue) = revenue(row) {
                export.insert("ecommerce".into(), json!({"purchase_revenue": revenue.to_string()}));
            }
            if let Some(items) = transaction(report, row).and_then(|id| items.of(&id)) {
                export.insert("items".into(), json!(items));
            }
        }
        if let Some(place) = place {
            export.insert("batch_event_index".into(), json!(place));
        }
        export.insert("event_date".into(), json!(self.day.format("%Y%m%d").to_string()));
        export.insert("event_timestamp".into(), json!(timestamp));
        export.insert("event_name".into(), json!(report.name));
        export.insert("event_params".into(), json!(params));
        export.insert("user_properties".into(), json!(properties));
        let count = row.metrics.first().and_then(|text| text.parse().ok()).filter(|count: &i64| *count > 0);
        Written { json: Value::Object(export).to_string(), count, has_time }
    }
}

fn param(name: &str, value: &str) -> Value {
    json!({"key": name, "value": {"string_value": value}})
}

/// The transaction of a row of the purchase report, when it has a real one.
pub fn transaction(report: &TableReport, row: &Row) -> Option<String> {
    let is_it = |becomes: &Becomes| *becomes == Becomes::Param("transaction_id");
    let place = report.dimensions.iter().position(|dimension| dimension.becomes.iter().any(is_it))?;
    row.dimensions.get(place).and_then(|text| real_text(text))
}

/// The amount of a row of the purchase report. A purchase without one reads as 0 there: unknown, as it is in an export.
///
/// Google adds up in binary, so that 0.1 and 0.2 are 0.30000000000000004; no currency has more than six decimals.
pub fn revenue(row: &Row) -> Option<Decimal> {
    let amount = row.metrics.get(1).and_then(|text| decimal(text))?.round_dp(6).normalize();
    (!amount.is_zero()).then_some(amount)
}

/// A figure of a report: an integer, or a double as C writes it.
pub fn decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).ok().or_else(|| Decimal::from_scientific(text).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Writer, Written};
    use crate::ga4::EventKind;
    use crate::sources::data_api::items::ItemsByTransaction;
    use crate::sources::data_api::orders::Placed;
    use crate::sources::data_api::registered::Need;
    use crate::sources::data_api::testing::{row, settings};
    use crate::sources::data_api::{Registered, reports};

    fn writer(zone: chrono_tz::Tz) -> Writer {
        Writer {
            day: chrono::NaiveDate::from_ymd_opt(2026, 11, 1).unwrap(),
            zone,
            currency: Some("EUR".into()),
            settings: settings(),
        }
    }

    fn written(kind: EventKind, registered: &Registered, dimensions: &[&str], metrics: &[&str]) -> (Written, Value) {
        let writer = writer(chrono_tz::America::New_York);
        let reports = reports(registered, &writer.settings);
        let report = reports.iter().find(|report| report.kind == kind).unwrap();
        assert_eq!(report.dimensions.len(), dimensions.len());
        let placed = Placed { row: row(dimensions, metrics), place: None };
        let written = writer.row(report, &placed, &ItemsByTransaction::default());
        let json = serde_json::from_str(&written.json).unwrap();
        (written, json)
    }

    #[test]
    fn a_row_without_a_time_is_an_event_of_the_days_beginning() {
        let none = Registered::default();
        let (timed, row) = written(EventKind::PageView, &none, &["202611010905", "/", ""], &["15"]);
        assert_eq!((timed.count, timed.has_time), (Some(15), true));
        assert_eq!(row["event_timestamp"], 1_793_541_900_000_000_i64);
        assert_eq!(row["event_params"], json!([{"key": "page_location", "value": {"string_value": "/"}}]));
        let (other, row) = written(EventKind::PageView, &none, &["(other)", "(other)", "(other)"], &["7"]);
        assert_eq!((other.count, other.has_time), (Some(7), false));
        // Midnight in New York, 04:00 UTC.
        assert_eq!(row["event_timestamp"], 1_793_505_600_000_000_i64);
    }

    #[test]
    fn counts_that_are_none_are_told_from_ones() {
        let count = |text: &str| {
            let dimensions = ["202611010905", "/", ""];
            written(EventKind::PageView, &Registered::default(), &dimensions, &[text]).0.count
        };
        assert_eq!((count("15"), count("0"), count("x"), count("-1")), (Some(15), None, None, None));
    }

    #[test]
    fn a_dimension_may_be_the_visitor_and_the_user() {
        let met = [(Need::Visitor, "customEvent:client_id"), (Need::User, "customEvent:client_id")];
        let registered = met.map(|(need, name)| (need, name.to_owned())).into_iter().collect();
        let (_, row) = written(EventKind::ViewItem, &registered, &["202611010905", "/", "7.1"], &["1"]);
        assert_eq!(row["user_pseudo_id"], "7.1");
        assert_eq!(row["user_properties"], json!([{"key": "WebUserId", "value": {"string_value": "7.1"}}]));
    }

    #[test]
    fn amounts_are_those_that_were_added_up_and_zero_is_unknown() {
        let purchase = |amount: &str| {
            let dimensions = ["T-1", "202611010905", "/"];
            written(EventKind::Purchase, &Registered::default(), &dimensions, &["2", amount]).1
        };
        assert_eq!(purchase("0.30000000000000004")["ecommerce"]["purchase_revenue"], "0.3");
        assert_eq!(purchase("2001.0049999999999")["ecommerce"]["purchase_revenue"], "2001.005");
        assert_eq!(purchase("12.345")["ecommerce"]["purchase_revenue"], "12.345");
        assert_eq!(purchase("1.5e+3")["ecommerce"]["purchase_revenue"], "1500");
        for unknown in ["0", "0.0", "", "NaN"] {
            assert_eq!(purchase(unknown).get("ecommerce"), None, "{unknown}");
        }
        let row = purchase("10");
        assert_eq!(row["event_params"][2], json!({"key": "currency", "value": {"string_value": "EUR"}}));
    }
}
