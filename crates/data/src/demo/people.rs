//! The demo's branches, known users and their devices.

use super::{
    BRANCHES, USERS,
    chance::{Chance, Purpose, mix},
};

/// Branches as (code, name, city, state), the busiest first.
pub(super) const LOCATIONS: [(&str, &str, &str, &str); BRANCHES] = [
    ("D01", "Northfield Chicago", "Chicago", "IL"),
    ("D02", "Northfield Milwaukee", "Milwaukee", "WI"),
    ("D03", "Northfield Indianapolis", "Indianapolis", "IN"),
    ("D04", "Northfield Detroit", "Detroit", "MI"),
    ("D05", "Northfield Columbus", "Columbus", "OH"),
    ("D06", "Northfield St. Louis", "St. Louis", "MO"),
    ("D07", "Northfield Minneapolis", "Minneapolis", "MN"),
    ("D08", "Northfield Louisville", "Louisville", "KY"),
    ("D09", "Northfield Des Moines", "Des Moines", "IA"),
    ("D10", "Northfield Grand Rapids", "Grand Rapids", "MI"),
    ("D11", "Northfield Peoria", "Peoria", "IL"),
    ("D12", "Northfield Fort Wayne", "Fort Wayne", "IN"),
];

/// A known user of the shop.
pub(super) struct User {
    /// the customer number that `WebUserId` carries
    pub id: i64,
    pub name: String,
    pub company: String,
    pub email: String,
    pub cell_phone: String,
    /// some have none
    pub office_phone: Option<String>,
    pub is_active: bool,
    /// index into [`LOCATIONS`]
    pub branch: usize,
}

/// All known users, the busiest first.
pub(super) struct People {
    pub users: Vec<User>,
}

const FIRST: [&str; 24] = [
    "Maria", "James", "Linda", "Robert", "Aisha", "Michael", "Elena", "David", "Grace", "Thomas", "Priya", "Daniel",
    "Sofia", "Kevin", "Hannah", "Marcus", "Julia", "Brian", "Nadia", "Steven", "Carmen", "Peter", "Ingrid", "Luis",
];
const LAST: [&str; 26] = [
    "Keller", "Johnson", "Nowak", "Garcia", "O'Brien", "Schmidt", "Patel", "Larsen", "Murphy", "Rossi", "Kim",
    "Walker", "Novak", "Reyes", "Hughes", "Becker", "Foster", "Lindqvist", "Morgan", "Castillo", "Dubois", "Sandoval",
    "Ivanov", "Brooks", "Müller", "Tanaka",
];
const TRADES: [&str; 10] = [
    "Mechanical", "Plumbing & Heating", "Process Piping", "Facilities Services", "Boiler Works", "Fire Protection",
    "Foods", "Chemical", "Property Management", "HVAC Contractors",
];
const FORMS: [&str; 4] = ["Inc.", "LLC", "Co.", "& Sons"];
const AREA_CODES: [u32; 6] = [312, 414, 317, 313, 614, 314];

impl People {
    pub fn new(seed: u64) -> Self {
        let users = (0..USERS)
            .map(|number| {
                let chance = &mut Chance::of(seed, Purpose::People, 0, number as u64);
                let id = 10_001 + i64::try_from(number).unwrap_or_default();
                let (first, last) = (*chance.pick(&FIRST), *chance.pick(&LAST));
                let ascii: String =
                    last.to_lowercase().replace('ü', "ue").chars().filter(char::is_ascii_alphabetic).collect();
                User {
                    id,
                    name: format!("{first} {last}"),
                    // A few hundred companies: colleagues share one.
                    company: format!(
                        "{} {} {}",
                        LAST[chance.skewed(LAST.len())],
                        TRADES[chance.skewed(TRADES.len())],
                        chance.pick(&FORMS)
                    ),
                    email: format!("{}.{ascii}.{id}@example.com", first.to_lowercase()),
                    cell_phone: phone(chance),
                    office_phone: chance.percent(80.0).then(|| phone(chance)),
                    is_active: chance.percent(96.0),
                    branch: chance.skewed(BRANCHES),
                }
            })
            .collect();
        Self { users }
    }
}

/// A number of the range that is given to nobody.
fn phone(chance: &mut Chance) -> String {
    format!("({}) 555-01{:02}", chance.pick(&AREA_CODES), chance.between(0, 99))
}

/// A device's `user_pseudo_id`, as the tag makes it: a random number and the second of the first visit.
pub(super) struct Device {
    pub pseudo_id: String,
    /// microseconds since 1970
    pub first_touch: i64,
    /// decides what kind of device it is
    pub key: u64,
}

impl Device {
    /// The device with this key that was first seen at `first_touch` microseconds.
    pub fn new(key: u64, first_touch: i64) -> Self {
        Self { pseudo_id: format!("{}.{}", mix(key) % 2_000_000_000, first_touch / 1_000_000), first_touch, key }
    }

    /// One of the two devices of a known user; known since well before any demo begins.
    pub fn of_user(seed: u64, user: &User, second: bool) -> Self {
        let key = Chance::of(seed, Purpose::Person, user.id, u64::from(second)).between(0, i64::MAX).unsigned_abs();
        let days_into_2023 = i64::try_from(key % 365).unwrap_or_default();
        Self::new(
            key,
            (1_672_531_200 + days_into_2023 * 86_400 + i64::try_from(key % 86_400).unwrap_or_default()) * 1_000_000,
        )
    }
}
