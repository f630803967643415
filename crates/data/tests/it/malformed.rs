//! Bad input: told by file, line and reason, counted, kept; and above one percent nothing changes.

use chrono::NaiveDate;
use serde_json::{Value, json};
use testkit::rows::{self, Event, micros};

use crate::support::{Shop, assert_same};

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 2).unwrap()
}

fn views(n: usize) -> Vec<Value> {
    (0..n as i64)
        .map(|i| {
            Event::new("page_view", day(), micros(chrono_tz::UTC, "2026-03-02 10:00:00") + i)
                .visit(&format!("v{}", i % 50), 1000)
                .page("https://shop.example.com/")
                .build()
        })
        .collect()
}

fn text(rows: &[Value]) -> String {
    String::from_utf8(rows::ndjson(rows)).unwrap()
}

#[tokio::test]
async fn a_few_malformed_rows_are_kept_with_line_reason_and_text() {
    let shop = Shop::new().await;
    let mut lines: Vec<String> = text(&views(398)).lines().map(str::to_owned).collect();
    lines.insert(99, r#"{"event_date":"20260302","event_name":"page_view","event_timestamp":"1.61121E+15"}"#.into());
    lines.insert(199, r#"{"event_date":"2026030"#.into());
    let file = shop.file("events_20260302.json", lines.join("\r\n"));
    let job = shop.import("replace", &[file]).await;
    assert_eq!((job.status.as_str(), job.rejected), ("completed_with_warnings", 2), "{job:?}");
    assert_eq!(shop.number("select count(*) from page_view").await, 398);
    assert!(
        job.warnings[0].starts_with(
            "events_20260302.json: 2 malformed rows were not taken; the first one, line 100: event_timestamp"
        ),
        "{:?}",
        job.warnings
    );
    let rejected =
        shop.texts("select file || '|' || line || '|' || reason || '|' || raw from rejected_rows order by line").await;
    assert!(
        rejected[0].starts_with("events_20260302.json|100|event_timestamp: `1.61121E+15` is rounded"),
        "{rejected:?}"
    );
    assert!(rejected[1].starts_with("events_20260302.json|200|malformed JSON"), "{rejected:?}");
    assert!(rejected[1].ends_with(r#"|{"event_date":"2026030"#), "{rejected:?}");
}

#[tokio::test]
async fn every_malformed_shape_is_rejected_and_none_stops_the_file() {
    let shop = Shop::new().await;
    let mut lines: Vec<String> = text(&views(10_000)).lines().map(str::to_owned).collect();
    let objects = rows::malformed::objects(day());
    let broken = rows::malformed::lines();
    let bad = objects.len() + broken.len();
    lines.extend(objects.iter().map(|(_, row)| row.to_string()));
    lines.extend(broken.iter().map(|line| (*line).to_owned()));
    let job = shop.import("replace", &[shop.file("rows.json", lines.join("\n"))]).await;
    let told = shop.texts("select line || ': ' || reason from rejected_rows order by line").await;
    assert_eq!(job.rejected as usize, bad, "{told:#?}");
    assert_eq!(shop.number("select count(*) from page_view").await, 10_000);
}

#[tokio::test]
async fn above_one_percent_no_day_of_the_job_changes() {
    let shop = Shop::new().await;
    shop.load("replace", &views(300)).await;
    let before = shop.tables(true).await;
    let with_bad = |good: usize, bad: usize| format!("{}\n{}", text(&views(good)).trim_end(), "{}\n".repeat(bad));
    let good = shop.file("good.json", text(&views(10)));
    let bad = shop.file("later.json", with_bad(197, 3));
    let job = shop.import("replace", &[good, bad]).await;
    assert_eq!(job.status, "failed");
    let reason = job.error_message.unwrap();
    assert!(reason.starts_with("later.json: 3 of 200 rows are malformed, more than 1 %: nothing was changed; the first one, line 198: event_"), "{reason}");
    assert_eq!(job.rejected, 3);
    assert_eq!(
        shop.texts("select file || line from rejected_rows order by line").await,
        ["later.json198", "later.json199", "later.json200"]
    );
    assert_same(&before, &shop.tables(true).await);

    // Exactly one percent is not more than one percent.
    let job = shop.import("replace", &[shop.file("just.json", with_bad(198, 2))]).await;
    assert_eq!(job.status, "completed_with_warnings");
    assert_eq!(shop.number("select count(*) from page_view").await, 198);
}

#[tokio::test]
async fn what_is_no_export_is_refused_with_a_reason() {
    let shop = Shop::new().await;
    let gzip = {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text(&views(2000)).as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("array.json", b"[]".to_vec(), "there are no rows in it"),
        ("empty.json", Vec::new(), "there are no rows in it"),
        ("letter.txt", b"Dear Sir or Madam".to_vec(), "line 1: this is no GA4 export"),
        ("picture.png", vec![0x89, 0x50, 0xff, 0x00, 0xfe], "line 1"),
        ("damaged.json.gz", b"\x1f\x8b\x08 broken".to_vec(), "line 1: the file cannot be read"),
        ("cut.json.gz", gzip[..gzip.len() / 2].to_vec(), "cannot be read on"),
        ("cut.parquet", b"PAR1 and nothing more".to_vec(), "this Parquet file cannot be read"),
        ("cut_array.json", b"[{\"event_name\": \"x\"},\n {\"event".to_vec(), "line 2"),
        (
            "flat.csv",
            b"event_date,event_timestamp,event_name\n20260302,1772445600000000,page_view\n".to_vec(),
            "line 1: a CSV cannot hold",
        ),
    ];
    for (name, content, expected) in cases {
        let job = shop.import("replace", &[shop.file(name, content)]).await;
        assert_eq!(job.status, "failed", "{name}");
        let reason = job.error_message.unwrap();
        assert!(reason.starts_with(name) && reason.contains(expected), "{name}: {reason}");
    }
    assert_eq!(shop.number("select count(*) from ingested_days").await, 0);
}

#[tokio::test]
async fn users_and_locations_come_as_csv_told_apart_by_their_header() {
    let shop = Shop::new().await;
    let users = shop.file(
        "people.csv",
        "\u{feff}USER_ID,user_name,buying_company_name,email,cell_phone,office_phone,is_active\r\n\
         U1,Ann,\"Acme, Inc.\",ann@example.com,555-0101,,true\r\n\
         U2,Bob,(not set),,,555-0102,no\r\n",
    );
    let shops = shop.file("shops.csv", "warehouse_code,warehouse_name,city,state,is_active\nD01,Downtown,Reno,NV,1\n");
    let job = shop.import("replace", &[users, shops]).await;
    assert_eq!(job.status, "completed", "{job:?}");
    assert_eq!((job.records_processed["users_processed"], job.records_processed["locations_processed"]), (2, 1));
    let users = "select jsonb_build_array(user_id, user_name, buying_company_name, cell_phone, is_active)::text from users order by user_id";
    assert_eq!(
        shop.texts(users).await,
        [r#"["U1", "Ann", "Acme, Inc.", "555-0101", true]"#, r#"["U2", "Bob", null, null, false]"#]
    );
    assert_eq!(shop.texts("select location_id || location_name || city from locations").await, ["D01DowntownReno"]);

    // Again with a change: updated by its id, nobody removed.
    let changed = shop.file("people2.csv", "user_id,user_name\nU2,Robert\n");
    shop.import("replace", &[changed]).await;
    assert_eq!(shop.texts("select user_name from users order by user_id").await, ["Ann", "Robert"]);

    let wrong = shop.file("wrong.csv", "user_id,is_active\nU1,maybe\n,yes\nU3\n");
    let job = shop.import("replace", &[wrong]).await;
    assert_eq!(job.status, "failed");
    let told = shop.texts("select line || ': ' || reason from rejected_rows order by line").await;
    assert_eq!(
        told,
        [
            "2: is_active `maybe` is neither true nor false",
            "3: user_id is missing",
            "4: 1 columns where the header has 2"
        ]
    );
}

#[tokio::test]
async fn nul_characters_and_odd_numbers_do_not_break_a_load() {
    let shop = Shop::new().await;
    let row = Event::new("purchase", day(), micros(chrono_tz::UTC, "2026-03-02 10:00:00"))
        .visit("v\u{0}1", 7)
        .page("https://shop.example.com/\u{0}x")
        .field("device", json!({"model": "a\u{0}b", "keys\u{0}": [null, {}, "\u{0}"]}))
        .revenue(1e27)
        .build();
    let job = shop.load("replace", &[row]).await;
    assert_eq!(job.status, "completed", "{job:?}");
    assert_eq!(shop.texts("select page_location from purchase").await, ["https://shop.example.com/x"]);
}

#[tokio::test]
async fn a_row_that_never_ends_is_refused_before_it_fills_the_memory() {
    let shop = Shop::new().await;
    let long = "a".repeat(20 << 20);
    let cases = [
        ("line.json", format!("{{\"event_name\":\"{long}\"}}")),
        ("array.json", format!("[{{\"event_name\":\"{long}\"}}]")),
        ("blank.json", format!("{{}}\n{}", "\n".repeat(20 << 20))),
        ("flat.csv", format!("event_date,event_timestamp,event_name\n\"{long}")),
        ("list.csv", format!("user_id,user_name\nU1,\"{long}")),
    ];
    for (name, content) in cases {
        let job = shop.import("replace", &[shop.file(name, content)]).await;
        assert_eq!(job.status, "failed", "{name}: {job:?}");
        assert!(job.error_message.unwrap().len() < 2000, "{name}");
    }
    // A reason names the value it is about, cut.
    let row = format!(
        "{{\"event_name\":\"page_view\",\"event_date\":\"{}\",\"event_timestamp\":\"1\"}}",
        "9".repeat(1 << 20)
    );
    shop.import("replace", &[shop.file("reason.json", row)]).await;
    let longest = shop.number("select max(length(reason))::bigint from rejected_rows").await;
    assert!(longest < 600, "{longest}");
}
