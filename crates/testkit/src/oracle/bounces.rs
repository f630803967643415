//! Visits that saw one page and left, and the pages that make people leave.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::event::Kind;
use super::lines::{Dated, Head, newest_first};
use super::{Oracle, Selection};

/// One element of `bounced_sessions` of `GET /analytics/tasks/performance`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct BounceLine {
    /// what every line has
    #[serde(flatten)]
    pub head: Head,
    /// the only page
    pub entry_page: String,
}

/// One element of `frequently_bounced_pages`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct BouncedPage {
    /// the page
    pub entry_page: String,
    /// visits that saw nothing else
    pub bounce_count: u64,
}

impl Oracle {
    /// The visits of a selection with exactly one distinct page, latest page view first.
    #[must_use]
    pub fn bounce_lines(&self, selection: &Selection) -> Vec<Dated<BounceLine>> {
        let mut lines = Vec::new();
        for visit in &self.visits {
            if !selection.has(visit.day, visit.branch.as_deref()) {
                continue;
            }
            let views = self.of_kind(visit, Kind::PageView);
            if let ([entry_page], Some(last)) = (self.pages(visit).as_slice(), views.last()) {
                lines.push(Dated {
                    at: last.timestamp,
                    line: BounceLine { head: self.head_of_visit(visit, last.day), entry_page: entry_page.clone() },
                });
            }
        }
        newest_first(lines)
    }

    /// The ten entry pages of most bounced visits, then by code point: exactly the order of the answer.
    #[must_use]
    pub fn bounced_pages(&self, selection: &Selection) -> Vec<BouncedPage> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for bounce in self.bounce_lines(selection) {
            *counts.entry(bounce.line.entry_page).or_default() += 1;
        }
        let mut pages: Vec<BouncedPage> =
            counts.into_iter().map(|(entry_page, bounce_count)| BouncedPage { entry_page, bounce_count }).collect();
        // Stable: pages of the same count stay by code point.
        pages.sort_by_key(|page| std::cmp::Reverse(page.bounce_count));
        pages.truncate(10);
        pages
    }
}
