//! The audit log as owners read it: filtered, walked, exported, and verified by the operator.

use auth_service::cli::{AuditCommand, VerifyAudit, audit};
use common::{
    auth::{Actor, audit::note},
    db::TenantTx,
};
use serde_json::{Value, json};

use crate::company::{Company, list, text};

/// Entries of a made-up past, straight into the log.
async fn fill(company: &Company, count: i64) {
    let actor = Actor { account_id: None, name: String::from("API key gak_1"), ip: "10.0.0.1".parse().ok() };
    let mut tx = TenantTx::begin(&company.service.state.pool, company.tenant).await.unwrap();
    for n in 0..count {
        let action = if n % 3 == 0 { "thing.made" } else { "thing.seen" };
        note(tx.conn(), company.tenant, &actor, action, Some(&n.to_string()), json!({"n": n})).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn verify(company: &Company) -> anyhow::Result<String> {
    let mut out = Vec::new();
    let command = AuditCommand::Verify(VerifyAudit { tenant: company.tenant });
    audit(&company.service.state, command, &mut out).await?;
    Ok(String::from_utf8(out)?)
}

fn numbers(lines: &[Value]) -> Vec<i64> {
    lines.iter().map(|entry| entry["entry_no"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn entries_are_listed_newest_first_and_filtered() {
    let company = Company::new().await;
    fill(&company, 10).await;
    let log = company.at("/audit");
    company.owner.patch(&company.at(""), &json!({"name": "Changed"})).await.expect(200);
    let page = company.owner.get(&log).await.expect(200);
    assert_eq!(numbers(list(&page)), (1..=11).rev().collect::<Vec<_>>());
    let newest = &list(&page)[0];
    assert_eq!((&newest["actor"], &newest["ip"]), (&json!("owner@company.test"), &json!("127.0.0.1")));
    assert_eq!(newest["actor_account_id"], json!(company.owner_account));
    assert_eq!(newest["previous_hash"], list(&page)[1]["entry_hash"]);
    for limit in [1, 4, 50] {
        assert_eq!(numbers(&company.owner.walk_pages(&log, limit, |page| &page["data"]).await).len(), 11);
        let walked = numbers(&company.owner.walk_cursor(&log, limit, |page| &page["data"]).await);
        assert_eq!(walked, (1..=11).rev().collect::<Vec<_>>());
    }
    let total = async |query: &str| company.owner.get(&format!("{log}?{query}")).await.expect(200)["total"].clone();
    assert_eq!(total("action=thing.made").await, 4);
    assert_eq!(total("action=thing").await, 10);
    assert_eq!(total("action=thin").await, 0);
    assert_eq!(total("actor=OWNER@company.test").await, 1);
    assert_eq!(total(&format!("actor={}", company.owner_account)).await, 1);
    assert_eq!(total("actor=API%20key%20gak_1&action=thing.made").await, 4);
    let bad = company.owner.get(&format!("{log}?start_date=2026-02-30&end_date=x&limit=0")).await;
    assert_eq!(bad.invalid_fields(), ["end_date", "limit", "start_date"]);
    let bad = company.owner.get(&format!("{log}?start_date=2026-02-02&end_date=2026-02-01")).await;
    assert_eq!(bad.invalid_fields(), ["end_date"]);
    assert_eq!(company.owner.get(&format!("{log}?cursor=x")).await.invalid_fields(), ["cursor"]);
    company.manager.get(&log).await.problem(403);
}

#[tokio::test]
async fn days_are_the_tenants() {
    let company = Company::new().await;
    company.owner.patch(&company.at(""), &json!({"time_zone": "Pacific/Kiritimati"})).await.expect(200);
    let day = chrono::Utc::now().with_timezone(&chrono::FixedOffset::east_opt(14 * 3600).unwrap()).date_naive();
    let total = async |from: chrono::NaiveDate, to: chrono::NaiveDate| {
        let path = company.at(&format!("/audit?start_date={from}&end_date={to}"));
        company.owner.get(&path).await.expect(200)["total"].clone()
    };
    let before = day.pred_opt().unwrap();
    assert_eq!(total(day, day).await, 1);
    assert_eq!(total(before, before).await, 0);
}

#[tokio::test]
async fn the_export_holds_all_of_it_and_is_noted_itself() {
    let company = Company::new().await;
    fill(&company, 1203).await;
    let export = company.at("/audit/export");
    let answer = company.owner.get(&export).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/x-ndjson")));
    let lines: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(numbers(&lines), (1..=1204).collect::<Vec<_>>());
    assert!(lines.windows(2).all(|pair| pair[1]["previous_hash"] == pair[0]["entry_hash"]));
    let last = lines.last().unwrap();
    assert_eq!((&last["action"], &last["actor"]), (&json!("audit.exported"), &json!("owner@company.test")));
    let made = company.owner.get(&format!("{export}?action=thing.made")).await;
    assert_eq!(made.text().lines().count(), 401);
    let verified = verify(&company).await.unwrap();
    let hash = text(&list(&company.owner.get(&company.at("/audit?limit=1")).await.expect(200))[0]["entry_hash"]);
    assert_eq!(verified, format!("1205 entries, none changed; the last hash is {hash}\n"));
}

#[tokio::test]
async fn a_changed_and_a_missing_entry_are_found() {
    let company = Company::new().await;
    assert_eq!(verify(&company).await.unwrap(), "there is no entry yet\n");
    fill(&company, 5).await;
    // Only the database's own administrator can: as the owner of the table, past its walls.
    let tamper = async |sql: &'static str| {
        let mut tx = TenantTx::begin(&company.service.db.owner, company.tenant).await.unwrap();
        assert_eq!(sqlx::query(sql).execute(tx.conn()).await.unwrap().rows_affected(), 1);
        tx.commit().await.unwrap();
    };
    tamper("update audit_log set details = '{\"n\": 7}' where entry_no = 3").await;
    assert!(verify(&company).await.unwrap_err().to_string().contains("broken at entry 3"));
    tamper("update audit_log set details = '{\"n\": 2}' where entry_no = 3").await;
    verify(&company).await.unwrap();
    tamper("delete from audit_log where entry_no = 4").await;
    assert!(verify(&company).await.unwrap_err().to_string().contains("broken at entry 4"));
}
