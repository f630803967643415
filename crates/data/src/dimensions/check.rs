//! One line of a list: from cells to a checked row, or everything that is wrong with it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::columns::{Columns, Target, shortened};
use super::list::{Check, Field};
use super::number;
use crate::ga4::real;

/// Bytes of an id.
const LONGEST_ID: usize = 500;
/// Bytes of any other text.
const LONGEST_TEXT: usize = 2000;
/// Lines that one list may have: what is remembered of each, to find ids that come twice, is held in memory.
const MOST_LINES: usize = 3_000_000;

/// What a file has where a line and a column meet.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    Empty,
    Text(Cow<'a, str>),
    Number(f64),
    Bool(bool),
    /// A date, as `2026-03-02`.
    Date(String),
    /// Something that is no value, and what.
    Fault(String),
}

/// A line that was taken: its values in the order of the list's fields, `is_active` as `true` or `false`. A field that the
/// file does not have, and one without a value, are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRow {
    pub line: u64,
    pub values: Vec<Option<String>>,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LineError {
    /// The line of the file, or the row of the sheet or table, from 1.
    pub line: u64,
    /// The field; null where it is the line as a whole.
    pub field: Option<String>,
    pub message: String,
}

impl LineError {
    pub(super) fn whole(line: u64, message: impl Into<String>) -> Self {
        Self { line, field: None, message: message.into() }
    }

    /// In one sentence, for a list of rejected rows.
    pub fn reason(&self) -> String {
        match &self.field {
            Some(field) => format!("{field} {}", self.message),
            None => self.message.clone(),
        }
    }
}

/// Checks the lines of one list, one by one.
#[derive(Debug)]
pub(super) struct Checker {
    columns: Columns,
    /// Ids that were met, hashed, and on which line. With 64 bits two different ids of three million meet once in four
    /// million lists.
    seen: HashMap<u64, u64>,
    hasher: RandomState,
}

impl Checker {
    pub(super) fn new(columns: Columns) -> Self {
        Self { columns, seen: HashMap::new(), hasher: RandomState::new() }
    }

    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Whether no further line is taken.
    pub(super) fn is_full(&self) -> bool {
        self.seen.len() >= MOST_LINES
    }

