//! Small, nasty, repeatable data for property tests: ids from tiny pools, so that everything collides with everything.
//!
//! What it promises: every row is well-formed; `event_date` is the row's day in the tenant's zone; and two different
//! events never tie in (timestamp, batch fields), so that no outcome hangs on the hash the product breaks ties with.

mod content;
mod dice;
mod people;
mod pools;
mod ties;
mod visit;

pub use people::{locations_csv, random_locations, random_users, users_csv};

use chrono::{NaiveDate, Weekday};
use serde_json::Value;

use crate::oracle::{Input, LocationRow, TenantSettings, UserRow};
use dice::Dice;

/// How much random data, and for which tenant.
#[derive(Clone, Debug)]
pub struct RandomSpec {
    /// the tenant: zone of the days, currency that is its own, names of the properties
    pub settings: TenantSettings,
    /// first day
    pub from: NaiveDate,
    /// number of days
    pub days: u32,
    /// number of visits that are begun (fewer come out: some share visitor and session)
    pub visits: u32,
    /// number of visitors they are dealt to
    pub visitors: u32,
}

impl Default for RandomSpec {
    /// Five days around a daylight-saving change in New York, 60 visits of 8 visitors: about 400 rows.
    fn default() -> Self {
        Self {
            settings: TenantSettings::default(),
            from: NaiveDate::from_ymd_opt(2026, 3, 6).unwrap_or_default(),
            days: 5,
            visits: 60,
            visitors: 8,
        }
    }
}

impl RandomSpec {
    /// The last day.
    #[must_use]
    pub fn to(&self) -> NaiveDate {
        self.from + chrono::Days::new(u64::from(self.days.saturating_sub(1)))
    }
}

/// A whole random tenant.
#[derive(Clone, Debug)]
pub struct RandomWorld {
    /// what the rows were made for
    pub spec: RandomSpec,
    /// events, in no order
    pub rows: Vec<Value>,
    /// the users table
    pub users: Vec<UserRow>,
    /// the locations table
    pub locations: Vec<LocationRow>,
}

impl RandomWorld {
    /// The world as the oracle takes it, each day loaded once.
    #[must_use]
    pub fn input(&self) -> Input {
        Input {
            users: self.users.clone(),
            locations: self.locations.clone(),
            ..Input::loaded(self.spec.settings.clone(), &self.rows)
        }
    }
}

/// The rows of a seed, in no order; the same seed and spec always give the same rows.
#[must_use]
pub fn random(seed: u64, spec: &RandomSpec) -> Vec<Value> {
    let mut dice = Dice::new(seed);
    let mut rows = Vec::new();
    for _ in 0..spec.visits {
        rows.extend(visit::random(&mut dice, spec));
    }
    ties::break_up(&mut rows);
    ties::repeat_some(&mut dice, &mut rows);
    dice.shuffle(&mut rows);
    rows
}

/// A tenant's settings of a seed: zones east and west with and without daylight saving, currencies with two and three
/// decimals, all week starts in use, property names and aliases that are not the usual ones.
#[must_use]
pub fn random_settings(seed: u64) -> TenantSettings {
    place(seed).0
}

/// Settings, rows and tables of a seed: everything a property test needs.
#[must_use]
pub fn world(seed: u64) -> RandomWorld {
    let (settings, from) = place(seed);
    let mut dice = Dice::new(seed ^ 0x5eed);
    let spec = RandomSpec {
        settings,
        from,
        days: 3 + dice.below(4),
        visits: 20 + dice.below(60),
        visitors: 3 + dice.below(8),
    };
    RandomWorld { rows: random(seed, &spec), users: random_users(seed), locations: random_locations(seed), spec }
}

/// The settings of a seed, and a first day shortly before something happens to the calendar there.
fn place(seed: u64) -> (TenantSettings, NaiveDate) {
    let mut dice = Dice::new(seed ^ 0x0dd5);
    let (zone, year, month, day) = dice.pick(&pools::CALENDARS);
    let mut settings = TenantSettings {
        zone,
        currency: dice.pick(&["USD", "USD", "EUR", "KWD"]).to_owned(),
        week_start: dice.pick(&[Weekday::Mon, Weekday::Sun, Weekday::Sat]),
        ..TenantSettings::default()
    };
    if dice.chance(30) {
        settings.user_property = "CustomerNo".to_owned();
        settings.branch_property = "home_branch".to_owned();
    }
    if dice.chance(50) {
        settings.failed_search_aliases = vec![pools::TENANT_ALIAS.to_owned()];
    }
    let from = NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    (settings, from)
}

#[cfg(test)]
mod tests;
