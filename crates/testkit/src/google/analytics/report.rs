//! runReport: a page of rows in the asked order, in the shape of the real answer (ga4.md 3.2).

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Value, json};

use super::aggregate::aggregate;
use super::ask::{Order, ReportAsk};
use super::fields::WIRE_METRICS;
use super::property::{Property, Source};
use crate::google::literals::Answer;

/// A row of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeRow {
    /// a value for each dimension
    pub dimensions: Vec<String>,
    /// a decimal text for each metric
    pub metrics: Vec<String>,
}

/// The rows of a report.
#[derive(Clone)]
pub enum Reported {
    /// these, to be put in order
    Rows(Vec<MadeRow>),
    /// as many as the number says, made when their page is asked for, in order as they are made
    Made(u64, Arc<dyn Fn(u64) -> MadeRow + Send + Sync>),
}

pub(in crate::google) fn report(property: &Property, body: &Value) -> Answer {
    let ask = ReportAsk::read(property, body)?;
    let mut other = false;
    let reported = match &property.source {
        Source::Made(make) => make(&ask),
        Source::Events(events) => {
            let (rows, folded) = aggregate(property, &ask, events);
            other = folded;
            Reported::Rows(rows)
        }
    };
    let (count, page): (u64, Vec<MadeRow>) = match reported {
        Reported::Made(count, make) => {
            (count, (ask.offset..(ask.offset + ask.limit).min(count)).map(|n| make(n)).collect())
        }
        Reported::Rows(mut rows) => {
            sort(&ask, &mut rows);
            let from = usize::try_from(ask.offset).unwrap_or(usize::MAX);
            let count = rows.len() as u64;
            (count, rows.into_iter().skip(from).take(usize::try_from(ask.limit).unwrap_or(usize::MAX)).collect())
        }
    };
    let mut metadata = json!({ "currencyCode": property.currency, "timeZone": property.zone.name() });
    if other {
        metadata["dataLossFromOtherRow"] = json!(true);
    }
    for (name, value) in property.metadata.as_object().into_iter().flatten() {
        metadata[name] = value.clone();
    }
    let kind = |name: &String| WIRE_METRICS.iter().find(|(known, ..)| known == name).map_or("TYPE_INTEGER", |m| m.2);
    let mut answer = json!({ "metadata": metadata, "kind": "analyticsData#runReport" });
    if !ask.dimensions.is_empty() {
        answer["dimensionHeaders"] = ask.dimensions.iter().map(|name| json!({ "name": name })).collect();
    }
    if !ask.metrics.is_empty() {
        answer["metricHeaders"] = ask.metrics.iter().map(|name| json!({ "name": name, "type": kind(name) })).collect();
    }
    // Neither is there when it would be empty or zero.
    if !page.is_empty() {
        answer["rows"] = page.iter().map(MadeRow::json).collect();
    }
    if count > 0 {
        answer["rowCount"] = json!(count);
    }
    if ask.with_quota {
        answer["propertyQuota"] = property.quota.clone();
    }
    Ok(answer)
}

impl MadeRow {
    fn json(&self) -> Value {
        let values = |texts: &[String]| texts.iter().map(|text| json!({ "value": text })).collect::<Vec<_>>();
        let mut row = json!({});
        if !self.dimensions.is_empty() {
            row["dimensionValues"] = values(&self.dimensions).into();
        }
        if !self.metrics.is_empty() {
            row["metricValues"] = values(&self.metrics).into();
        }
        row
    }
}

/// In the asked order; without one by the first metric, largest first, which leaves ties to chance.
fn sort(ask: &ReportAsk, rows: &mut [MadeRow]) {
    let by_default = [Order { dimension: false, place: 0, descending: true }];
    let order: &[Order] = match &ask.order[..] {
        [] if ask.metrics.is_empty() => &[],
        [] => &by_default,
        order => order,
    };
    // Rows that the order does not tell apart change places between pages, as they do at Google.
    if ask.offset > 0 {
        rows.reverse();
    }
    rows.sort_by(|one, two| {
        order.iter().fold(Ordering::Equal, |so_far, by| {
            so_far.then_with(|| {
                let compared = if by.dimension {
                    one.dimensions[by.place].cmp(&two.dimensions[by.place])
                } else {
                    let number = |row: &MadeRow| row.metrics[by.place].parse::<f64>().unwrap_or_default();
                    number(one).total_cmp(&number(two))
                };
                if by.descending { compared.reverse() } else { compared }
            })
        })
    });
}
