//! What the dataset of a BigQuery export holds, and what reading its newest day would take.

use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use google::{GoogleError, Query};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Probe, Steps};
use crate::source::config::BigquerySettings;
use crate::sources::bigquery::{DayTable, Wanted, find, of_table};
use crate::sources::export_files::{Shard, day_in_name};

/// Columns without which a table is none of GA4's.
const GA4_COLUMNS: [&str; 5] = ["event_date", "event_timestamp", "event_name", "event_params", "user_pseudo_id"];

/// What is in the dataset.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct BigqueryFindings {
    /// `events_YYYYMMDD`: whole days.
    pub daily: ShardFindings,
    /// `events_fresh_YYYYMMDD`, of Analytics 360.
    pub fresh: ShardFindings,
    /// `events_intraday_YYYYMMDD`: days that GA4 still writes.
    pub intraday: ShardFindings,
    /// Where queries run; null: the multi-region that Google finds, US or EU.
    pub location: Option<String>,
    pub newest: Option<TableFindings>,
}

/// The tables of one kind.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ShardFindings {
    pub tables: usize,
    pub oldest: Option<NaiveDate>,
    pub newest: Option<NaiveDate>,
}

/// The table that the newest day would be read from.
#[derive(Debug, Serialize, ToSchema)]
pub struct TableFindings {
    pub table: String,
    pub rows: u64,
    pub modified_at: Option<DateTime<Utc>>,
    /// What the query of that day would be billed for, by BigQuery's estimate.
    pub query_bytes: Option<u64>,
}

pub(super) async fn look(
    probe: &Probe<'_>,
    settings: &BigquerySettings,
    steps: &mut Steps,
) -> Option<BigqueryFindings> {
    let key = probe.key(steps)?;
    let BigquerySettings { project, dataset, location, max_bytes_billed } = settings;
    let client = probe.google.bigquery(key, project, location.as_deref());
    let names = steps.tried("dataset", client.tables(project, dataset).await)?;
    let mut findings = BigqueryFindings { location: location.clone(), ..BigqueryFindings::default() };
    for name in &names {
        let path = Path::new(name);
        let Some(day) = day_in_name(path) else { continue };
        match Shard::of(path) {
            Shard::Daily => findings.daily.add(day),
            Shard::Fresh => findings.fresh.add(day),
            Shard::Intraday => findings.intraday.add(day),
        }
    }
    // A whole day says more about what days cost than one that has just begun.
    let newest = findings.daily.newest.or(findings.fresh.newest).or(findings.intraday.newest);
    let Some(newest) = newest else {
        steps.failed(
            "dataset",
            format!(
                "Of the tables in {project}.{dataset} ({} in all) none is one of GA4's export (events_YYYYMMDD). A new link \
                 writes its first table within a day; else choose the dataset analytics_<property>.",
                names.len()
            ),
        );
        return Some(findings);
    };
    steps.warned("dataset", findings.in_words(), findings.warnings());
    let Some(table) = steps.tried("table", find(&client, project, dataset, newest).await)? else {
        steps.failed("table", format!("The table of {newest} went away while the dataset was looked at; try again."));
        return Some(findings);
    };
    if !is_ga4(&table, steps) {
        return Some(findings);
    }
    let seen = findings.newest.insert(TableFindings {
        table: table.name.clone(),
        rows: table.info.rows,
        modified_at: DateTime::from_timestamp_millis(table.info.modified_ms),
        query_bytes: None,
    });
    let query = of_table(project, dataset, &table, &Wanted::of(probe.mapping), *max_bytes_billed);
    // With the limit Google would refuse, and not say how much it would be.
    let query = Query { max_bytes_billed: None, ..query };
    match client.dry_run(&query).await {
        Ok(bytes) if bytes > *max_bytes_billed => {
            seen.query_bytes = Some(bytes);
            steps.failed(
                "query",
                format!("Reading {} would read {bytes} bytes, and max_bytes_billed is {max_bytes_billed}.", table.name),
            );
        }
        Ok(bytes) => {
            seen.query_bytes = Some(bytes);
            steps.passed("query", format!("Reading {} would read {bytes} bytes.", table.name));
        }
        // The table is there, as was just seen: queries look for it elsewhere.
        Err(GoogleError::NotFound(text)) => steps.failed(
            "query",
            format!("{text} Set `location` to where the dataset is; BigQuery's page of the dataset shows it."),
        ),
        Err(error) => steps.failed("query", error.to_string()),
    }
    Some(findings)
}

fn is_ga4(table: &DayTable, steps: &mut Steps) -> bool {
    let missing: Vec<&str> =
        GA4_COLUMNS.into_iter().filter(|name| !table.info.schema.iter().any(|field| field.name == *name)).collect();
    if missing.is_empty() {
        let columns = table.info.schema.len();
        steps.passed("table", format!("{} has {} rows in {columns} columns.", table.name, table.info.rows));
    } else {
        steps.failed("table", format!("{} is no table of GA4's: it has no {}.", table.name, missing.join(", ")));
    }
    missing.is_empty()
}

impl ShardFindings {
    fn add(&mut self, day: NaiveDate) {
        self.tables += 1;
        self.oldest = Some(self.oldest.map_or(day, |oldest| oldest.min(day)));
        self.newest = self.newest.max(Some(day));
    }
}

impl BigqueryFindings {
    fn in_words(&self) -> String {
        let kinds = [("daily", &self.daily), ("fresh", &self.fresh), ("intraday", &self.intraday)];
        let words: Vec<String> = kinds
            .into_iter()
            .filter_map(|(name, ShardFindings { tables, oldest, newest })| {
                Some(format!("{name} tables: {tables}, from {} to {}", (*oldest)?, (*newest)?))
            })
            .collect();
        format!("The dataset holds {}.", words.join("; "))
    }

    fn warnings(&self) -> Vec<String> {
        if self.daily.tables > 0 {
            return Vec::new();
        }
        vec![String::from(
            "there is no daily table: days stay provisional. Standard properties get none above a million events a day, \
             nor with a link that streams only (GA4: Admin, BigQuery links).",
        )]
    }
}
