//! A row of a report as a row of an export, so that it takes the one way into the mapping.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::fetch::Fetched;
use super::pages::{Pages, Row};
use super::reports::{Becomes, TableReport};
use crate::ga4::{MappingSettings, real_text};
use crate::sources::SourceError;

/// The report of a day's items.
pub const ITEMS: &str = "items";
/// Items go with a transaction and with nothing else of an event (ga4.md 3.3).
pub const ITEM_DIMENSIONS: [&str; 4] = ["transactionId", "itemId", "itemName", "itemCategory"];
pub const ITEM_METRICS: [&str; 2] = ["itemsPurchased", "itemRevenue"];

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

impl Writer {
    /// JSON text of an export row, and how many events it stands for; none when the row does not say.
    pub fn row(&self, report: &TableReport, row: &Row, items: &ItemsByTransaction) -> (String, Option<i64>) {
        let mut params = Vec::new();
        let mut properties = Vec::new();
        let mut export = Map::new();
        let mut transaction = None;
        let mut timestamp = None;
        for ((_, becomes), value) in report.dimensions.iter().zip(&row.dimensions) {
            match becomes {
                Becomes::Time => timestamp = self.timestamp(value),
                _ if value.is_empty() => {}
                Becomes::Param(name) => {
                    if *name == "transaction_id" {
                        transaction = real_text(value);
                    }
                    params.push(param(name, value));
                }
                Becomes::Visitor => {
                    export.insert("user_pseudo_id".into(), json!(value));
                }
                Becomes::User => properties.push(param(&self.settings.user_property, value)),
                Becomes::Branch => properties.push(param(&self.settings.branch_property, value)),
            }
        }
        // `(other)` instead of a time: an event of the day, no more is known.
        let timestamp = timestamp.or_else(|| self.local(self.day.and_hms_opt(0, 0, 0)?));
        if report.name == "purchase" {
            if let Some(currency) = &self.currency {
                params.push(param("currency", currency));
            }
            // A purchase without a revenue reads as 0 here: unknown, as it is in an export.
            let revenue = row.metrics.get(1).and_then(|text| decimal(text)).filter(|amount| !amount.is_zero());
            if let Some(revenue) = revenue {
                let mut ecommerce = json!({"purchase_revenue": revenue.to_string()});
                if self.currency.as_deref() == Some("USD") {
                    ecommerce["purchase_revenue_in_usd"] = json!(revenue.to_string());
                }
                export.insert("ecommerce".into(), ecommerce);
            }
            if let Some(items) = transaction.and_then(|id| items.of.get(&id)) {
                export.insert("items".into(), json!(items));
            }
        }
        export.insert("event_date".into(), json!(self.day.format("%Y%m%d").to_string()));
        export.insert("event_timestamp".into(), json!(timestamp));
        export.insert("event_name".into(), json!(report.name));
        export.insert("event_params".into(), json!(params));
        export.insert("user_properties".into(), json!(properties));
        let count = row.metrics.first().and_then(|text| text.parse().ok()).filter(|count: &i64| *count > 0);
        (Value::Object(export).to_string(), count)
    }

    /// `202611010905` in the property's zone, as microseconds since 1970.
    fn timestamp(&self, minute: &str) -> Option<i64> {
        let local = NaiveDateTime::parse_from_str(&format!("{minute}00"), "%Y%m%d%H%M%S").ok()?;
        self.local(local)
    }

    /// An hour that the clocks show twice is taken for its first time; one that they skip is an hour later.
    fn local(&self, time: NaiveDateTime) -> Option<i64> {
        let at = self.zone.from_local_datetime(&time).earliest();
        let at = at.or_else(|| self.zone.from_local_datetime(&(time + TimeDelta::hours(1))).earliest())?;
        Some(at.timestamp_micros())
    }
}

fn param(name: &str, value: &str) -> Value {
    json!({"key": name, "value": {"string_value": value}})
}

fn decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).ok().or_else(|| Decimal::from_scientific(text).ok())
}

