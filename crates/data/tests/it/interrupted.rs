//! A job that a fault of the machine's interrupts: how often it is tried again, and when it is given up.

use chrono::NaiveDate;
use common::ids::JobId;
use common::jobs::Attempt;
use data_service::ingest::job::IngestTask;
use data_service::ingest::work::work;
use serde_json::json;
use sqlx::AssertSqlSafe;
use tokio_util::sync::CancellationToken;

use crate::pull::{ASKED_A_VISIT, Pull, ago, visits};
use crate::support::assert_same;

/// Three days, of which one cannot be written, as if the disk were full.
async fn with_fault(day: NaiveDate) -> Pull {
    let pull = Pull::new().await;
    for day in (1..=3).map(ago) {
        pull.put_day(day, visits(day, 4));
    }
    let sql = format!(
        "create function no_space() returns trigger language plpgsql as
             $$ begin raise exception 'no space left on device' using errcode = '53100'; end $$;
         create trigger no_space before insert on ingestion_job_days for each row when (new.day = '{day}')
             execute function no_space()"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pull.db.owner).await.unwrap();
    pull
}

/// The last attempt that the queue makes.
async fn last_attempt(pull: &Pull, job: JobId) -> anyhow::Result<()> {
    let attempt = Attempt { number: 25, most: 25, stop: CancellationToken::new() };
    work(&pull.ingestion, IngestTask { tenant_id: pull.tenant, job_id: job }, &attempt).await
}

#[tokio::test]
async fn a_job_that_gets_on_is_not_given_up_and_goes_on_soon() {
    let pull = with_fault(ago(2)).await;
    let job = pull.start(ago(3), ago(1)).await;
    last_attempt(&pull, job).await.unwrap();
    assert_eq!(pull.outcomes(job).await, [format!("{} landed", ago(1))]);
    let seen = pull.job(job).await;
    assert_eq!((&seen["status"], &seen["progress"]["phase"]), (&json!("processing"), &json!("waiting")), "{seen}");
    assert_eq!(seen["progress"]["note"], "a fault on the server's side; it is tried again");
    let place: (i16, bool) = sqlx::query_as(
        "select attempts, run_at between now() and now() + interval '5 seconds' from jobs._private_jobs
         where payload ->> 'job_id' = $1",
    )
    .bind(job.to_string())
    .fetch_one(&pull.db.owner)
    .await
    .unwrap();
    assert_eq!(place, (0, true), "its attempts begin anew");

    sqlx::raw_sql("drop function no_space cascade").execute(&pull.db.owner).await.unwrap();
    pull.start_worker();
    let ended = pull.ended(job).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!(ended["progress"]["rows_read"], 3 * 4 * ASKED_A_VISIT);
    let undisturbed = Pull::new().await;
    for day in (1..=3).map(ago) {
        undisturbed.put_day(day, visits(day, 4));
    }
    undisturbed.pull_well(ago(3), ago(1)).await;
    assert_same(&undisturbed.tables(true).await, &pull.tables(true).await);
}

#[tokio::test]
async fn a_job_that_does_not_get_on_is_given_up_in_the_end() {
    let pull = with_fault(ago(1)).await;
    let job = pull.start(ago(3), ago(1)).await;
    let task = IngestTask { tenant_id: pull.tenant, job_id: job };
    // Each pause is twice the one before, and the queue's own count begins anew with each.
    for pause in [1, 2, 4] {
        let attempt = Attempt { number: 1, most: 4, stop: CancellationToken::new() };
        work(&pull.ingestion, task, &attempt).await.unwrap();
        assert_eq!(pull.job(job).await["status"], "processing");
        let due: f64 = sqlx::query_scalar(
            "select extract(epoch from run_at - now())::float8 from jobs._private_jobs where payload ->> 'job_id' = $1",
        )
        .bind(job.to_string())
        .fetch_one(&pull.db.owner)
        .await
        .unwrap();
        assert!(due <= f64::from(pause) && due > f64::from(pause) - 1.0, "{due} seconds of {pause}");
    }
    let attempt = Attempt { number: 1, most: 4, stop: CancellationToken::new() };
    work(&pull.ingestion, task, &attempt).await.unwrap();
    let ended = pull.job(job).await;
    assert_eq!(ended["status"], "failed", "{ended}");
    let reason = ended["error_message"].as_str().unwrap();
    assert!(reason.contains("server's side") && !reason.contains("no space"), "{reason}");
    assert!(pull.availability().await.is_empty());
}
