//! Which of GA4's tables holds a day.

use chrono::NaiveDate;
use google::{BigQuery, GoogleError, TableInfo};

use crate::sources::TableStamp;
use crate::sources::export_files::Shard;

/// Fullest first. Fresh tables are those of Analytics 360.
const SHARDS: [(Shard, &str); 3] =
    [(Shard::Daily, "events_"), (Shard::Fresh, "events_fresh_"), (Shard::Intraday, "events_intraday_")];

/// A table of a day.
#[derive(Debug)]
pub struct DayTable {
    pub shard: Shard,
    /// Without project and dataset.
    pub name: String,
    pub info: TableInfo,
}

impl DayTable {
    pub fn stamp(&self) -> TableStamp {
        TableStamp { name: self.name.clone(), modified: self.info.modified_ms }
    }
}

/// The fullest table of the day; none when GA4 has written none (yet).
///
/// # Errors
/// As [`BigQuery::table`].
pub async fn find(
    client: &BigQuery,
    project: &str,
    dataset: &str,
    day: NaiveDate,
) -> Result<Option<DayTable>, GoogleError> {
    for (shard, prefix) in SHARDS {
        let name = format!("{prefix}{}", day.format("%Y%m%d"));
        if let Some(info) = client.table(project, dataset, &name).await? {
            return Ok(Some(DayTable { shard, name, info }));
        }
    }
    Ok(None)
}
