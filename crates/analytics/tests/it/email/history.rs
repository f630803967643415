//! `GET /analytics/email/history`, by every way the database has to a page, against a list that is filtered in memory.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use common::{auth::Role, db::TenantTx};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use testkit::http::Client;
use uuid::Uuid;

use super::scene::{change, put_mappings, send, shop};
use crate::support::Shop;

const HISTORY: &str = "/analytics/email/history";
const DAYS: [&str; 4] = ["2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"];

#[derive(Debug, Clone, sqlx::FromRow)]
struct Mail {
    mail_id: Uuid,
    job_id: Uuid,
    branch_codes: Vec<String>,
    sales_rep_email: String,
    report_date: NaiveDate,
    status: String,
    queued_at: DateTime<Utc>,
}

/// As the list takes them, `None` = not given.
#[derive(Debug, Clone, Copy)]
struct Filter<'a> {
    branch: Option<&'a str>,
    status: Option<&'a str>,
    email: Option<&'a str>,
    job: Option<Uuid>,
    days: Option<(&'a str, &'a str)>,
}

impl Filter<'_> {
    fn query(&self) -> String {
        let Self { branch, status, email, job, days } = *self;
        let fields = [
            branch.map(|branch| format!("&branch_code={branch}")),
            status.map(|status| format!("&status={status}")),
            email.map(|email| format!("&sales_rep_email={email}")),
            job.map(|job| format!("&job_id={job}")),
            days.map(|(first, last)| format!("&start_date={first}&end_date={last}")),
        ];
        fields.into_iter().flatten().collect()
    }

    fn takes(&self, mail: &Mail) -> bool {
        let Self { branch, status, email, job, days } = *self;
        let day = mail.report_date.to_string();
        branch.is_none_or(|branch| mail.branch_codes.iter().any(|code| code == branch))
            && status.is_none_or(|status| mail.status == status)
            && email.is_none_or(|email| mail.sales_rep_email == email.to_lowercase())
            && job.is_none_or(|job| mail.job_id == job)
            && days.is_none_or(|(first, last)| (first..=last).contains(&day.as_str()))
    }
}

/// Some hundred mails of four days: about one branch, several, or all; more sets of them than are merged into a long page.
async fn send_many(shop: &Shop) {
    for (round, day) in DAYS.iter().enumerate() {
        change(shop, "delete from branch_email_mappings").await;
        let mut mappings = Vec::new();
        for rep in 0..48 {
            let (count, is_digest) = (rep % 6 + 1, rep % 3 > 0);
            let codes: BTreeSet<usize> = (0..count).map(|n| (rep * 5 + n * (round + 2) + round) % 11 + 1).collect();
            for code in codes {
                mappings.push(json!({
                    "branch_code": format!("D{code:02}"), "sales_rep_email": format!("rep{rep}@x.example"),
                    "delivery": if is_digest { "digest" } else { "branch" },
                }));
            }
        }
        mappings.push(json!({ "branch_code": "*", "sales_rep_email": "chief@x.example" }));
        put_mappings(shop, &mappings).await;
        send(shop, &json!({ "report_date": day, "allow_empty": true })).await;
    }
    // Many of the same instant, some in the order of the days and some not, and one branch of old mails alone.
    change(
        shop,
        "update email_send_history
         set status = (array['sent', 'sent', 'sent', 'failed', 'unknown', 'suppressed', 'queued'])
                 [1 + abs(hashtext(sales_rep_email || report_date::text)) % 7],
             queued_at = '2026-01-07 08:00Z'::timestamptz + (hashtext(sales_rep_email) % 5) * interval '1 day'
                 - case when 'D07' = any(branch_codes) then interval '60 days' else interval '0' end",
    )
    .await;
}

async fn all_mails(shop: &Shop) -> Vec<Mail> {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    let mut mails: Vec<Mail> = sqlx::query_as(
        "select mail_id, job_id, branch_codes, sales_rep_email, report_date, status, queued_at from email_send_history",
    )
    .fetch_all(tx.conn())
    .await
    .unwrap();
    mails.sort_by_key(|mail| std::cmp::Reverse((mail.queued_at, mail.mail_id)));
    mails
}

/// Has the database take another number of mails for few: so all ways to a page are gone that are there.
async fn call_few(shop: &Shop, few: u32) {
    let source: String =
        sqlx::query_scalar("select pg_get_functiondef('find_mails'::regproc)").fetch_one(&shop.db.owner).await.unwrap();
    let (before, rest) = source.split_once("c_few constant bigint := ").unwrap();
    let (_, rest) = rest.split_once(';').unwrap();
    let changed = format!("{before}c_few constant bigint := {few};{rest}");
    sqlx::raw_sql(AssertSqlSafe(changed)).execute(&shop.db.owner).await.unwrap();
}

async fn assert_page(client: &Client, expected: &[&Mail], query: &str, page: usize, limit: usize) {
    let answer = client.get(&format!("{HISTORY}?page={page}&limit={limit}{query}")).await.expect(200);
    let told: Vec<&str> = answer["data"].as_array().unwrap().iter().filter_map(|mail| mail["id"].as_str()).collect();
    let shown = expected.iter().skip((page - 1) * limit).take(limit);
    let shown: Vec<String> = shown.map(|mail| mail.mail_id.to_string()).collect();
    assert_eq!(told, shown, "page {page} of {limit}{query}");
    assert_eq!(answer["total"], json!(expected.len()), "page {page} of {limit}{query}");
    assert_eq!(answer["has_more"], json!(page * limit < expected.len()), "page {page} of {limit}{query}");
}

