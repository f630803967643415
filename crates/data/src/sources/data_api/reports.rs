//! The reports that a day is read by: one an event table, each within the API's nine dimensions.

use super::registered::{Need, Registered};
use crate::ga4::{EventKind, MappingSettings, event_names};

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

/// A dimension of a report, by the API's name. One may stand for several things: a shop may know its users by the client id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    pub name: String,
    pub becomes: Vec<Becomes>,
}

/// A report that fills one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableReport {
    pub kind: EventKind,
    /// The table, and what the report's pages are kept under.
    pub name: &'static str,
    /// Events of these names.
    pub events: Vec<String>,
    /// The rows come in the order of the first one, then of the second, and so on.
    pub dimensions: Vec<Dimension>,
    /// `eventCount` first.
    pub metrics: Vec<String>,
}

impl TableReport {
    /// The API's names, in order.
    pub fn dimension_names(&self) -> Vec<String> {
        self.dimensions.iter().map(|dimension| dimension.name.clone()).collect()
    }
}

/// The reports of a day, without those of tables that this tenant has no events for. Items are not in them: the API has
/// none beside events (ga4.md 3.3).
pub fn reports(registered: &Registered, settings: &MappingSettings) -> Vec<TableReport> {
    use Becomes::{Param, Time};
    const TIME: (&str, Becomes) = ("dateHourMinute", Time);
    const PAGE: (&str, Becomes) = ("pageLocation", Param("page_location"));
    const TITLE: (&str, Becomes) = ("pageTitle", Param("page_title"));
    const TERM: (&str, Becomes) = ("searchTerm", Param("search_term"));
    // First of all: so the rows of one transaction follow each other, the earliest first.
    const TRANSACTION: (&str, Becomes) = ("transactionId", Param("transaction_id"));
    let of = |kind: EventKind, own: &[(&str, Becomes)]| {
        let events = event_names(kind, settings);
        let mut dimensions: Vec<Dimension> = Vec::new();
        let mut add = |name: &str, becomes| match dimensions.iter_mut().find(|dimension| dimension.name == name) {
            Some(dimension) => dimension.becomes.push(becomes),
            None => dimensions.push(Dimension { name: name.to_owned(), becomes: vec![becomes] }),
        };
        for (name, becomes) in own {
            add(name, *becomes);
        }
        for need in Need::ALL {
            let becomes = match need {
                Need::Session => Param("ga_session_id"),
                Need::Visitor => Becomes::Visitor,
                Need::User => Becomes::User,
                Need::Branch => Becomes::Branch,
                Need::FailedTerm if kind == EventKind::NoSearchResults => Param("no_search_results_term"),
                Need::FailedTerm => continue,
            };
            if let Some(name) = registered.get(need) {
                add(name, becomes);
            }
        }
        let mut metrics = vec!["eventCount".to_owned()];
        if kind == EventKind::Purchase {
            metrics.push("purchaseRevenue".to_owned());
        }
        let name = kind.table().filter(|_| !events.is_empty())?;
        Some(TableReport { kind, name, events, dimensions, metrics })
    };
    [
        of(EventKind::PageView, &[TIME, PAGE, TITLE]),
        of(EventKind::ViewItem, &[TIME, PAGE]),
        of(EventKind::AddToCart, &[TIME, PAGE]),
        of(EventKind::Purchase, &[TRANSACTION, TIME, PAGE]),
        of(EventKind::ViewSearchResults, &[TIME, TERM, PAGE]),
        of(EventKind::NoSearchResults, &[TIME, TERM, PAGE]),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Becomes, MOST_DIMENSIONS, Need, reports};
    use crate::sources::data_api::Registered;
    use crate::sources::data_api::testing::settings;

    #[test]
    fn no_report_asks_for_more_than_the_api_takes_or_twice_for_the_same() {
        // Every set of registered dimensions, with names that are all different and names that meet.
        for names in [["s", "v", "u", "b", "t"], ["s", "v", "v", "v", "t"], ["s", "s", "s", "s", "s"]] {
            for set in 0..1 << Need::ALL.len() {
                let met = Need::ALL.into_iter().zip(names).enumerate().filter(|(n, _)| set & (1 << n) != 0);
                let registered: Registered =
                    met.map(|(_, (need, name))| (need, format!("customEvent:{name}"))).collect();
                let reports = reports(&registered, &settings());
                assert_eq!(reports.len(), 6);
                for report in reports {
                    let names = report.dimension_names();
                    let distinct: HashSet<&String> = names.iter().collect();
                    assert!(names.len() <= MOST_DIMENSIONS && distinct.len() == names.len(), "{names:?}");
                    let becomes: Vec<Becomes> = report.dimensions.iter().flat_map(|d| d.becomes.clone()).collect();
                    for (need, becomes_of) in [
                        (Need::Session, Becomes::Param("ga_session_id")),
                        (Need::Visitor, Becomes::Visitor),
                        (Need::User, Becomes::User),
                        (Need::Branch, Becomes::Branch),
                    ] {
                        assert_eq!(becomes.contains(&becomes_of), registered.get(need).is_some(), "{need:?} {names:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn aliases_are_asked_for_where_their_events_land() {
        let events = |aliases: &[&str]| {
            let mut settings = settings();
            settings.failed_search_aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
            let reports = reports(&Registered::default(), &settings);
            // A report's filter is a set of names.
            let sorted = |mut events: Vec<String>| {
                events.sort();
                events
            };
            reports.into_iter().map(|report| (report.name, sorted(report.events))).collect::<Vec<_>>()
        };
        let searches = |all: &[(&'static str, Vec<String>)]| all[4..].to_vec();
        let of =
            |name: &'static str, events: &[&str]| (name, events.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            searches(&events(&["nothing_found", "no_search_results"])),
            [
                of("view_search_results", &["view_search_results"]),
                of("no_search_results", &["no_search_results", "nothing_found"])
            ]
        );
        // A site whose failed searches arrive as successful ones.
        assert_eq!(
            searches(&events(&["view_search_results"])),
            [of("no_search_results", &["no_search_results", "view_search_results"])]
        );
        // The mapping takes such an alias for what its name says.
        let odd = events(&["page_view", "purchase"]);
        assert_eq!((&odd[0], odd.len()), (&of("page_view", &["page_view"]), 6));
        assert_eq!(odd[5], of("no_search_results", &["no_search_results"]));
    }
}
