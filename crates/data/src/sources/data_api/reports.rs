//! The reports that a day is read by: one an event table, each within the API's nine dimensions.

use super::registered::Registered;
use crate::ga4::MappingSettings;

/// Dimensions of one request that the API takes (ga4.md 3.1).
pub const MOST_DIMENSIONS: usize = 9;

/// What a dimension's value becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Becomes {
    /// The event's time, by the minute.
    Time,
    /// The event's parameter of this name.
    Param(&'static str),
    /// The visitor.
    Visitor,
    /// The user property that names the known user.
    User,
    /// The user property that names the branch.
    Branch,
}

/// A report that fills one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReport {
    /// The table, and what the report's pages are kept under.
    pub name: &'static str,
    /// Events of these names.
    pub events: Vec<String>,
    /// The API's name of a dimension and what its values become.
    pub dimensions: Vec<(String, Becomes)>,
    /// `eventCount` first.
    pub metrics: Vec<String>,
}

impl TableReport {
    /// The API's names, in order.
    pub fn dimension_names(&self) -> Vec<String> {
        self.dimensions.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// The reports of a day. Items are not in them: the API has none beside events (ga4.md 3.3).
pub fn reports(registered: &Registered, settings: &MappingSettings) -> Vec<TableReport> {
    let page = ("pageLocation", Becomes::Param("page_location"));
    let title = ("pageTitle", Becomes::Param("page_title"));
    let term = ("searchTerm", Becomes::Param("search_term"));
    let transaction = ("transactionId", Becomes::Param("transaction_id"));
    let report = |name: &'static str, own: &[(&str, Becomes)]| {
        let events = match name {
            "no_search_results" => {
                std::iter::once(name.to_owned()).chain(settings.failed_search_aliases.iter().cloned()).collect()
            }
            // An alias is counted among the failed searches, even when it is the name of another table.
            other => vec![other.to_owned()],
        };
        let mut dimensions = vec![("dateHourMinute".to_owned(), Becomes::Time)];
        dimensions.extend(own.iter().map(|(name, becomes)| ((*name).to_owned(), *becomes)));
        for (name, becomes) in [
            (&registered.session, Becomes::Param("ga_session_id")),
            (&registered.visitor, Becomes::Visitor),
            (&registered.user, Becomes::User),
            (&registered.branch, Becomes::Branch),
        ] {
            dimensions.extend(name.clone().map(|name| (name, becomes)));
        }
        if name == "no_search_results" {
            let failed = registered.failed_term.clone();
            dimensions.extend(failed.map(|name| (name, Becomes::Param("no_search_results_term"))));
        }
        let mut metrics = vec!["eventCount".to_owned()];
        if name == "purchase" {
            metrics.push("purchaseRevenue".to_owned());
        }
        TableReport { name, events, dimensions, metrics }
    };
    let mut reports = vec![
        report("page_view", &[page, title]),
        report("view_item", &[page]),
        report("add_to_cart", &[page]),
        report("purchase", &[transaction, page]),
        report("view_search_results", &[term, page]),
        report("no_search_results", &[term, page]),
    ];
    reports.retain(|report| {
        report.name == "no_search_results" || !settings.failed_search_aliases.iter().any(|alias| alias == report.name)
    });
    reports
}

#[cfg(test)]
mod tests {
    use super::{MOST_DIMENSIONS, reports};
    use crate::ga4::MappingSettings;
    use crate::sources::data_api::Registered;

    fn settings() -> MappingSettings {
        MappingSettings {
            currency: "USD".into(),
            user_property: "WebUserId".into(),
            branch_property: "default_branch_id".into(),
            failed_search_aliases: vec!["view_search_results_no_results".into()],
            latest_timestamp: i64::MAX,
        }
    }

    #[test]
    fn no_report_asks_for_more_than_the_api_takes() {
        let all = Registered {
            visitor: Some("customEvent:client_id".into()),
            session: Some("customEvent:ga_session_id".into()),
            user: Some("customUser:WebUserId".into()),
            branch: Some("customUser:default_branch_id".into()),
            failed_term: Some("customEvent:no_search_results_term".into()),
        };
        for report in reports(&all, &settings()) {
            assert!(report.dimensions.len() <= MOST_DIMENSIONS, "{}", report.name);
        }
        assert_eq!(reports(&Registered::default(), &settings()).len(), 6);
    }

    #[test]
    fn a_table_whose_name_means_failed_searches_is_not_read_twice() {
        let mut settings = settings();
        settings.failed_search_aliases.push("view_search_results".into());
        let names: Vec<&str> = reports(&Registered::default(), &settings).iter().map(|r| r.name).collect();
        assert_eq!(names, ["page_view", "view_item", "add_to_cart", "purchase", "no_search_results"]);
    }
}
