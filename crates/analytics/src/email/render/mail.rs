//! What the templates of reports are filled with. Everything is text already, in the tenant's currency and zone; a
//! tenant's own words are [`Text`].

use chrono::NaiveDate;
use serde::Serialize;

use super::Text;

/// What all reports have.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReportHead {
    pub(crate) subject: String,
    pub(crate) tenant: Text,
    /// `D01 Springfield`, `4 branches`, `All branches`.
    pub(crate) title: Text,
    /// The report's day, `Monday, 5 January 2026`.
    pub(crate) day: String,
    /// What mail clients show beside the subject.
    pub(crate) preheader: String,
    /// Shown at the head.
    pub(crate) note: Option<Text>,
    /// What the figures are compared with, in sentences.
    pub(crate) basis: Basis,
    /// The dashboard for this day.
    pub(crate) link: String,
}

/// What a day is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Basis {
    /// Whether anything of the day was loaded.
    pub(crate) has_data: bool,
    /// `Mon 29 Dec`.
    pub(crate) previous: String,
    pub(crate) has_previous: bool,
    /// `Average of 5 days`.
    pub(crate) average: String,
    /// `Average of 5 days with data among the 7 days before.`
    pub(crate) sentences: Vec<String>,
}

/// A branch of a report, or the whole tenant in a roll-up.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Branch {
    /// Code and name.
    pub(crate) title: Text,
    pub(crate) figures: Vec<Figure>,
    /// Revenue of the day and the seven before it, oldest first.
    pub(crate) week: Vec<Bar>,
    pub(crate) lists: Vec<List>,
    pub(crate) link: String,
}

/// A figure of the day and what it is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Figure {
    pub(crate) label: &'static str,
    /// `None` where the day has no data.
    pub(crate) value: Option<String>,
    pub(crate) previous: Option<Versus>,
    pub(crate) average: Option<Versus>,
}

/// Another value of a figure, and how far the day's is from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Versus {
    pub(crate) value: String,
    pub(crate) change: Option<Change>,
}

/// `+12%` or `new`, and whether that is welcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tone {
    Good,
    Bad,
    Even,
}

/// A bar of a chart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: String,
    /// Of the longest bar, 0 to 100.
    pub(crate) percent: u8,
    /// The report's own day.
    pub(crate) is_now: bool,
}

/// A task list of the day.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct List {
    pub(crate) title: &'static str,
    /// What is said where there is nothing.
    pub(crate) empty: &'static str,
    /// All lines of the day.
    pub(crate) total: i64,
    /// Those that are not shown.
    pub(crate) more: i64,
    pub(crate) lines: Vec<Line>,
    /// The whole list.
    pub(crate) link: String,
    /// The entry pages that bounce most; only of the bounced visits.
    pub(crate) pages: Vec<Page>,
}

/// Somebody to call, and why.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Line {
    /// The company; else its id; `None`: nobody knows.
    pub(crate) who: Option<Text>,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) details: Text,
    pub(crate) value: String,
    pub(crate) completed: bool,
}

/// A telephone number or an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Contact {
    pub(crate) text: Text,
    /// `tel:` or `mailto:`; `None` where it is neither.
    pub(crate) href: Option<String>,
}

/// An entry page and how many visits ended there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Page {
    pub(crate) page: Text,
    pub(crate) bounces: String,
}

/// A row of a table of branches.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) title: Text,
    pub(crate) revenue: String,
    /// Against the same weekday.
    pub(crate) change: Option<Change>,
    /// Of the branch with the highest revenue, 0 to 100.
    pub(crate) percent: u8,
    pub(crate) purchases: String,
    pub(crate) visitors: String,
    pub(crate) carts: String,
    pub(crate) failed_searches: String,
}

/// The mail about one branch.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReportMail {
    pub(crate) head: ReportHead,
    pub(crate) branch: Branch,
}

/// The mail about several.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DigestMail {
    pub(crate) head: ReportHead,
    /// All branches, by revenue.
    pub(crate) rows: Vec<Row>,
    /// Rows that are not shown.
    pub(crate) more_rows: usize,
    pub(crate) branches: Vec<Branch>,
    /// Branches whose own part is not shown.
    pub(crate) more_branches: usize,
}

/// The mail about all branches.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RollUpMail {
    pub(crate) head: ReportHead,
    /// The whole tenant's figures; has no lists.
    pub(crate) total: Branch,
    /// Active branches, by revenue.
    pub(crate) rows: Vec<Row>,
    pub(crate) more_rows: usize,
}

/// `Monday, 5 January 2026`.
pub(crate) fn long_day(day: NaiveDate) -> String {
    day.format("%A, %-d %B %Y").to_string()
}

/// `Mon 5 Jan 2026`.
pub(crate) fn short_day(day: NaiveDate) -> String {
    day.format("%a %-d %b %Y").to_string()
}

/// `Mon 5 Jan`.
pub(crate) fn brief_day(day: NaiveDate) -> String {
    day.format("%a %-d %b").to_string()
}
