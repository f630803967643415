//! Where a mail leads: the lists and the dashboard of the frontend, for the report's day.

use chrono::NaiveDate;
use form_urlencoded::Serializer;

use crate::tasks::TaskList;

/// Addresses of the frontend for one day.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    frontend_url: String,
    day: NaiveDate,
}

impl Links {
    pub(crate) fn new(frontend_url: &str, day: NaiveDate) -> Self {
        Self { frontend_url: frontend_url.trim_end_matches('/').to_owned(), day }
    }

    /// A task list of a branch.
    pub(crate) fn list(&self, list: TaskList, branch: &str) -> String {
        self.page(&format!("tasks/{}", list.name()), &[branch])
    }

    /// The dashboard of some branches; of none = of all.
    pub(crate) fn dashboard(&self, branches: &[&str]) -> String {
        self.page("dashboard", branches)
    }

    fn page(&self, path: &str, branches: &[&str]) -> String {
        let day = self.day.to_string();
        let mut query = Serializer::new(String::new());
        for branch in branches {
            query.append_pair("location_id", branch);
        }
        let query = query.append_pair("start_date", &day).append_pair("end_date", &day).finish();
        format!("{}/{path}?{query}", self.frontend_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branchs_code_stays_a_code() {
        let links = Links::new("https://shop.example/app/", NaiveDate::from_ymd_opt(2026, 1, 5).unwrap());
        assert_eq!(
            links.list(TaskList::CartAbandonment, "D 01&start_date=1/<\"é"),
            "https://shop.example/app/tasks/cart-abandonment?location_id=D+01%26start_date%3D1%2F%3C%22%C3%A9\
             &start_date=2026-01-05&end_date=2026-01-05"
        );
        assert_eq!(
            links.dashboard(&[]),
            "https://shop.example/app/dashboard?start_date=2026-01-05&end_date=2026-01-05"
        );
    }
}
