//! The random tenant's users and branches, and both tables as the CSV that is uploaded.

use super::dice::Dice;
use crate::oracle::{LocationRow, UserRow};

/// The users table: most of the ids that events carry, and one that none does. `U 5` has no row, on purpose.
#[must_use]
pub fn random_users(seed: u64) -> Vec<UserRow> {
    let mut dice = Dice::new(seed ^ 0x05e5);
    ["U1", "U2", "U3", "4711", "Ü6", "U7", "never-seen"]
        .into_iter()
        .map(|id| {
            let mut maybe = |text: String| dice.chance(80).then_some(text);
            UserRow {
                user_id: id.to_owned(),
                user_name: maybe(format!("Person {id}")),
                buying_company_name: maybe(format!("Müller, \"50%_\" & {id} Ltd")),
                email: maybe(format!("{}@example.com", id.to_lowercase())),
                cell_phone: maybe("555-0101".to_owned()),
                office_phone: maybe("555-0102".to_owned()),
                is_active: dice.chance(80),
            }
        })
        .collect()
}

/// The locations table: D09 is inactive, D05 has no activity; D99, which events name, has no row.
#[must_use]
pub fn random_locations(seed: u64) -> Vec<LocationRow> {
    let mut dice = Dice::new(seed ^ 0x10c5);
    [
        ("D01", "Zulu yard", true),
        ("D02", "alpha store", true),
        ("D03", "Ärmel, \"the\" store", true),
        ("D05", "Empty store", true),
        ("D09", "Closed store", false),
        ("7", "Seventh", true),
    ]
    .into_iter()
    .map(|(id, name, is_active)| {
        let mut maybe = |text: &str| dice.chance(70).then(|| text.to_owned());
        LocationRow {
            location_id: id.to_owned(),
            location_name: name.to_owned(),
            city: maybe("Springfield"),
            state: maybe("IL"),
            is_active,
        }
    })
    .collect()
}

/// The users table as CSV with its header.
#[must_use]
pub fn users_csv(users: &[UserRow]) -> String {
    let mut csv = "user_id,user_name,buying_company_name,email,cell_phone,office_phone,is_active\n".to_owned();
    for user in users {
        csv += &line(
            &[
                Some(&user.user_id),
                user.user_name.as_ref(),
                user.buying_company_name.as_ref(),
                user.email.as_ref(),
                user.cell_phone.as_ref(),
                user.office_phone.as_ref(),
            ],
            user.is_active,
        );
    }
    csv
}

/// The locations table as CSV with its header.
#[must_use]
pub fn locations_csv(locations: &[LocationRow]) -> String {
    let mut csv = "location_id,location_name,city,state,is_active\n".to_owned();
    for location in locations {
        csv += &line(
            &[
                Some(&location.location_id),
                Some(&location.location_name),
                location.city.as_ref(),
                location.state.as_ref(),
            ],
            location.is_active,
        );
    }
    csv
}

/// One CSV line: every text quoted, nulls empty.
fn line(texts: &[Option<&String>], is_active: bool) -> String {
    let mut line = String::new();
    for text in texts {
        if let Some(text) = text {
            line += &format!("\"{}\"", text.replace('"', "\"\""));
        }
        line.push(',');
    }
    format!("{line}{is_active}\n")
}
