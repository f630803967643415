//! Files: the same for the same day, whole, in the shape of an extract.

use std::collections::HashMap;

use chrono::{DateTime, Datelike};

use super::*;

#[test]
fn a_day_is_the_same_whatever_the_range() {
    let (short, long) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let short = demo(short.path(), 7, 8, 64);
    let long_summary = demo(long.path(), 5, 9, 64);
    assert_eq!(long_summary.files.len(), 5);
    for (file, again) in short.files.iter().zip(&long_summary.files[2..4]) {
        assert_eq!(file.file_name(), again.file_name());
        assert!(fs::read(file).unwrap() == fs::read(again).unwrap(), "{} differs", file.display());
    }
    assert_eq!(fs::read(short.users_file).unwrap(), fs::read(long_summary.users_file).unwrap());
}

#[test]
fn another_seed_is_another_day() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = demo(one.path(), 3, 3, 20);
    let opts = DemoOptions {
        seed: 8,
        from: march(3),
        to: march(3),
        zone: ZONE,
        visitors_per_day: 20,
        out_dir: other.path().into(),
    };
    assert_ne!(unpacked(&one.files[0]), unpacked(&generate(&opts).unwrap().files[0]));
}

#[test]
fn a_range_that_ends_before_it_begins_is_refused_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let opts = DemoOptions {
        seed: 7,
        from: march(4),
        to: march(3),
        zone: ZONE,
        visitors_per_day: 20,
        out_dir: folder.path().join("x"),
    };
    assert!(generate(&opts).is_err());
    assert!(!opts.out_dir.exists());
}

#[test]
fn every_row_stands_in_the_file_of_its_day_in_the_zone() {
    let folder = tempfile::tempdir().unwrap();
    let summary = demo(folder.path(), 6, 9, 64);
    let mut counted = 0;
    for file in &summary.files {
        let name = file.file_name().unwrap().to_str().unwrap();
        for line in unpacked(file).lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            let at = DateTime::from_timestamp_micros(micros(&row)).unwrap().with_timezone(&ZONE);
            assert_eq!(row["event_date"], at.format("%Y%m%d").to_string());
            assert_eq!(name, format!("events_{}.json.gz", row["event_date"].as_str().unwrap()));
            counted += 1;
        }
    }
    assert_eq!(summary.rows, counted);
    // Nothing half-written is left, and nothing else is written.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4 + 2);
}

#[test]
fn whole_numbers_are_text_amounts_are_numbers_and_nulls_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let summary = demo(folder.path(), 3, 3, 64);
    let text = unpacked(&summary.files[0]);
    assert!(!text.contains(":null"));
    assert!(!text.contains('&') && text.contains("\\u0026"), "`&` is escaped");
    for row in rows(&summary) {
        for key in ["event_timestamp", "event_bundle_sequence_id"] {
            assert!(row[key].as_str().is_some_and(|text| text.parse::<i64>().is_ok()), "{key} in {row}");
        }
        for item in row["items"].as_array().unwrap() {
            assert!(item["price"].is_f64() || item["price"].is_null());
            assert!(item["quantity"].is_string() || item["quantity"].is_null());
        }
    }
}

#[test]
fn a_usual_day_has_about_600_rows_and_weekends_are_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let summary = demo(folder.path(), 1, 28, super::super::DEFAULT_VISITORS_PER_DAY);
    let mut rows_of: HashMap<chrono::Weekday, usize> = HashMap::new();
    for (day, file) in march(1).iter_days().zip(&summary.files) {
        *rows_of.entry(day.weekday()).or_default() += unpacked(file).lines().count();
    }
    assert!((500 * 28..700 * 28).contains(&summary.rows), "{} rows", summary.rows);
    assert!(rows_of[&chrono::Weekday::Tue] > 2 * rows_of[&chrono::Weekday::Sat]);
    assert!(rows_of[&chrono::Weekday::Sat] > rows_of[&chrono::Weekday::Sun]);
    // Between one and ten orders for a hundred visits, as shops have.
    assert!(summary.visits / summary.purchase_rows > 10 && summary.visits / summary.purchase_rows < 100);
}

#[test]
fn users_and_locations_have_the_headers_of_an_import() {
    let folder = tempfile::tempdir().unwrap();
    let summary = demo(folder.path(), 3, 3, 5);
    let read = |file: &Path| -> (String, Vec<csv::StringRecord>) {
        let mut reader = csv::Reader::from_path(file).unwrap();
        let header = reader.headers().unwrap().iter().collect::<Vec<_>>().join(",");
        (header, reader.records().map(Result::unwrap).collect())
    };
    let (header, users) = read(&summary.users_file);
    assert_eq!(header, "user_id,user_name,buying_company_name,email,cell_phone,office_phone,is_active");
    assert_eq!((users.len(), summary.users), (570, 570));
    for user in &users {
        assert!(user[3].ends_with("@example.com"), "{}", &user[3]);
        assert!(user[4].contains(") 555-01"), "{}", &user[4]);
    }
    let (header, locations) = read(&summary.locations_file);
    assert_eq!(header, "location_id,location_name,city,state,is_active");
    assert_eq!(locations.iter().map(|row| row[0].to_owned()).collect::<Vec<_>>()[..2], ["D01", "D02"]);
    assert_eq!((locations.len(), summary.locations), (12, 12));
}
