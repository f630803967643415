//! Which runs become a send: each once, at the right time, with the day's data or as its schedule says without them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::America::New_York;
use serde_json::{Value, json};

use super::{
    RUNS, SCHEDULES, create, due_rows, get, instant, job, jobs, last_run, load, look, open, run, runs, set_next,
};

#[tokio::test]
async fn a_due_run_becomes_one_send_however_many_look() {
    let shop = open().await;
    let id = create(&shop, json!({ "name": "Evening", "cron": "30 23 * * *", "branch_codes": ["D01", "D03"] })).await;
    // Half past eleven in New York, when it is the sixth in UTC already: yesterday is the fourth.
    let due = set_next(&shop, &id, "2026-01-06T04:30:00Z").await;
    load(&shop, "2026-01-04".parse().unwrap()).await;
    assert!(look(&shop, due - TimeDelta::milliseconds(1)).await.is_empty());
    let jobs_made = futures::future::join_all((0..6).map(|_| look(&shop, due))).await.concat();
    assert_eq!(jobs_made.len(), 1);
    let (day, origin, allow_empty, note, branches) = job(&shop, &jobs_made[0]).await;
    assert_eq!((day.to_string().as_str(), origin.as_str(), allow_empty, note), ("2026-01-04", "schedule", false, None));
    assert!(branches.contains(&String::from("D01")) && !branches.contains(&String::from("D02")), "{branches:?}");
    let last = last_run(&shop, &id).await;
    assert_eq!(
        (&last["status"], &last["job_id"], &last["report_date"]),
        (&json!("sent"), &json!(jobs_made[0]), &json!("2026-01-04"))
    );
    assert_eq!(last["message"], "Nobody receives these branches: D03.");
    assert_eq!(instant(last["due_at"].as_str().unwrap()), due);
    let next = instant(get(&shop, &id).await["next_run_at"].as_str().unwrap());
    assert_eq!((next, due_rows(&shop).await), (due + TimeDelta::days(1), vec![due + TimeDelta::days(1)]));
    assert!(look(&shop, due).await.is_empty());
    assert_eq!(jobs(&shop).await, 1);
    let list = shop.get(&format!("{RUNS}?schedule_id={id}")).await;
    assert_eq!((&list["total"], &list["data"][0]["schedule_name"]), (&json!(1), &json!("Evening")));
}

#[tokio::test]
async fn a_run_waits_for_the_days_data() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "0 6 * * *", "wait_minutes": 60 })).await;
    let due = set_next(&shop, &id, "2026-01-05T11:00:00Z").await;
    assert!(look(&shop, due).await.is_empty());
    let last = last_run(&shop, &id).await;
    assert_eq!((&last["status"], &last["decided_at"]), (&json!("waiting"), &Value::Null));
    assert_eq!(instant(last["waits_until"].as_str().unwrap()), due + TimeDelta::minutes(60));
    assert_eq!(due_rows(&shop).await, [due + TimeDelta::seconds(30)]);
    assert!(look(&shop, due + TimeDelta::minutes(10)).await.is_empty());
    load(&shop, "2026-01-04".parse().unwrap()).await;
    let at = due + TimeDelta::minutes(11);
    let made = futures::future::join_all((0..4).map(|_| look(&shop, at))).await.concat();
    assert_eq!(made.len(), 1);
    let last = last_run(&shop, &id).await;
    assert_eq!(
        (&last["status"], &last["job_id"], &last["waits_until"]),
        (&json!("sent"), &json!(made[0]), &Value::Null)
    );
    assert_eq!(last["message"], Value::Null);
    assert_eq!(instant(last["decided_at"].as_str().unwrap()), at);
    assert_eq!(runs(&shop).await.len(), 1);
    assert_eq!(due_rows(&shop).await, [due + TimeDelta::days(1)]);
}

