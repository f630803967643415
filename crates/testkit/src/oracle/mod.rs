//! The definitions of the product once more, in plain loops over raw rows, to hold the real implementation against.
//!
//! Nothing here is fast, clever or shared with the product: no SQL, no roll-ups, no increments. An [`Oracle`] is built
//! from the rows that count and answers every figure and every list from scratch. Its line types read the product's
//! JSON (`serde`), so that [`compare`] can hold both sides against each other field by field.

mod bounces;
mod carts;
mod chart;
pub mod compare;
mod dedupe;
mod event;
mod filter;
mod history;
mod input;
mod lines;
mod locations;
mod metrics;
mod purchases;
mod read;
mod repeats;
mod searches;
mod users;
mod visit;

#[cfg(test)]
mod tests;

pub use bounces::{BounceLine, BouncedPage};
pub use carts::CartLine;
pub use chart::{Granularity, Period};
pub use event::Kind;
pub use filter::Searchable;
pub use history::{Details, HistoryEntry, SessionHistory};
pub use input::{Input, LocationRow, TenantSettings, UserRow};
pub use lines::{Dated, Head, Product};
pub use locations::{LocationStats, LocationView};
pub use metrics::Metrics;
pub use purchases::PurchaseLine;
pub use repeats::{RepeatLine, ViewedProduct};
pub use searches::SearchLine;
pub use users::UserFigures;

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use event::Event;
use visit::Visit;

/// Which days and branches an answer is about.
#[derive(Clone, Debug)]
pub struct Selection {
    /// first day
    pub from: NaiveDate,
    /// last day, inclusive
    pub to: NaiveDate,
    /// only these branches; `None` is all, activity without a branch included
    pub locations: Option<Vec<String>>,
}

impl Selection {
    /// Both days and everything between, all branches.
    #[must_use]
    pub fn days(from: NaiveDate, to: NaiveDate) -> Self {
        Self { from, to, locations: None }
    }

    /// All there is: what a list gives when it is asked without dates.
    #[must_use]
    pub fn everything() -> Self {
        Self::days(NaiveDate::MIN, NaiveDate::MAX)
    }

    /// The same days, these branches only.
    #[must_use]
    pub fn at(mut self, locations: &[&str]) -> Self {
        self.locations = Some(locations.iter().map(|id| (*id).to_owned()).collect());
        self
    }

    fn has(&self, day: NaiveDate, branch: Option<&str>) -> bool {
        if day < self.from || day > self.to {
            return false;
        }
        match &self.locations {
            None => true,
            Some(wanted) => branch.is_some_and(|branch| wanted.iter().any(|id| id == branch)),
        }
    }
}

/// One tenant's history, ready to be asked.
#[derive(Debug)]
pub struct Oracle {
    settings: TenantSettings,
    users: HashMap<String, UserRow>,
    location_rows: Vec<LocationRow>,
    /// every event that counts, landed or not, in event order
    events: Vec<Event>,
    /// visits with at least one landed event
    visits: Vec<Visit>,
    /// per event: its visit, when it has one that counts
    visit_of: Vec<Option<usize>>,
    /// the purchases that count, as indexes into `events`
    counted: Vec<usize>,
}

impl Oracle {
    /// Reads all rows of `input`.
    ///
    /// # Panics
    /// When a row is not well-formed: such rows are rejected by the product and have no place here.
    #[must_use]
    pub fn new(input: &Input) -> Self {
        let mut events = dedupe::events(input);
        events.sort_by(|a, b| a.order().cmp(&b.order()));

        let mut groups: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (index, event) in events.iter().enumerate() {
            if let (Some(visitor), Some(session)) = (&event.visitor, &event.session) {
                groups.entry((visitor.clone(), session.clone())).or_default().push(index);
            }
        }
        let mut visits = Vec::new();
        let mut visit_of = vec![None; events.len()];
        for ((visitor, session), members) in groups {
            if let Some(visit) = Visit::of(visitor, session, &members, &events) {
                for member in members {
                    visit_of[member] = Some(visits.len());
                }
                visits.push(visit);
            }
        }
        let counted = purchases::counted(&events);
        Self {
            settings: input.settings.clone(),
            users: input.users.iter().map(|user| (user.user_id.clone(), user.clone())).collect(),
            location_rows: input.locations.clone(),
            events,
            visits,
            visit_of,
            counted,
        }
    }

    /// The branch that an event counts for: its visit's, or its own when it belongs to no visit.
    fn branch_of(&self, event: usize) -> Option<&str> {
        match self.visit_of[event] {
            Some(visit) => self.visits[visit].branch.as_deref(),
            None => self.events[event].branch.as_deref(),
        }
    }

    /// The user that an event belongs to: its visit's, or its own when it belongs to no visit.
    fn user_of(&self, event: usize) -> Option<&str> {
        match self.visit_of[event] {
            Some(visit) => self.visits[visit].user.as_deref(),
            None => self.events[event].own_user(),
        }
    }

    /// The events of a visit that are of one kind, in event order.
    fn of_kind(&self, visit: &Visit, kind: Kind) -> Vec<&Event> {
        visit.members.iter().map(|&member| &self.events[member]).filter(|event| event.kind == Some(kind)).collect()
    }

    /// Whether the visit has a purchase event, counted or not.
    fn bought(&self, visit: &Visit) -> bool {
        !self.of_kind(visit, Kind::Purchase).is_empty()
    }

    /// The visit's distinct real pages (of its page views), in order of first view.
    fn pages(&self, visit: &Visit) -> Vec<String> {
        let mut pages: Vec<String> = Vec::new();
        for view in self.of_kind(visit, Kind::PageView) {
            if let Some(page) = &view.page
                && !pages.contains(page)
            {
                pages.push(page.clone());
            }
        }
        pages
    }

    /// Landed events per day and kind: what must be found in the event tables, and what availability answers.
    #[must_use]
    pub fn landed(&self) -> BTreeMap<(NaiveDate, Kind), u64> {
        let mut counts = BTreeMap::new();
        for event in &self.events {
            if let Some(kind) = event.kind {
                *counts.entry((event.day, kind)).or_default() += 1;
            }
        }
        counts
    }

    /// Every visit as (visitor, session id, day), for tests that walk them.
    #[must_use]
    pub fn visit_keys(&self) -> Vec<(String, String, NaiveDate)> {
        self.visits.iter().map(|visit| (visit.visitor.clone(), visit.session.clone(), visit.day)).collect()
    }

    /// Every known user, sorted by id.
    #[must_use]
    pub fn known_users(&self) -> Vec<String> {
        let mut users: Vec<String> = (0..self.events.len())
            .filter(|&event| self.events[event].kind.is_some())
            .filter_map(|event| self.user_of(event).map(str::to_owned))
            .collect();
        users.sort();
        users.dedup();
        users
    }
}
