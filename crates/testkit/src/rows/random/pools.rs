//! The small pools that everything is drawn from.

use chrono_tz::Tz;

/// Zones, and a first day (year, month, day) shortly before the clock changes or a month or a leap day begins there.
pub(super) const CALENDARS: [(Tz, i32, u32, u32); 9] = [
    (chrono_tz::America::New_York, 2026, 3, 6),
    (chrono_tz::America::New_York, 2026, 10, 30),
    (chrono_tz::Europe::Berlin, 2026, 3, 27),
    (chrono_tz::Europe::Berlin, 2025, 12, 29),
    (chrono_tz::Asia::Kolkata, 2026, 2, 26),
    // half an hour of daylight saving
    (chrono_tz::Australia::Lord_Howe, 2026, 4, 3),
    (chrono_tz::Pacific::Auckland, 2026, 4, 3),
    // the clock goes forward at midnight: the day begins at 01:00
    (chrono_tz::America::Santiago, 2026, 9, 4),
    (chrono_tz::UTC, 2024, 2, 27),
];

/// An event name that means a failed search to some of the random tenants and nothing to the others.
pub(super) const TENANT_ALIAS: &str = "search_without_hits";

/// Names of events that are not landed.
pub(super) const NOT_LANDED: [&str; 7] =
    ["session_start", "login", "scroll", "user_engagement", "first_visit", "select_promotion", "an_event_of_tomorrow"];

/// What GA4 writes for nothing.
pub(super) const FILLERS: [&str; 4] = ["", "(not set)", "(other)", "(data not available)"];

pub(super) const PAGES: [&str; 8] = [
    "https://shop.example/",
    "https://shop.example/valves",
    "https://shop.example/Valves",
    "https://shop.example/valves?size=1%2F2&unit=in",
    "https://shop.example/pumps_50%",
    "https://shop.example/größe",
    "https://shop.example/cart",
    "https://shop.example/cart#top",
];

pub(super) const TERMS: [&str; 14] = [
    "ball valve", " ball valve ", "Ball Valve", "pump", "\tpump ", "pump, small", "50% off", "50x off", "a_b", "axb",
    "größe 3/4\"", "日本", "0", "O'Ring; drop",
];

/// Known users: (text, also a number that other slots may carry).
pub(super) const USERS: [(&str, Option<i64>); 6] =
    [("U1", None), ("U2", None), ("U3", None), ("4711", Some(4711)), ("U 5", None), ("Ü6", None)];

/// GA4's own user ids: partly the same people.
pub(super) const GA_USERS: [&str; 4] = ["U1", "U7", "ga-1", "4711"];

/// Branches: (text, also a number that other slots may carry). D09 is inactive, D99 has no row in `locations`.
pub(super) const BRANCHES: [(&str, Option<i64>); 6] =
    [("D01", None), ("D02", None), ("D03", None), ("D09", None), ("D99", None), ("7", Some(7))];

/// Items as (id, name, category); empty is left out.
pub(super) const ITEMS: [(&str, &str, &str); 11] = [
    ("SKU1", "Ball valve 1/2\"", "Valves"),
    ("SKU2", "Gate valve", "Valves"),
    ("SKU3", "Pump 50%_special", "Pumps"),
    ("sku1", "Ball valve, other case", "(not set)"),
    ("SKU4", "", "Fittings"),
    ("SKU5", "(not set)", ""),
    ("", "Loose bolt", "Fittings"),
    ("(not set)", "Hose, by the metre", ""),
    ("(other)", "(data not available)", "Fittings"),
    ("(not set)", "(not set)", "(not set)"),
    ("", "", "Valves"),
];

/// Amounts with none, two and three decimals.
pub(super) const AMOUNTS: [f64; 9] = [10.0, 99.99, 12.345, 0.1, 0.2, 0.0, 7.25, 1000.005, 410.86];

/// Steps between two events of a visit, in microseconds; zero makes a tie.
pub(super) const STEPS: [i64; 9] = [0, 0, 0, 1, 500_000, 1_000_000, 61_000_000, 1_800_000_000, 7_200_000_000];