#[tokio::test]
async fn when_the_waiting_ends_it_is_as_the_schedule_says() {
    let shop = open().await;
    let skip = create(&shop, json!({ "cron": "0 6 * * *", "wait_minutes": 60, "branch_codes": ["D01"] })).await;
    let body = json!({ "cron": "0 6 * * *", "wait_minutes": 60, "without_data": "send", "branch_codes": ["D02"] });
    let send = create(&shop, body).await;
    let at_once = create(&shop, json!({ "cron": "0 6 * * *", "wait_minutes": 0, "branch_codes": ["D02"] })).await;
    let mut due = DateTime::default();
    for id in [&skip, &send, &at_once] {
        due = set_next(&shop, id, "2026-01-06T11:00:00Z").await;
    }
    assert!(look(&shop, due).await.is_empty());
    assert_eq!(last_run(&shop, &at_once).await["status"], "skipped_without_data");
    assert!(look(&shop, due + TimeDelta::minutes(60) - TimeDelta::milliseconds(1)).await.is_empty());
    assert_eq!(last_run(&shop, &send).await["status"], "waiting");
    let made = look(&shop, due + TimeDelta::minutes(60)).await;
    assert_eq!(made.len(), 1);
    let (_, _, allow_empty, note, _) = job(&shop, &made[0]).await;
    let words = "The data of Monday 5 January were not complete when this report was sent.";
    assert_eq!((allow_empty, note.as_deref()), (true, Some(words)));
    let last = last_run(&shop, &send).await;
    assert_eq!((&last["status"], &last["job_id"]), (&json!("sent_without_data"), &json!(made[0])));
    let last = last_run(&shop, &skip).await;
    assert_eq!((&last["status"], &last["job_id"]), (&json!("skipped_without_data"), &Value::Null));
    assert_eq!(due_rows(&shop).await, [due + TimeDelta::days(1)]);
    // Data that come later change nothing about it.
    load(&shop, "2026-01-05".parse().unwrap()).await;
    assert!(look(&shop, due + TimeDelta::hours(2)).await.is_empty());
}

#[tokio::test]
async fn what_was_missed_is_recorded_and_never_sent_in_a_burst() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "0 6 * * *" })).await;
    let first = set_next(&shop, &id, "2026-01-05T11:00:00Z").await;
    for day in 1..31 {
        load(&shop, NaiveDate::from_ymd_opt(2026, 1, day).unwrap()).await;
    }
    // Nine days away, and back an hour after the tenth run: nine are missed, the tenth is sent.
    let now = first + TimeDelta::days(9) + TimeDelta::hours(1);
    let made = look(&shop, now).await;
    assert_eq!(made.len(), 1);
    assert_eq!(job(&shop, &made[0]).await.0.to_string(), "2026-01-13");
    let all = runs(&shop).await;
    assert_eq!(all.len(), 10);
    for (n, (due, day, status)) in all.iter().enumerate() {
        assert_eq!(*due, first + TimeDelta::days(i64::try_from(n).unwrap()));
        assert_eq!(*day, format!("2026-01-{:02}", 4 + n));
        assert_eq!(status, if n < 9 { "skipped_missed" } else { "sent" });
    }
    assert_eq!(instant(get(&shop, &id).await["next_run_at"].as_str().unwrap()), first + TimeDelta::days(10));

    // Three hours late is more than its window of two.
    let late = first + TimeDelta::days(10) + TimeDelta::hours(3);
    assert!(look(&shop, late).await.is_empty());
    let last = last_run(&shop, &id).await;
    assert_eq!(last["status"], "skipped_missed");
    assert!(
        last["message"].as_str().unwrap().contains("noticed at 2026-01-15 09:00 only, more than its window of 120"),
        "{last}"
    );
    assert_eq!(due_rows(&shop).await, [first + TimeDelta::days(11)]);
    assert_eq!(jobs(&shop).await, 1);
}

#[tokio::test]
async fn of_runs_about_the_same_day_the_last_one_goes() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "0 * * * *", "wait_minutes": 300, "window_minutes": 240 })).await;
    let first = set_next(&shop, &id, "2026-01-05T11:00:00Z").await;
    // Away for three hours, all of them inside the window.
    look(&shop, first + TimeDelta::minutes(190)).await;
    let states = |all: Vec<(DateTime<Utc>, String, String)>| all.into_iter().map(|run| run.2).collect::<Vec<_>>();
    assert_eq!(states(runs(&shop).await), ["skipped_missed", "skipped_missed", "skipped_missed", "waiting"]);
    // The next one takes the place of the one that waits.
    look(&shop, first + TimeDelta::minutes(240)).await;
    let all = states(runs(&shop).await);
    assert_eq!(all[3..], ["skipped_without_data", "waiting"]);
    load(&shop, "2026-01-04".parse().unwrap()).await;
    assert_eq!(look(&shop, first + TimeDelta::minutes(250)).await.len(), 1);
    assert_eq!(jobs(&shop).await, 1);
}

