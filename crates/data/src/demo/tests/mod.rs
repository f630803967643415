//! That the demo's files are what they claim to be: repeatable, dated in the zone, readable, and rich in awkward cases.

mod cases;
mod files;

use std::{fs, io::Read, path::Path};

use chrono::NaiveDate;
use chrono_tz::Tz;
use flate2::read::GzDecoder;
use serde_json::Value;

use super::{DemoOptions, DemoSummary, generate};

const ZONE: Tz = chrono_tz::America::Chicago;

/// A day of March 2026; the clock goes forward on the 8th.
fn march(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
}

/// Generates days of March 2026 into a folder.
fn demo(folder: &Path, from: u32, to: u32, visitors_per_day: u32) -> DemoSummary {
    let opts = DemoOptions {
        seed: 7,
        from: march(from),
        to: march(to),
        zone: ZONE,
        visitors_per_day,
        out_dir: folder.to_owned(),
    };
    generate(&opts).unwrap()
}

/// The text inside a daily file.
fn unpacked(file: &Path) -> String {
    let mut text = String::new();
    GzDecoder::new(fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    text
}

/// All rows of all daily files.
fn rows(summary: &DemoSummary) -> Vec<Value> {
    let texts = summary.files.iter().map(|file| unpacked(file));
    texts.flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>()).collect()
}

/// The value struct of an entry of `event_params` or `user_properties`.
fn entry<'a>(row: &'a Value, list: &str, key: &str) -> Option<&'a Value> {
    let mut entries = row[list].as_array()?.iter();
    Some(&entries.find(|entry| entry["key"] == key)?["value"])
}

/// Visitor and session of a row, when it has both.
fn visit(row: &Value) -> Option<(&str, &str)> {
    Some((row["user_pseudo_id"].as_str()?, entry(row, "event_params", "ga_session_id")?["int_value"].as_str()?))
}

fn micros(row: &Value) -> i64 {
    row["event_timestamp"].as_str().unwrap().parse().unwrap()
}