/// What was bought, by transaction.
#[derive(Debug, Default)]
pub struct ItemsByTransaction {
    of: HashMap<String, Vec<Value>>,
    /// There were too many to be held.
    pub left_out: bool,
}

impl ItemsByTransaction {
    /// Reads the day's items, if there are not more than `most` rows of them.
    ///
    /// # Errors
    /// A page cannot be read.
    pub fn read(pages: &Pages, fetched: Option<&Fetched>, most: u64) -> Result<Self, SourceError> {
        let mut items = Self::default();
        let Some(fetched) = fetched else { return Ok(items) };
        if fetched.rows > most {
            items.left_out = true;
            return Ok(items);
        }
        pages.each(ITEMS, |row| {
            if let ([transaction, id, name, category], [bought, revenue]) =
                (row.dimensions.as_slice(), row.metrics.as_slice())
                && let Some(transaction) = real_text(transaction)
            {
                let quantity = decimal(bought).filter(|n| !n.is_zero());
                let price = quantity.zip(decimal(revenue)).and_then(|(n, sum)| sum.checked_div(n));
                let item = json!({
                    "item_id": id, "item_name": name, "item_category": category,
                    "price": price.map(|p| p.round_dp(6).normalize().to_string()),
                    "quantity": quantity.map(|n| n.normalize().to_string()),
                });
                items.of.entry(transaction).or_default().push(item);
            }
            Ok(())
        })?;
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::{ItemsByTransaction, Writer};
    use crate::ga4::MappingSettings;
    use crate::sources::data_api::pages::Row;
    use crate::sources::data_api::{Registered, reports};

    fn writer(zone: chrono_tz::Tz) -> Writer {
        Writer {
            day: chrono::NaiveDate::from_ymd_opt(2026, 11, 1).unwrap(),
            zone,
            currency: Some("EUR".into()),
            settings: MappingSettings {
                currency: "EUR".into(),
                user_property: "WebUserId".into(),
                branch_property: "default_branch_id".into(),
                failed_search_aliases: vec![],
                latest_timestamp: i64::MAX,
            },
        }
    }

    fn row(dimensions: &[&str], metrics: &[&str]) -> Row {
        let texts = |all: &[&str]| all.iter().copied().map(str::to_owned).collect();
        Row { dimensions: texts(dimensions), metrics: texts(metrics) }
    }

    fn time_of(writer: &Writer, minute: &str) -> i64 {
        let reports = reports(&Registered::default(), &writer.settings);
        let (json, _) = writer.row(&reports[0], &row(&[minute, "/", ""], &["1"]), &ItemsByTransaction::default());
        let row: serde_json::Value = serde_json::from_str(&json).unwrap();
        row["event_timestamp"].as_i64().unwrap() / 1_000_000
    }

    #[test]
    fn a_minute_is_read_by_the_propertys_clocks() {
        // 1 November 2026: New York's clocks go back at 02:00. `date -d '2026-11-01 09:05 EST' +%s` = 1793541900.
        let new_york = writer(chrono_tz::America::New_York);
        assert_eq!(time_of(&new_york, "202611010905"), 1_793_541_900);
        // 01:30 comes twice; the first is EDT: 05:30 UTC.
        assert_eq!(time_of(&new_york, "202611010130"), 1_793_511_000);
        // `(other)` is some time of the day: its beginning, 04:00 UTC.
        assert_eq!(time_of(&new_york, "(other)"), 1_793_505_600);
    }

    #[test]
    fn counts_that_are_none_are_told_from_ones() {
        let writer = writer(chrono_tz::UTC);
        let reports = reports(&Registered::default(), &writer.settings);
        let count = |text: &str| {
            writer.row(&reports[0], &row(&["202611010905", "/", ""], &[text]), &ItemsByTransaction::default()).1
        };
        assert_eq!((count("15"), count("0"), count("x"), count("-1")), (Some(15), None, None, None));
    }
}