    /// None for a line without any value: spreadsheets leave such lines behind.
    ///
    /// # Errors
    /// Everything that is wrong with the line.
    pub(super) fn check(&mut self, line: u64, cells: &[Cell<'_>]) -> Result<Option<ListRow>, Vec<LineError>> {
        if cells.iter().all(is_blank) {
            return Ok(None);
        }
        let fields = self.columns.kind.fields();
        let mut row = ListRow { line, values: vec![None; fields.len()] };
        let mut errors = Vec::new();
        let mut names = [None, None];
        for (target, cell) in self.columns.targets.iter().zip(cells) {
            let (field, place) = match target {
                Target::Field(n) => (&fields[*n], &mut row.values[*n]),
                Target::FirstName => (&NAME_PART, &mut names[0]),
                Target::LastName => (&NAME_PART, &mut names[1]),
                Target::Ignored => continue,
            };
            match value(field, cell) {
                Ok(value) => *place = value,
                Err(message) => errors.push(LineError { line, field: Some(field.name.to_owned()), message }),
            }
        }
        let [first, last] = names;
        if let Some(name) = [first, last].into_iter().flatten().reduce(|first, last| format!("{first} {last}"))
            && let Some(n) = fields.iter().position(|field| field.name == NAME_PART.name)
        {
            row.values[n] = Some(name);
        }
        errors.extend(self.id_fault(&row, &errors));
        if errors.is_empty() { Ok(Some(row)) } else { Err(errors) }
    }

    /// The id is missing, or was met before.
    fn id_fault(&mut self, row: &ListRow, errors: &[LineError]) -> Option<LineError> {
        let field = self.columns.kind.id();
        let fault = |message| Some(LineError { line: row.line, field: Some(field.to_owned()), message });
        let Some(id) = &row.values[0] else {
            let told = errors.iter().any(|error| error.field.as_deref() == Some(field));
            return if told { None } else { fault("is missing".to_owned()) };
        };
        match self.seen.insert(self.hasher.hash_one(id), row.line) {
            Some(before) => fault(format!("`{}` is also in line {before}", shortened(id))),
            None => None,
        }
    }
}

/// Where the parts of a name go.
const NAME_PART: Field = Field::part("user_name");

fn is_blank(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Empty => true,
        Cell::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// The value as it is stored, none where there is none, or what is wrong with it.
fn value(field: &Field, cell: &Cell<'_>) -> Result<Option<String>, String> {
    let text = match cell {
        Cell::Empty => return Ok(None),
        Cell::Fault(fault) => return Err(fault.clone()),
        Cell::Text(text) => Cow::Borrowed(text.as_ref()),
        Cell::Date(_) if matches!(field.check, Check::Id | Check::Phone) => {
            return Err("has become a date in the spreadsheet: format the column as text".to_owned());
        }
        Cell::Date(text) => Cow::Borrowed(text.as_str()),
        Cell::Bool(yes) => Cow::Borrowed(if *yes { "true" } else { "false" }),
        Cell::Number(number) if matches!(field.check, Check::Id | Check::Phone) && !number::is_exact(*number) => {
            return Err("has more than 15 digits, which a spreadsheet rounds: format the column as text".to_owned());
        }
        Cell::Number(number) => Cow::Owned(number::text(*number)),
    };
    let Some(text) = real(&text).map(str::trim) else { return Ok(None) };
    let longest = if field.check == Check::Id { LONGEST_ID } else { LONGEST_TEXT };
    if text.contains('\0') {
        return Err("holds a NUL character".to_owned());
    }
    if text.len() > longest {
        return Err(format!("is longer than {longest} bytes"));
    }
    match field.check {
        Check::Id | Check::Text | Check::Phone => Ok(Some(text.to_owned())),
        Check::Email if is_address(text) => Ok(Some(text.to_owned())),
        Check::Email => Err(format!("`{}` is not an e-mail address", shortened(text))),
        Check::Active => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" | "yes" | "y" | "active" | "enabled" => Ok(Some("true".to_owned())),
            "false" | "f" | "0" | "no" | "n" | "inactive" | "disabled" => Ok(Some("false".to_owned())),
            _ => Err(format!("`{}` is neither true nor false", shortened(text))),
        },
    }
}

/// Plausible, not proven: one @ between a name and a domain with a dot, nothing that would end an address.
fn is_address(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else { return false };
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | ',' | ';' | '<' | '>' | '(' | ')');
    text.len() <= 320
        && !name.is_empty()
        && !name.contains(odd)
        && !domain.contains(odd)
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dimensions::list::ListKind;

