//! What the oracle is given: a tenant's settings, the rows that count, the tables of users and locations.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Weekday};
use chrono_tz::Tz;
use serde_json::Value;

use crate::rows;

/// The settings of a tenant that change figures.
#[derive(Clone, Debug)]
pub struct TenantSettings {
    /// the zone that `event_date` is in
    pub zone: Tz,
    /// ISO code of the currency that money is counted in
    pub currency: String,
    /// first day of a week in charts
    pub week_start: Weekday,
    /// name of the property that names a known user
    pub user_property: String,
    /// name of the property that names a branch
    pub branch_property: String,
    /// event names that mean `no_search_results`, beside that name and `view_search_results_no_results`
    pub failed_search_aliases: Vec<String>,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            zone: chrono_tz::America::New_York,
            currency: "USD".to_owned(),
            week_start: Weekday::Mon,
            user_property: "WebUserId".to_owned(),
            branch_property: "default_branch_id".to_owned(),
            failed_search_aliases: Vec::new(),
        }
    }
}

/// A row of `users`; texts that are empty are null.
#[derive(Clone, Debug, Default)]
pub struct UserRow {
    /// the id that `WebUserId` carries
    pub user_id: String,
    /// the person
    pub user_name: Option<String>,
    /// the company, which lines show as the customer's name
    pub buying_company_name: Option<String>,
    /// e-mail address
    pub email: Option<String>,
    /// cell phone, which lines show as `phone`
    pub cell_phone: Option<String>,
    /// office phone
    pub office_phone: Option<String>,
    /// whether the account is in use; an inactive one still has a name
    pub is_active: bool,
}

/// A row of `locations`; texts that are empty are null.
#[derive(Clone, Debug, Default)]
pub struct LocationRow {
    /// the branch's code
    pub location_id: String,
    /// the branch's name
    pub location_name: String,
    /// city
    pub city: Option<String>,
    /// state
    pub state: Option<String>,
    /// whether the branch is shown
    pub is_active: bool,
}

/// Everything known about one tenant.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// the tenant
    pub settings: TenantSettings,
    /// per day the loads that count, oldest first: one after a replacement, more after appends
    pub days: BTreeMap<NaiveDate, Vec<Vec<Value>>>,
    /// the users table
    pub users: Vec<UserRow>,
    /// the locations table
    pub locations: Vec<LocationRow>,
}

impl Input {
    /// A tenant without people and branches whose days were each loaded once.
    #[must_use]
    pub fn loaded(settings: TenantSettings, rows: &[Value]) -> Self {
        let mut input = Self { settings, ..Self::default() };
        for (day, rows) in rows::by_day(rows) {
            input.replace_day(day, rows);
        }
        input
    }

    /// As an upload with `mode=replace`: the day is what `rows` say and nothing else.
    pub fn replace_day(&mut self, day: NaiveDate, rows: Vec<Value>) {
        self.days.insert(day, vec![rows]);
    }

    /// As an upload with `mode=append`: the day keeps what it has, and what is new in `rows` joins it.
    pub fn append_day(&mut self, day: NaiveDate, rows: Vec<Value>) {
        self.days.entry(day).or_default().push(rows);
    }
}
