//! Where a mail leads: the lists and the dashboard of the frontend, for the report's day.

use chrono::NaiveDate;
use form_urlencoded::Serializer;

use crate::tasks::TaskList;

/// Web servers and mail programs take addresses of this length; longer ones many refuse or cut.
const LONGEST: usize = 2_000;

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

    /// The dashboard of some branches; of none, or of more than an address can name = of all that its reader may see.
    pub(crate) fn dashboard(&self, branches: &[&str]) -> String {
        let named = self.page("dashboard", branches);
        if branches.len() > 1 && named.len() > LONGEST { self.page("dashboard", &[]) } else { named }
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

    #[test]
    fn a_dashboard_of_more_branches_than_an_address_can_name_is_that_of_all() {
        let links = Links::new("https://shop.example/app", NaiveDate::from_ymd_opt(2026, 1, 5).unwrap());
        let codes: Vec<String> = (0..500).map(|n| format!("D{n:03}")).collect();
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        assert!(
            links.dashboard(&codes[..50]).contains("location_id=D000&")
                && links.dashboard(&codes[..50]).contains("=D049&")
        );
        assert_eq!(links.dashboard(&codes), links.dashboard(&[]));
        // One branch stays that branch, however it is called.
        let long = "\u{1f527}".repeat(100);
        assert!(links.dashboard(&[&long]).contains("location_id=%F0%9F%94%A7"));
        assert_eq!(links.dashboard(&[&long, &long]), links.dashboard(&[]));
    }
}