#[tokio::test]
async fn every_selection_is_what_a_filter_in_memory_leaves() {
    let shop = shop().await;
    send_many(&shop).await;
    let mails = all_mails(&shop).await;
    let sets: BTreeSet<&[String]> = mails.iter().map(|mail| mail.branch_codes.as_slice()).collect();
    assert!(mails.len() > 250 && sets.len() > 50, "{} mails of {} sets", mails.len(), sets.len());
    let seen: [Option<&[&str]>; 4] =
        [None, Some(&["D02", "D03", "D04", "D07", "D09"]), Some(&["D07"]), Some(&["D05", "D99"])];
    let mut viewers = Vec::new();
    for branches in seen {
        viewers.push((branches, shop.member(Role::Manager, branches).await));
    }
    let mut filters = Vec::new();
    for branch in [None, Some("D03"), Some("D07"), Some("*"), Some("D98")] {
        for status in [None, Some("sent"), Some("failed"), Some("cancelled")] {
            for (email, job) in [(None, None), (Some("REP13@x.example"), None), (None, Some(mails[40].job_id))] {
                for days in [None, Some((DAYS[1], DAYS[1])), Some((DAYS[0], DAYS[2]))] {
                    filters.push(Filter { branch, status, email, job, days });
                }
            }
        }
    }
    let mut shown = [0; 4];
    // As it is; where some are merged or sorted and others walked; and where all are walked.
    for (turn, few) in [(0, 100_000), (1, 150), (2, 0)] {
        call_few(&shop, few).await;
        for (n, filter) in filters.iter().enumerate() {
            let viewer = (n + turn) % viewers.len();
            let (branches, client) = &viewers[viewer];
            let may_see = |code: &String| branches.is_none_or(|branches| branches.contains(&code.as_str()));
            let expected: Vec<&Mail> =
                mails.iter().filter(|mail| mail.branch_codes.iter().all(may_see) && filter.takes(mail)).collect();
            shown[viewer] += expected.len();
            let query = filter.query();
            assert_page(client, &expected, &query, 1, 1000).await;
            if expected.len() > 4 {
                assert_page(client, &expected, &query, 1, 3).await;
                assert_page(client, &expected, &query, 2, 4).await;
            }
        }
    }
    assert!(shown.iter().all(|shown| *shown > 20), "of what each sees, the selections hold {shown:?} mails");
}

#[tokio::test]
async fn a_digest_is_found_by_each_of_its_branches_and_seen_by_who_sees_all_of_them() {
    let shop = shop().await;
    let digest = |code: &str| json!({ "branch_code": code, "sales_rep_email": "ann@x.example", "delivery": "digest" });
    put_mappings(&shop, &[digest("D01"), digest("D03"), digest("D02")]).await;
    send(&shop, &json!({ "report_date": DAYS[3] })).await;
    let found = async |client: &Client, query: &str| -> Vec<Value> {
        client.get(&format!("{HISTORY}{query}")).await.expect(200)["data"].as_array().unwrap().clone()
    };
    for code in ["D01", "D02", "D03"] {
        let mails = found(&shop.client, &format!("?branch_code={code}")).await;
        assert_eq!((mails.len(), &mails[0]["branch_codes"]), (1, &json!(["D01", "D02", "D03"])), "{code}");
    }
    // A code that only begins or ends like one, or holds what an array is written with, is none.
    for code in ["D0", "01", "D01,D02", "%7BD01%7D", "d01", "%22D01%22"] {
        assert!(found(&shop.client, &format!("?branch_code={code}")).await.is_empty(), "{code}");
    }
    let sees = async |branches: &[&str]| {
        let manager = shop.member(Role::Manager, Some(branches)).await;
        found(&manager, "").await.len() + found(&manager, "?branch_code=D02").await.len()
    };
    assert_eq!(sees(&["D01", "D02", "D03"]).await, 2);
    assert_eq!(sees(&["D04", "D03", "D02", "D01"]).await, 2);
    assert_eq!(sees(&["D01", "D02"]).await, 0);
    // What failed is the same mail when it is sent again, and as easily found.
    change(&shop, "update email_send_history set status = 'failed', queued_at = queued_at - interval '1 day'").await;
    send(&shop, &json!({ "report_date": DAYS[3] })).await;
    assert_eq!(found(&shop.client, "?branch_code=D03&status=queued").await.len(), 1);
    // The neighbour's branch of the same code is another one.
    let (_, neighbour) = shop.neighbour().await;
    assert!(found(&neighbour, "?branch_code=D01").await.is_empty());
}

#[tokio::test]
async fn every_mail_is_of_a_set_that_is_listed() {
    let shop = shop().await;
    send_many(&shop).await;
    let ids = shop.lines("/analytics/email/history?status=sent&limit=3").await;
    for mail in ids {
        let path = format!("{HISTORY}/{}/resend", mail["id"].as_str().unwrap());
        shop.client.post(&path, &json!({})).await.expect(202);
    }
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    let (mails, unlisted): (i64, i64) = sqlx::query_as(
        "select count(*), count(*) filter (where s.branch_codes is distinct from h.branch_codes)
         from email_send_history h
         left join email_branch_sets s on s.tenant_id = h.tenant_id and s.branch_set = h.branch_set",
    )
    .fetch_one(tx.conn())
    .await
    .unwrap();
    assert!(mails > 250, "{mails}");
    assert_eq!(unlisted, 0);
}
