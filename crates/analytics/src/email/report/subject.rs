//! Subjects and titles of reports: from names alone, because a mail has its subject when it is queued.

use chrono::NaiveDate;

use super::ALL_BRANCHES;
use crate::email::render::{Text, mail::short_day};

const TENANT: usize = 60;
const CODE: usize = 30;
const NAME: usize = 60;

/// The subject of a report's mail: known when it is queued, before anything is rendered. `branches` are codes with names
/// where known; `["*"]` is the roll-up. Has no control characters and at most some 170 characters.
pub(crate) fn subject(tenant_name: &str, branches: &[(String, Option<String>)], date: NaiveDate) -> String {
    let tenant = Text::new(tenant_name, TENANT);
    let day = short_day(date);
    match branches {
        [(code, _)] if code == ALL_BRANCHES => format!("{}: all branches, {day}", tenant.as_str()),
        [(code, name)] => format!("{}: {}, {day}", tenant.as_str(), branch_title(code, name.as_deref()).as_str()),
        branches => format!("{}: {} branches, {day}", tenant.as_str(), branches.len()),
    }
}

/// `D01 Springfield`; the code alone where there is no other name.
pub(super) fn branch_title(code: &str, name: Option<&str>) -> Text {
    let code = Text::new(code, CODE);
    let name = name.map(|name| Text::new(name, NAME)).filter(|name| !name.is_empty() && *name != code);
    match name {
        Some(name) => Text::new(&format!("{} {}", code.as_str(), name.as_str()), CODE + NAME + 1),
        None => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 5).unwrap()
    }

    fn branch(code: &str, name: Option<&str>) -> (String, Option<String>) {
        (code.to_owned(), name.map(str::to_owned))
    }

    #[test]
    fn a_subject_says_whose_report_it_is_of_what_and_when() {
        for (branches, expected) in [
            (vec![branch("D01", Some("Springfield"))], "Demo Shop: D01 Springfield, Mon 5 Jan 2026"),
            (vec![branch("D01", None)], "Demo Shop: D01, Mon 5 Jan 2026"),
            (vec![branch("D01", Some("D01"))], "Demo Shop: D01, Mon 5 Jan 2026"),
            (vec![branch("*", None)], "Demo Shop: all branches, Mon 5 Jan 2026"),
            (vec![branch("D01", None), branch("D02", None)], "Demo Shop: 2 branches, Mon 5 Jan 2026"),
        ] {
            assert_eq!(subject("Demo Shop", &branches, day()), expected);
        }
    }

    #[test]
    fn a_subject_brings_no_header_along_and_ends() {
        let evil = "x\r\nBcc: everybody@example.com\r\n\r\n\0\u{202e}";
        let subject = subject(&evil.repeat(100), &[branch(&evil.repeat(100), Some(&"n".repeat(5_000)))], day());
        assert!(!subject.chars().any(char::is_control), "{subject:?}");
        assert!(subject.chars().count() <= 170, "{subject}");
        assert!(subject.ends_with(", Mon 5 Jan 2026"));
    }
}
