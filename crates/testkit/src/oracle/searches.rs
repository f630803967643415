//! Searches that found nothing, and searches that led to nothing.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::event::{Event, Kind};
use super::lines::{Dated, Head, newest_first};
use super::{Oracle, Selection};

/// One line of `GET /analytics/tasks/search-analysis`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SearchLine {
    /// what every line has
    #[serde(flatten)]
    pub head: Head,
    /// the term, or the visit's distinct terms sorted and joined by `, `
    pub search_term: String,
    /// `no_results` or `no_conversion`
    pub search_type: String,
    /// how many of those searches
    pub search_count: u64,
}

impl Oracle {
    /// Both kinds of line in one list, latest search first; `include_converted` keeps searching visits that bought.
    #[must_use]
    pub fn search_lines(&self, selection: &Selection, include_converted: bool) -> Vec<Dated<SearchLine>> {
        let mut lines = Vec::new();
        for visit in &self.visits {
            if !selection.has(visit.day, visit.branch.as_deref()) {
                continue;
            }
            let mut add = |kind: &str, term: String, searches: &[&Event]| {
                let Some(last) = searches.last() else {
                    return;
                };
                lines.push(Dated {
                    at: last.timestamp,
                    line: SearchLine {
                        head: self.head_of_visit(visit, last.day),
                        search_term: term,
                        search_type: kind.to_owned(),
                        search_count: searches.len() as u64,
                    },
                });
            };
            let failed = self.of_kind(visit, Kind::FailedSearch);
            for term in distinct_terms(&failed) {
                let same: Vec<&Event> =
                    failed.iter().copied().filter(|event| event.term.as_ref() == Some(&term)).collect();
                add("no_results", term, &same);
            }
            let mut found = self.of_kind(visit, Kind::Search);
            found.retain(|event| event.term.is_some());
            if found.len() > 2 && (include_converted || !self.bought(visit)) {
                let terms: Vec<String> = distinct_terms(&found).into_iter().collect();
                add("no_conversion", terms.join(", "), &found);
            }
        }
        newest_first(lines)
    }
}

/// The terms, each once, by code point.
fn distinct_terms(searches: &[&Event]) -> BTreeSet<String> {
    searches.iter().filter_map(|event| event.term.clone()).collect()
}