    fn text(text: &str) -> Cell<'_> {
        Cell::Text(text.into())
    }

    fn checker(header: &[&str]) -> Checker {
        Checker::new(Columns::of(ListKind::Users, header).unwrap())
    }

    /// The one error of a line with this cell under this column, beside a good id.
    fn fault(column: &str, cell: Cell<'_>) -> String {
        let errors = checker(&["user_id", column]).check(2, &[text("U1"), cell]).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors[0].reason()
    }

    #[test]
    fn a_good_line_becomes_a_row_in_the_order_of_the_fields() {
        let mut checker = checker(&["Active", "e-mail", "id", "company", "mobile", "shoe size"]);
        let cells = [
            text("No"),
            text(" ann@example.com "),
            Cell::Number(4711.0),
            text("(not set)"),
            Cell::Number(4915112345678.0),
            text("42"),
        ];
        let row = checker.check(7, &cells).unwrap().unwrap();
        assert_eq!(row.line, 7);
        let values: Vec<Option<&str>> = row.values.iter().map(Option::as_deref).collect();
        assert_eq!(
            values,
            [Some("4711"), None, None, Some("ann@example.com"), Some("4915112345678"), None, Some("false")]
        );
    }

    #[test]
    fn every_fault_of_a_line_is_told_at_once() {
        let mut checker = checker(&["user_id", "email", "is_active"]);
        let errors = checker.check(3, &[text(" (not set) "), text("nobody"), text("maybe")]).unwrap_err();
        let told: Vec<String> = errors.iter().map(LineError::reason).collect();
        assert_eq!(
            told,
            [
                "email `nobody` is not an e-mail address",
                "is_active `maybe` is neither true nor false",
                "user_id is missing"
            ]
        );
        assert!(errors.iter().all(|error| error.line == 3));
    }

    #[test]
    fn an_id_that_comes_twice_names_both_lines() {
        let mut checker = checker(&["user_id", "email"]);
        checker.check(2, &[text("U1"), Cell::Empty]).unwrap();
        // Also a line that is not taken for another reason.
        checker.check(3, &[text("U2"), text("x")]).unwrap_err();
        assert_eq!(
            checker.check(9, &[text("U1 "), Cell::Empty]).unwrap_err()[0].reason(),
            "user_id `U1` is also in line 2"
        );
        assert_eq!(
            checker.check(10, &[text("U2"), Cell::Empty]).unwrap_err()[0].reason(),
            "user_id `U2` is also in line 3"
        );
        assert!(checker.check(11, &[text("u1"), Cell::Empty]).is_ok());
    }

    #[test]
    fn what_a_spreadsheet_damages_is_told() {
        assert_eq!(
            fault("email", Cell::Fault("is an error in the sheet, #N/A".into())),
            "email is an error in the sheet, #N/A"
        );
        assert!(fault("mobile", Cell::Number(1e17)).contains("more than 15 digits"));
        let mut ids = checker(&["user_id"]);
        assert!(ids.check(2, &[Cell::Number(4_711_471_147_114_711.0)]).unwrap_err()[0].message.contains("15 digits"));
        let errors = ids.check(3, &[Cell::Date("2026-02-01".into())]).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].message.contains("date"));
        assert_eq!(ids.check(4, &[Cell::Number(12.5)]).unwrap().unwrap().values[0].as_deref(), Some("12.5"));
    }

    #[test]
    fn ids_and_texts_have_a_length_and_no_nul() {
        let mut ids = checker(&["user_id"]);
        assert!(ids.check(2, &[text(&"ü".repeat(250))]).is_ok());
        assert_eq!(
            ids.check(3, &[text(&"ü".repeat(251))]).unwrap_err()[0].reason(),
            "user_id is longer than 500 bytes"
        );
        assert_eq!(ids.check(4, &[text("a\0b")]).unwrap_err()[0].reason(), "user_id holds a NUL character");
        assert_eq!(fault("name", text(&"x".repeat(2001))), "user_name is longer than 2000 bytes");
        assert!(fault("is_active", text(&"x".repeat(1000))).len() < 150);
    }

    #[test]
    fn names_in_two_parts_are_joined() {
        let mut checker = checker(&["id", "last name", "first name"]);
        let mut name = |id, last, first| {
            let row = checker.check(2, &[text(id), last, first]).unwrap().unwrap();
            row.values[1].clone().unwrap_or_default()
        };
        assert_eq!(name("1", text("Lovelace"), text("Ada")), "Ada Lovelace");
        assert_eq!(name("2", text("Lovelace"), Cell::Empty), "Lovelace");
        assert_eq!(name("3", Cell::Empty, Cell::Empty), "");
    }

    #[test]
    fn blank_lines_are_no_lines() {
        let mut checker = checker(&["user_id", "name"]);
        assert_eq!(checker.check(2, &[Cell::Empty, text("  ")]), Ok(None));
        assert_eq!(checker.check(2, &[]), Ok(None));
        assert!(checker.check(2, &[Cell::Empty, text("Ann")]).is_err());
    }

    #[test]
    fn addresses_are_plausible() {
        for good in ["a@b.co", "first.last+tag@sub.example.com", "ü6@example.com", "o'brien@example.ie"] {
            assert!(is_address(good), "{good}");
        }
        for bad in
            ["", "@", "a@", "@b.co", "a@b", "a b@c.de", "a@b.co, c@d.de", "a@@b.co", "a@b..co", "a@.co", "<a@b.co>"]
        {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
