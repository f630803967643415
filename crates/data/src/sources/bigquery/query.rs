//! The query over a day's table: the columns that this table has, the rows that the product reads.

use google::{Field, FieldKind, Parameter, Query};

use super::table::DayTable;
use crate::ga4::{LANDED_EVENTS, MappingSettings};

/// Rows that are wanted whatever they say, and properties that make any other row worth reading.
#[derive(Debug, Clone)]
pub struct Wanted {
    events: Vec<String>,
    properties: Vec<String>,
}

impl Wanted {
    /// What the tenant's mapping reads.
    pub fn of(settings: &MappingSettings) -> Self {
        let events = LANDED_EVENTS.iter().copied().map(str::to_owned);
        Self {
            events: events.chain(settings.failed_search_aliases.iter().cloned()).collect(),
            properties: vec![settings.user_property.clone(), settings.branch_property.clone()],
        }
    }
}

/// One query for all events of interest, and for those others that name a user or a branch. Every column is named, and none
/// that the table does not have: older tables lack the columns that GA4 added later.
pub fn of_table(project: &str, dataset: &str, table: &DayTable, wanted: &Wanted, max_bytes_billed: u64) -> Query {
    let columns: Vec<&str> =
        table.info.schema.iter().map(|field| field.name.as_str()).filter(|name| is_plain(name)).collect();
    let has = |name: &str| columns.contains(&name);
    let mut conditions = vec!["event_name in unnest(@events)".to_owned()];
    if has("user_id") {
        conditions.push("user_id is not null".to_owned());
    }
    for params in ["user_properties", "event_params"] {
        if is_keyed_by_text(&table.info.schema, params) {
            conditions.push(format!(
                "exists (select 1 from unnest({params}) as param where param.key in unnest(@properties))"
            ));
        }
    }
    let sql = format!(
        "select {}\nfrom `{project}.{dataset}.{}`\nwhere {}",
        columns.join(", "),
        table.name,
        conditions.join("\n    or ")
    );
    Query {
        sql,
        parameters: vec![
            ("events".to_owned(), Parameter::Texts(wanted.events.clone())),
            ("properties".to_owned(), Parameter::Texts(wanted.properties.clone())),
        ],
        max_bytes_billed: Some(max_bytes_billed),
    }
}

/// Whether the list's `key` can be compared with a name. Where a table's list is always empty, as in Google's public sample,
/// the key may be a number, and the comparison an error.
fn is_keyed_by_text(schema: &[Field], list: &str) -> bool {
    let list = schema.iter().find(|field| field.name == list);
    list.is_some_and(|list| list.fields.iter().any(|field| field.name == "key" && field.kind == FieldKind::Text))
}

/// A name that stands in a query as it is. GA4 has no other ones.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
