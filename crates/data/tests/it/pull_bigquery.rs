//! What comes out of GA4's tables: the same as out of its files, from the fullest table of a day, asked for sparingly.

use std::io::Read;

use serde_json::json;
use testkit::google::{Column, Endpoint, Stub, Table, export_schema};
use testkit::oracle::TenantSettings;
use testkit::rows::{by_day, world};

use crate::pull::{
    ASKED_A_VISIT, DATASET, PROJECT, Pull, ROWS_A_VISIT, ago, at, daily, fresh, id, intraday, view, visits,
};
use crate::support::{Shop, assert_same, sample};

/// Texts of the queries that were posted, those that were but estimated left out.
fn queries(stub: &Stub) -> Vec<String> {
    let calls = stub.calls(Endpoint::Query);
    let posted = calls.iter().filter(|call| call.body["dryRun"] != true);
    posted.map(|call| call.body["query"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
#[cfg_attr(not(ga4_samples), ignore = "the real GA4 rows are not on this machine")]
async fn a_real_day_lands_as_it_does_from_parquet() {
    let day = chrono::NaiveDate::from_ymd_opt(2021, 1, 31).unwrap();
    let mut text = String::new();
    let file = std::fs::File::open(sample("events_20210131.ndjson.gz")).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let schema = serde_json::from_slice(&std::fs::read(sample("bq_schema_of_sample.json")).unwrap()).unwrap();
    let pull = Pull::new().await;
    let count = lines.len() as u64;
    let row = move |number: u64| serde_json::from_str(&lines[number as usize]).unwrap();
    pull.put(&daily(day), Table::made(Column::from_schema(&schema), count, row));
    let job = pull.pull_well(day, day).await;

    // That the NDJSON of the day lands the same is shown in real_days.
    let parquet = Shop::new().await;
    parquet.import("replace", &[sample("events_20210131.parquet")]).await;
    assert_same(&parquet.tables(false).await, &pull.tables(false).await);
    // Of this day, 11,839 events are of the names that land; no other one names a user.
    let landed: u64 = job["records_processed"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!((landed, job["progress"]["rows_read"].as_u64().unwrap()), (11_839, 11_839), "{job}");
}

#[tokio::test]
async fn nasty_days_land_as_they_do_from_ndjson() {
    for seed in [3, 17, 40] {
        let world = world(seed);
        let pull = Pull::of(&world.spec.settings).await;
        let days = by_day(&world.rows);
        for (day, rows) in &days {
            pull.put_day(*day, rows.clone());
        }
        pull.stub.page_rows(23);
        let job = pull.pull(*days.keys().next().unwrap(), *days.keys().next_back().unwrap()).await;
        assert!(job["status"].as_str().unwrap().starts_with("completed"), "{job}");
        let files = Shop::of(&world.spec.settings).await;
        files.load("replace", &world.rows).await;
        assert_same(&files.tables(false).await, &pull.tables(false).await);
        assert!(job["progress"]["rows_read"].as_u64().unwrap() < world.rows.len() as u64, "seed {seed}: {job}");
    }
}

#[tokio::test]
async fn users_and_branches_come_with_events_that_land_nowhere_and_nothing_else_is_asked_for() {
    let day = ago(5);
    let pull = Pull::new().await;
    pull.put_day(day, visits(day, 40));
    let job = pull.pull_well(day, day).await;
    assert_eq!(job["progress"]["rows_read"], 40 * ASKED_A_VISIT);
    assert_eq!(
        pull.texts(
            "select distinct user_id || ' ' || location_id from visits where user_id in ('U7', 'U11') order by 1"
        )
        .await,
        ["U11 D01", "U7 D02"]
    );
    let files = Shop::new().await;
    let imported = files.load("replace", &visits(day, 40)).await;
    assert_eq!(imported.progress.rows_read, 40 * ROWS_A_VISIT as u64);
    assert_same(&files.tables(true).await, &pull.tables(true).await);
}

#[tokio::test]
async fn the_fullest_table_of_a_day_counts_and_replaces_a_lesser_one() {
    let (one, two, three) = (ago(3), ago(2), ago(1));
    let pull = Pull::new().await;
    for day in [one, two, three] {
        pull.put(&intraday(day), Table::export(vec![view(day, "a", "/intraday"), view(day, "b", "/intraday")]));
    }
    for day in [one, two] {
        pull.put(&fresh(day), Table::export(vec![view(day, "a", "/fresh")]));
    }
    pull.put_day(one, vec![view(one, "a", "/daily")]);
    pull.pull_well(one, three).await;
    let pages = "select event_date || page_location from page_view order by event_date, event_id";
    assert_eq!(
        pull.texts(pages).await,
        [format!("{one}/daily"), format!("{two}/fresh"), format!("{three}/intraday"), format!("{three}/intraday")]
    );
    let shards = "select shard from ingested_days order by day";
    assert_eq!(pull.texts(shards).await, ["daily", "fresh", "intraday"]);
    // GA4 takes the intraday table away when the daily one is there, or some time later.
    pull.stub.drop_table(PROJECT, DATASET, &intraday(three));
    for day in [two, three] {
        pull.put_day(day, vec![view(day, "c", "/daily")]);
    }
    pull.pull_well(one, three).await;
    assert_eq!(pull.texts(pages).await, [one, two, three].map(|day| format!("{day}/daily")));
    assert_eq!(pull.texts(shards).await, ["daily", "daily", "daily"]);
}

#[tokio::test]
async fn a_day_without_a_table_is_left_as_it_is_and_an_empty_table_is_an_empty_day() {
    let (one, two, three) = (ago(3), ago(2), ago(1));
    let pull = Pull::new().await;
    for day in [one, two] {
        pull.put_day(day, visits(day, 3));
    }
    let job = pull.pull(one, three).await;
    assert_eq!(job["status"], "completed_with_warnings", "{job}");
    assert_eq!(job["warnings"], json!([format!("{three}: GA4 has no table of this day (yet)")]));
    assert_eq!(
        pull.outcomes(id(&job)).await,
        [format!("{one} landed"), format!("{two} landed"), format!("{three} absent")]
    );
    assert_eq!(pull.availability().await.into_keys().collect::<Vec<_>>(), [one, two]);

    // The table is gone: what was read from it stays. The table is empty: the day is.
    let before = pull.tables(true).await;
    pull.stub.drop_table(PROJECT, DATASET, &daily(one));
    let job = pull.pull(one, two).await;
    assert_eq!(pull.outcomes(id(&job)).await, [format!("{one} absent"), format!("{two} landed")]);
    assert_same(&before, &pull.tables(true).await);
    pull.put_day(one, Vec::new());
    pull.pull_well(one, two).await;
    assert_eq!(pull.texts("select distinct event_date::text from page_view").await, [two.to_string()]);
    let days = pull.availability().await;
    assert_eq!((&days[&one]["events"], &days[&one]["source"]), (&json!(0), &json!("bigquery")));
    // A dataset of which nothing is there is a mistake, and no row of absent days.
    let nowhere = json!({ "bigquery": { "project": PROJECT, "dataset": "analytics_1" } });
    pull.set_source(&nowhere).await;
    let job = pull.pull(one, two).await;
    assert_eq!(job["status"], "failed");
    assert!(job["error_message"].as_str().unwrap().contains("Not found: Dataset shop-project:analytics_1"), "{job}");
}

#[tokio::test]
async fn a_scheduled_job_reads_only_tables_that_have_changed() {
    let (one, two, three) = (ago(4), ago(2), ago(1));
    let pull = Pull::new().await;
    let table = |day, visitor: &str, modified| Table::export(vec![view(day, visitor, "/")]).modified(modified);
    pull.put(&daily(one), table(one, "a", 1_000));
    pull.put(&daily(two), table(two, "a", 2_000));
    pull.put(&intraday(three), table(three, "a", 3_000).streaming());
    pull.pull(one, three).await;
    pull.stub.forget_calls();

    // A streaming buffer says nothing of when it changed.
    let first = pull.work(pull.start_scheduled(one, three).await).await;
    assert_eq!(queries(&pull.stub).len(), 1, "{first}");
    assert_eq!(
        pull.outcomes(id(&first)).await,
        [
            format!("{one} unchanged"),
            format!("{} absent", ago(3)),
            format!("{two} unchanged"),
            format!("{three} landed")
        ]
    );
    assert_eq!((&first["progress"]["days_done"], &first["progress"]["days_total"]), (&json!(4), &json!(4)));

    // Changed later; another table of the same day; a person asks.
    pull.put(&daily(two), table(two, "b", 2_001));
    pull.put(&daily(three), table(three, "c", 3_000));
    pull.stub.forget_calls();
    pull.work(pull.start_scheduled(one, three).await).await;
    assert_eq!(queries(&pull.stub).len(), 2);
    assert_eq!(pull.texts("select user_pseudo_id from page_view order by event_date").await, ["a", "b", "c"]);
    pull.stub.forget_calls();
    pull.pull(one, three).await;
    assert_eq!(queries(&pull.stub).len(), 3);
}

#[tokio::test]
async fn a_daily_table_is_final_after_three_full_days_and_no_other_one_ever() {
    let pull = Pull::new().await;
    let days: Vec<_> = (1..=6).rev().map(ago).collect();
    for day in &days {
        pull.put(&daily(*day), Table::export(vec![view(*day, "a", "/")]).modified(1_000));
    }
    pull.stub.drop_table(PROJECT, DATASET, &daily(ago(6)));
    pull.put(&intraday(ago(6)), Table::export(vec![view(ago(6), "a", "/")]));
    pull.pull_well(ago(6), ago(1)).await;
    let finals = async || {
        let days = pull.availability().await;
        days.values().map(|day| day["final"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(finals().await, [false, true, true, false, false, false]);
    // Read when GA4 could still change it, and found unchanged when it cannot any more: it has become final.
    let mut tx = common::db::TenantTx::begin(&pull.db.app, pull.tenant).await.unwrap();
    sqlx::query("update ingested_days set final = false").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    pull.stub.forget_calls();
    pull.work(pull.start_scheduled(ago(5), ago(1)).await).await;
    assert_eq!(queries(&pull.stub), Vec::<String>::new());
    assert_eq!(finals().await, [false, true, true, false, false, false]);
}

#[tokio::test]
async fn a_schedule_looks_at_days_until_they_are_final() {
    let pull = Pull::new().await;
    for day in (1..=6).map(ago) {
        pull.put(&daily(day), Table::export(vec![view(day, "a", "/")]).modified(1_000));
    }
    pull.pull_well(ago(6), ago(1)).await;
    pull.set_source(&json!({ "schedule": { "cron": "0 5 * * *" } })).await;
    // Two days go by, in which the newest four were not final, and nobody looks.
    let later = chrono::Utc::now() + chrono::TimeDelta::days(2);
    let jobs = data_service::source::scheduling::run_due(&pull.db.app, later).await.unwrap();
    assert_eq!(jobs.len(), 1);
    let job = pull.job(jobs[0]).await;
    let start: chrono::NaiveDate = job["start_date"].as_str().unwrap().parse().unwrap();
    // By the clocks of that day the usual range begins three days before it, which is yesterday's; of those before it three
    // could still change when they were read.
    assert_eq!((start, &job["end_date"]), (ago(3), &json!(later.date_naive())));
}

#[tokio::test]
async fn only_columns_that_the_table_has_are_asked_for() {
    let day = ago(900);
    let pull = Pull::new().await;
    let old = ["user_id", "user_properties", "is_active_user", "collected_traffic_source", "batch_page_id"]
        .into_iter()
        .fold(Table::with_columns(export_schema(), vec![view(day, "a", "/")]), Table::without_column);
    pull.put(&daily(day), old);
    pull.pull_well(day, day).await;
    let sql = queries(&pull.stub).remove(0);
    for gone in ["user_id", "user_properties", "is_active_user", "collected_traffic_source", "batch_page_id", "*"] {
        assert!(
            !sql.split(|c: char| !(c.is_ascii_alphanumeric() || "_*".contains(c))).any(|word| word == gone),
            "{sql}"
        );
    }
    assert!(sql.contains("event_params"), "{sql}");
    assert_eq!(pull.texts("select page_location from page_view").await, ["/"]);
}

#[tokio::test]
async fn a_query_too_dear_fails_before_anything_is_read() {
    let (one, two) = (ago(2), ago(1));
    let pull = Pull::new().await;
    let limited = json!({ "bigquery": { "project": PROJECT, "dataset": DATASET, "max_bytes_billed": 50_000_000 } });
    pull.set_source(&limited).await;
    let sized = |day, bytes| Table::export(visits(day, 2)).bytes(bytes);
    pull.put(&daily(one), sized(one, 50_000_001));
    pull.put(&daily(two), sized(two, 40_000_000));
    let job = pull.pull(one, two).await;
    assert_eq!(job["status"], "failed");
    let reason = job["error_message"].as_str().unwrap();
    assert!(reason.contains(&daily(one)) && reason.contains("50000001") && reason.contains("50000000"), "{reason}");
    assert!(reason.contains("max_bytes_billed"), "{reason}");
    assert_eq!((queries(&pull.stub).len(), pull.availability().await.len()), (0, 0));

    pull.put(&daily(one), sized(one, 50_000_000));
    let job = pull.pull_well(one, two).await;
    assert_eq!(job["progress"]["bytes_total"], 90_000_000);
    let calls = pull.stub.calls(Endpoint::Query);
    assert!(calls.iter().all(|call| call.body["maximumBytesBilled"] == "50000000" || call.body["dryRun"] == true));
    assert_eq!(queries(&pull.stub).len(), 2);
}

#[tokio::test]
async fn a_dataset_outside_of_the_multi_regions_is_read_where_it_is() {
    let day = ago(1);
    let pull = Pull::new().await;
    pull.stub.location("europe-west3");
    pull.stub.page_rows(10);
    pull.put_day(day, visits(day, 5));
    let job = pull.pull(day, day).await;
    assert_eq!(job["status"], "failed", "{job}");
    let there = json!({ "bigquery": { "project": PROJECT, "dataset": DATASET, "location": "europe-west3" } });
    pull.set_source(&there).await;
    let job = pull.pull_well(day, day).await;
    assert_eq!(job["progress"]["rows_read"], 5 * ASKED_A_VISIT);
}

#[tokio::test]
async fn rows_of_another_day_and_malformed_ones_are_told() {
    let day = ago(1);
    let pull = Pull::new().await;
    let mut rows = visits(day, 30);
    rows.push(view(ago(2), "stray", "/"));
    rows.push(at(day, "10:00:00", "page_view").without("event_timestamp").build());
    pull.put_day(day, rows);
    let job = pull.pull(day, day).await;
    assert_eq!((&job["status"], &job["rejected"]), (&json!("completed_with_warnings"), &json!(1)), "{job}");
    let line = 30 * ASKED_A_VISIT + 2;
    assert_eq!(
        job["warnings"],
        json!([
            format!(
                "{}: 1 malformed rows were not taken; the first one, line {line}: event_timestamp is missing",
                daily(day)
            ),
            format!("1 of {line} rows are of other days"),
        ])
    );
    assert_eq!(pull.texts("select distinct event_date::text from page_view").await, [day.to_string()]);
}

#[tokio::test]
async fn the_days_end_by_the_tenants_clocks() {
    // It is tomorrow already in the far east of the Pacific for most of the day, and never yesterday.
    let zone = chrono_tz::Pacific::Kiritimati;
    let pull = Pull::of(&TenantSettings { zone, ..TenantSettings::default() }).await;
    let here = chrono::Utc::now().with_timezone(&zone).date_naive();
    for days in [3, 4] {
        let day = here - chrono::Days::new(days);
        pull.put(
            &daily(day),
            Table::export(vec![testkit::rows::Event::new("page_view", day, 1_790_000_000_000_000).build()]),
        );
    }
    let job = pull.pull(here - chrono::Days::new(4), here + chrono::Days::new(5)).await;
    // Of days that nobody's clock has reached nothing is asked.
    assert_eq!(job["progress"]["days_total"], 6, "{job}");
    let finals: Vec<bool> = pull.availability().await.values().map(|day| day["final"].as_bool().unwrap()).collect();
    assert_eq!(finals, [true, false]);
}
