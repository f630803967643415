//! Which column of a header is which field of a list.

use super::list::{ListKind, plain};

/// Where a column's values go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The field of this number.
    Field(usize),
    /// Parts of the name, where the file has no whole one.
    FirstName,
    LastName,
    Ignored,
}

/// A header that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    pub kind: ListKind,
    /// The fields that the file has: what it does not have stays as it is stored.
    pub given: Vec<&'static str>,
    /// Columns that mean nothing here, as they are named in the file.
    pub ignored: Vec<String>,
    pub(super) targets: Vec<Target>,
}

impl Columns {
    /// # Errors
    /// What is wrong with the header, all of it: the id's column is missing, or two columns mean the same field.
    pub fn of<S: AsRef<str>>(kind: ListKind, header: &[S]) -> Result<Self, String> {
        let fields = kind.fields();
        let mut targets: Vec<Target> = header.iter().map(|name| target(kind, name.as_ref())).collect();
        let name_field = fields.iter().position(|field| field.name == "user_name");
        if targets.iter().any(|target| name_field.is_some_and(|n| *target == Target::Field(n))) {
            for target in &mut targets {
                if matches!(target, Target::FirstName | Target::LastName) {
                    *target = Target::Ignored;
                }
            }
        }
        let named = |wanted: Target| -> Vec<&str> {
            header.iter().zip(&targets).filter(|(_, t)| **t == wanted).map(|(name, _)| name.as_ref().trim()).collect()
        };
        let meanings = (0..fields.len())
            .map(|n| (Target::Field(n), fields[n].name))
            .chain([(Target::FirstName, "the first name"), (Target::LastName, "the last name")]);
        let mut faults: Vec<String> = meanings
            .map(|(target, meaning)| (named(target), meaning))
            .filter(|(names, _)| names.len() > 1)
            .map(|(names, meaning)| format!("the columns {} all mean {meaning}", quoted(&names)))
            .collect();
        if named(Target::Field(0)).is_empty() {
            let names: Vec<&str> = header.iter().map(|name| name.as_ref().trim()).filter(|n| !n.is_empty()).collect();
            faults.push(format!("there is no column {}; the columns are {}", kind.id(), quoted(&names)));
        }
        if !faults.is_empty() {
            return Err(faults.join("; "));
        }
        let has_name = targets.iter().any(|target| matches!(target, Target::FirstName | Target::LastName));
        let given = (0..fields.len())
            .filter(|n| !named(Target::Field(*n)).is_empty() || (has_name && Some(*n) == name_field))
            .map(|n| fields[n].name)
            .collect();
        let ignored = named(Target::Ignored).into_iter().filter(|n| !n.is_empty()).map(str::to_owned).collect();
        Ok(Self { kind, given, ignored, targets })
    }
}

fn target(kind: ListKind, name: &str) -> Target {
    if let Some(field) = kind.field_of(name) {
        return Target::Field(field);
    }
    match (kind, plain(name).as_str()) {
        (ListKind::Users, "firstname" | "givenname" | "forename") => Target::FirstName,
        (ListKind::Users, "lastname" | "surname" | "familyname") => Target::LastName,
        _ => Target::Ignored,
    }
}

/// How many columns of a header this list knows.
pub(super) fn known<S: AsRef<str>>(kind: ListKind, header: &[S]) -> usize {
    header.iter().filter(|name| target(kind, name.as_ref()) != Target::Ignored).count()
}

/// The list whose header this is, for files that do not say: one that has the id's own name, or another name of it and
/// something else of the list. Plain `id` and `code` say nothing, and a header with event_name is one of events.
pub fn kind_of<S: AsRef<str>>(header: &[S]) -> Option<ListKind> {
    let names: Vec<String> = header.iter().map(|name| plain(name.as_ref())).collect();
    if names.iter().any(|name| name == "eventname") {
        return None;
    }
    let is = |kind: ListKind| {
        let mut ids =
            names.iter().filter(|name| kind.field_of(name) == Some(0) && !matches!(name.as_str(), "id" | "code"));
        let own = plain(kind.id());
        ids.clone().any(|name| *name == own || name == "warehousecode")
            || (ids.next().is_some() && known(kind, header) > 1)
    };
    // A list of users may say which branch each belongs to; a list of branches names no customers.
    [ListKind::Users, ListKind::Locations].into_iter().find(|kind| is(*kind))
}

fn quoted(names: &[&str]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let mut shown: Vec<String> = names.iter().take(20).map(|name| format!("`{}`", shortened(name))).collect();
    if names.len() > shown.len() {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

/// Enough of a text to recognise it by.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(header: &[&str]) -> Result<Columns, String> {
        Columns::of(ListKind::Users, header)
    }

    #[test]
    fn unknown_columns_are_ignored_and_named() {
        let columns = users(&["Shoe size", " Customer No ", "", "Mobile"]).unwrap();
        assert_eq!(columns.given, ["user_id", "cell_phone"]);
        assert_eq!(columns.ignored, ["Shoe size"]);
        assert_eq!(columns.targets, [Target::Ignored, Target::Field(0), Target::Ignored, Target::Field(4)]);
    }

    #[test]
    fn two_columns_of_one_meaning_and_a_missing_id_are_told_together() {
        let fault = users(&["name", "Full Name", "phone", "Mobile"]).unwrap_err();
        assert_eq!(
            fault,
            "the columns `name`, `Full Name` all mean user_name; the columns `phone`, `Mobile` all mean cell_phone; \
             there is no column user_id; the columns are `name`, `Full Name`, `phone`, `Mobile`"
        );
        assert!(users(&["user_id", "customer id"]).is_err());
        assert!(users(&[] as &[&str]).is_err());
        let long = "x".repeat(100_000);
        assert!(users(&[&long]).unwrap_err().len() < 500);
    }

    #[test]
    fn a_name_in_two_parts_is_a_name_unless_there_is_a_whole_one() {
        let parts = users(&["id", "First Name", "Surname"]).unwrap();
        assert_eq!(parts.given, ["user_id", "user_name"]);
        let whole = users(&["id", "First Name", "Last Name", "Name"]).unwrap();
        assert_eq!((whole.given.as_slice(), whole.ignored.len()), (["user_id", "user_name"].as_slice(), 2));
        assert!(users(&["id", "First Name", "given name"]).is_err());
    }

    #[test]
    fn a_list_is_told_by_its_header() {
        for (header, kind) in [
            (&["user_id"] as &[&str], Some(ListKind::Users)),
            (&["WEB_USER_ID", "name"], Some(ListKind::Users)),
            (&["customer id", "company", "branch"], Some(ListKind::Users)),
            (&["location_id"], Some(ListKind::Locations)),
            (&["warehouse_code", "x"], Some(ListKind::Locations)),
            (&["Store ID", "City"], Some(ListKind::Locations)),
            (&["store id", "revenue"], None),
            (&["id", "name"], None),
            (&["event_date", "event_timestamp", "event_name", "user_id"], None),
            (&["Dear Sir or Madam"], None),
        ] {
            assert_eq!(kind_of(header), kind, "{header:?}");
        }
    }
}
