//! Making mails smaller until they fit: first the lists give way, then the branches' own parts, then the tables.

use serde::Serialize;

use super::mail::{Branch, DigestMail, List, ReportMail, RollUpMail};

/// Lines of a list in the mail about one branch.
const REPORT_LINES: usize = 10;
/// In a digest, where there is room for about so many lines of each list over all branches.
const DIGEST_LINES: usize = 24;
const MOST_DIGEST_LINES: usize = 5;
/// Entry pages.
const PAGES: usize = 5;
/// Rows of a table of branches.
const ROWS: usize = 100;

/// A report that can be shown in less.
pub(super) trait Cut: Serialize + Sized {
    /// The report at this step, 0 = as large as it may be; `None` when nothing is left to take away.
    fn cut(&self, step: u32) -> Option<Self>;
}

/// `most`, halved `step` times; `None` once it has been nothing before.
fn halved(most: usize, step: u32) -> Option<usize> {
    let now = most.checked_shr(step).unwrap_or(0);
    (now > 0 || step == 0 || most.checked_shr(step - 1).unwrap_or(0) > 0).then_some(now)
}

impl Branch {
    fn with_lines(&self, most: usize) -> Self {
        let Self { title, figures, week, lists, link } = self;
        let (title, figures) = (title.clone(), figures.clone());
        let lists = lists.iter().map(|list| list.with_lines(most)).collect();
        Self { title, figures, week: week.clone(), lists, link: link.clone() }
    }
}

impl List {
    fn with_lines(&self, most: usize) -> Self {
        let Self { title, empty, total, more: _, lines, link, pages } = self;
        let lines: Vec<_> = lines.iter().take(most).cloned().collect();
        let shown = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        Self {
            title,
            empty,
            total: *total,
            more: total.saturating_sub(shown),
            lines,
            link: link.clone(),
            pages: pages.iter().take(most.min(PAGES)).cloned().collect(),
        }
    }
}

impl Cut for ReportMail {
    fn cut(&self, step: u32) -> Option<Self> {
        let lines = halved(REPORT_LINES, step)?;
        Some(Self { head: self.head.clone(), branch: self.branch.with_lines(lines) })
    }
}

impl Cut for DigestMail {
    fn cut(&self, step: u32) -> Option<Self> {
        let Self { head, rows, more_rows: _, branches, more_branches: _ } = self;
        let most_lines = (DIGEST_LINES / branches.len().max(1)).clamp(1, MOST_DIGEST_LINES);
        let most_rows = rows.len().min(ROWS);
        // The steps follow each other: what a stage had no use for is left to the next.
        let (mut shown_lines, mut shown_branches, mut shown_rows) = (most_lines, branches.len(), most_rows);
        let mut left = step;
        for stage in
            [(&mut shown_lines, most_lines), (&mut shown_branches, branches.len()), (&mut shown_rows, most_rows)]
        {
            let (shown, most) = stage;
            let steps = usize::BITS - most.leading_zeros();
            let taken = left.min(steps);
            *shown = most.checked_shr(taken).unwrap_or(0);
            left -= taken;
        }
        (left == 0).then(|| Self {
            head: head.clone(),
            rows: rows.iter().take(shown_rows).cloned().collect(),
            more_rows: rows.len() - shown_rows,
            branches: branches.iter().take(shown_branches).map(|branch| branch.with_lines(shown_lines)).collect(),
            more_branches: branches.len() - shown_branches,
        })
    }
}

impl Cut for RollUpMail {
    fn cut(&self, step: u32) -> Option<Self> {
        let Self { head, total, rows, more_rows: _ } = self;
        let shown = halved(rows.len().min(ROWS), step)?;
        Some(Self {
            head: head.clone(),
            total: total.clone(),
            rows: rows.iter().take(shown).cloned().collect(),
            more_rows: rows.len() - shown,
        })
    }
}