#[tokio::test]
async fn days_on_which_the_clocks_change_run_once() {
    let shop = open().await;
    // In spring 02:30 does not come in New York, in autumn 01:30 comes twice.
    for (cron, from) in [("30 2 * * *", "2026-03-05T12:00:00Z"), ("30 1 * * *", "2026-10-29T12:00:00Z")] {
        run(&shop, "delete from report_runs").await;
        let id = create(&shop, json!({ "cron": cron, "wait_minutes": 0 })).await;
        let first = common::schedule::Schedule::parse(cron).unwrap().next_after(instant(from), New_York).unwrap();
        set_next(&shop, &id, &first.to_rfc3339()).await;
        let mut now = instant(from);
        while now < instant(from) + TimeDelta::days(6) {
            look(&shop, now).await;
            now += TimeDelta::minutes(10);
        }
        let all = runs(&shop).await;
        let days: Vec<NaiveDate> = all.iter().map(|run| run.0.with_timezone(&New_York).date_naive()).collect();
        assert_eq!(days.len(), 6);
        assert!(days.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::days(1)), "{days:?}");
        for (due, day, _) in &all {
            let yesterday = due.with_timezone(&New_York).date_naive().pred_opt().unwrap();
            assert_eq!(*day, yesterday.to_string());
        }
        assert_eq!(shop.client.delete(&format!("{SCHEDULES}/{id}")).await.status, 204);
    }
}

#[tokio::test]
async fn what_waits_ends_with_its_schedule() {
    let shop = open().await;
    let off = create(&shop, json!({ "cron": "0 6 * * *", "branch_codes": ["D01"] })).await;
    let removed = create(&shop, json!({ "cron": "0 6 * * *", "branch_codes": ["D01"] })).await;
    let renamed = create(&shop, json!({ "cron": "0 6 * * *", "branch_codes": ["D01"] })).await;
    for id in [&off, &removed, &renamed] {
        set_next(&shop, id, "2026-01-05T11:00:00Z").await;
    }
    look(&shop, instant("2026-01-05T11:00:00Z")).await;
    shop.client.put(&format!("{SCHEDULES}/{off}"), &json!({ "is_enabled": false })).await.expect(200);
    assert_eq!(shop.client.delete(&format!("{SCHEDULES}/{removed}")).await.status, 204);
    shop.client.put(&format!("{SCHEDULES}/{renamed}"), &json!({ "name": "Other" })).await.expect(200);
    let mut found = std::collections::BTreeMap::new();
    for run in shop.lines(RUNS).await {
        found.insert(run["schedule_id"].as_str().unwrap().to_owned(), run);
    }
    assert_eq!(found[&off]["status"], "skipped_without_data");
    assert_eq!(found[&off]["message"], "The schedule was switched off while this run waited.");
    assert_eq!(found[&removed]["message"], "The schedule was removed while this run waited.");
    assert_eq!(found[&renamed]["status"], "waiting");
    load(&shop, "2026-01-04".parse().unwrap()).await;
    assert_eq!(look(&shop, instant("2026-01-05T15:00:00Z")).await.len(), 1, "only of the one that is left");
}

#[tokio::test]
async fn a_branch_that_went_costs_the_others_of_its_schedule_nothing() {
    let shop = open().await;
    let id = create(&shop, json!({ "cron": "0 6 * * *", "branch_codes": ["D01", "gone"] })).await;
    let due = set_next(&shop, &id, "2026-01-05T11:00:00Z").await;
    load(&shop, "2026-01-04".parse().unwrap()).await;
    run(&shop, "delete from branch_email_mappings where branch_code = 'gone'").await;
    assert_eq!(look(&shop, due).await.len(), 1);
    let last = last_run(&shop, &id).await;
    assert_eq!((&last["status"], &last["message"]), (&json!("sent"), &json!("Nobody receives these branches: gone.")));
    let mails = shop.lines("/analytics/email/history").await;
    let codes: Vec<&Value> = mails.iter().map(|mail| &mail["branch_codes"]).collect();
    assert_eq!(codes, [&json!(["D01"])]);
}
