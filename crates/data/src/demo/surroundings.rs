//! What an export says around an event: device, place, where the visitor came from.

use serde::Serialize;

/// `device`
#[derive(Serialize)]
pub(super) struct DeviceInfo {
    category: &'static str,
    mobile_brand_name: &'static str,
    mobile_model_name: &'static str,
    operating_system: &'static str,
    operating_system_version: &'static str,
    language: &'static str,
    is_limited_ad_tracking: &'static str,
    web_info: WebInfo,
}

#[derive(Serialize)]
struct WebInfo {
    browser: &'static str,
    browser_version: &'static str,
    hostname: &'static str,
}

/// `geo`
#[derive(Serialize)]
pub(super) struct Geo {
    continent: &'static str,
    sub_continent: &'static str,
    country: &'static str,
    region: &'static str,
    city: &'static str,
    metro: &'static str,
}

/// Where a visitor came from.
pub(super) struct Source {
    pub name: &'static str,
    pub medium: &'static str,
    pub source: &'static str,
    pub channel: &'static str,
    pub referrer: Option<&'static str>,
}

const fn device(
    category: &'static str,
    brand: &'static str,
    model: &'static str,
    (operating_system, operating_system_version): (&'static str, &'static str),
    (browser, browser_version): (&'static str, &'static str),
) -> DeviceInfo {
    DeviceInfo {
        category,
        mobile_brand_name: brand,
        mobile_model_name: model,
        operating_system,
        operating_system_version,
        language: "en-us",
        is_limited_ad_tracking: "No",
        web_info: WebInfo { browser, browser_version, hostname: "shop.northfield.example.com" },
    }
}

pub(super) static DEVICES: [(u32, DeviceInfo); 6] = [
    (46, device("desktop", "(not set)", "(not set)", ("Windows", "Windows 11"), ("Chrome", "142.0.0.0"))),
    (14, device("desktop", "(not set)", "(not set)", ("Windows", "Windows 10"), ("Edge", "142.0.0.0"))),
    (8, device("desktop", "Apple", "(not set)", ("Macintosh", "Intel 10.15"), ("Safari", "26.1"))),
    (18, device("mobile", "Apple", "iPhone", ("iOS", "26.1"), ("Safari", "26.1"))),
    (11, device("mobile", "Samsung", "SM-S921U", ("Android", "Android 16"), ("Chrome", "142.0.0.0"))),
    (3, device("tablet", "Apple", "iPad", ("iOS", "18.6"), ("Safari", "18.6"))),
];

const fn place(country: &'static str, region: &'static str, city: &'static str) -> Geo {
    Geo { continent: "Americas", sub_continent: "Northern America", country, region, city, metro: "(not set)" }
}

pub(super) static PLACES: [(u32, Geo); 9] = [
    (24, place("United States", "Illinois", "Chicago")),
    (12, place("United States", "Wisconsin", "Milwaukee")),
    (11, place("United States", "Indiana", "(not set)")),
    (11, place("United States", "Michigan", "Detroit")),
    (10, place("United States", "Ohio", "Columbus")),
    (8, place("United States", "Missouri", "(not set)")),
    (7, place("United States", "Minnesota", "Minneapolis")),
    (12, place("United States", "(not set)", "(not set)")),
    (5, place("(not set)", "(not set)", "(not set)")),
];

pub(super) static CANADA: Geo = place("Canada", "Ontario", "Windsor");
pub(super) static KUWAIT: Geo = Geo {
    continent: "Asia",
    sub_continent: "Western Asia",
    country: "Kuwait",
    region: "(not set)",
    city: "(not set)",
    metro: "(not set)",
};

const fn source(
    name: &'static str,
    medium: &'static str,
    source: &'static str,
    channel: &'static str,
    referrer: Option<&'static str>,
) -> Source {
    Source { name, medium, source, channel, referrer }
}

pub(super) static SOURCES: [(u32, Source); 6] = [
    (40, source("(direct)", "(none)", "(direct)", "Direct", None)),
    (30, source("(organic)", "organic", "google", "Organic Search", Some("https://www.google.com/"))),
    (9, source("brand_us", "cpc", "google", "Paid Search", Some("https://www.google.com/"))),
    (8, source("newsletter", "email", "newsletter", "Email", None)),
    (
        8,
        source(
            "(referral)",
            "referral",
            "piping-forum.example.org",
            "Referral",
            Some("https://piping-forum.example.org/"),
        ),
    ),
    (5, source("(not set)", "(not set)", "(not set)", "Unassigned", None)),
];
