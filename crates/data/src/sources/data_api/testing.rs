//! What the unit tests of this source share.

use super::pages::Row;
use crate::ga4::MappingSettings;

pub fn settings() -> MappingSettings {
    MappingSettings {
        currency: "USD".into(),
        user_property: "WebUserId".into(),
        branch_property: "default_branch_id".into(),
        failed_search_aliases: vec!["view_search_results_no_results".into()],
        latest_timestamp: i64::MAX,
    }
}

pub fn row(dimensions: &[&str], metrics: &[&str]) -> Row {
    let texts = |all: &[&str]| all.iter().copied().map(str::to_owned).collect();
    Row { dimensions: texts(dimensions), metrics: texts(metrics) }
}
