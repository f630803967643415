//! A visit: the events that share a visitor and a session id.

use chrono::NaiveDate;

use super::event::{Event, Kind};

#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub visitor: String,
    pub session: String,
    /// the day of the first landed event
    pub day: NaiveDate,
    /// when that was, in microseconds since 1970
    pub began: i64,
    pub user: Option<String>,
    pub branch: Option<String>,
    /// indexes of the visit's landed events, in event order
    pub members: Vec<usize>,
    pub has_page_view: bool,
}

impl Visit {
    /// The visit of the events at `members` (in event order); none when no event of it is landed.
    pub fn of(visitor: String, session: String, members: &[usize], events: &[Event]) -> Option<Self> {
        let mut web_user = None;
        let mut ga_user = None;
        let mut branch = None;
        let mut landed = Vec::new();
        for &member in members {
            let event = &events[member];
            // "Last real" of every event, landed or not: a later one overwrites.
            web_user = event.web_user.clone().or(web_user);
            ga_user = event.ga_user.clone().or(ga_user);
            branch = event.branch.clone().or(branch);
            if event.kind.is_some() {
                landed.push(member);
            }
        }
        let first = &events[*landed.first()?];
        Some(Self {
            visitor,
            session,
            day: first.day,
            began: first.timestamp,
            user: web_user.or(ga_user),
            branch,
            has_page_view: landed.iter().any(|&member| events[member].kind == Some(Kind::PageView)),
            members: landed,
        })
    }
}
