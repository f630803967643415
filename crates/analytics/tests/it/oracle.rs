//! The product held against a naive second implementation of its definitions, over many random worlds: rows go in through
//! the real ingestion and come out through the real API, and every figure, list, filter and granularity must agree.
//!
//! More worlds, or one again: `ORACLE_CASES=200 make test`, `ORACLE_SEED=1234 make test`.

use std::fmt::Debug;

use chrono::{Days, NaiveDate};
use common::jobs::Attempt;
use data_service::ingest::{
    job::IngestTask,
    submit::submit,
    view::view,
    work::{Ingestion, work},
};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde::de::DeserializeOwned;
use serde_json::Value;
use testkit::{
    oracle::{
        BounceLine, BouncedPage, CartLine, Dated, Granularity, HistoryEntry, LocationStats, LocationView, Metrics,
        Oracle, Period, PurchaseLine, RepeatLine, SearchLine, Searchable, Selection, SessionHistory, compare,
    },
    rows::{self, RandomWorld, locations_csv, users_csv, world},
    tenants,
};
use tokio_util::sync::CancellationToken;

use crate::support::Shop;

const CASES: u32 = 12;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_product_agrees_with_the_oracle() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some(seed) = number("ORACLE_SEED") {
        runtime.block_on(check(seed)).unwrap();
        return;
    }
    let cases = number("ORACLE_CASES").and_then(|n| u32::try_from(n).ok()).unwrap_or(CASES);
    // A seed is the whole case: there is nothing smaller to shrink to.
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    TestRunner::new(config)
        .run(&(0..u64::from(u32::MAX)), |seed| {
            runtime
                .block_on(check(seed))
                .map_err(|difference| TestCaseError::fail(format!("ORACLE_SEED={seed}: {difference}")))
        })
        .unwrap();
}

async fn check(seed: u64) -> Result<(), String> {
    let world = world(seed);
    let shop = Shop::open_with(&world.spec.settings).await;
    load(&shop, &world).await;
    let oracle = Oracle::new(&world.input());
    let branches: Vec<&str> = world.locations.iter().map(|l| l.location_id.as_str()).collect();
    let (from, to) = (world.spec.from, world.spec.to());
    let mut selections = vec![Selection::everything(), Selection::days(from, to)];
    // A part of the range, a single day, and each with one and with two branches.
    selections.push(Selection::days(from + Days::new(1), to));
    selections.push(Selection::days(from + Days::new(seed % 3), from + Days::new(seed % 3)));
    selections.extend(branches.iter().take(3).map(|branch| Selection::days(from, to).at(&[branch])));
    selections.push(Selection::everything().at(&branches[..branches.len().min(2)]));
    for selection in &selections {
        let query = query_of(selection);
        let at = |what: &str, result: Result<(), String>| result.map_err(|e| format!("{what} {query}: {e}"));
        if selection.from != NaiveDate::MIN {
            dashboard(&shop, &oracle, selection, &query).await?;
        }
        at(
            "purchases",
            list::<PurchaseLine>(&shop, &oracle, "purchases", &query, &oracle.purchase_lines(selection)).await,
        )?;
        at("carts", list::<CartLine>(&shop, &oracle, "cart-abandonment", &query, &oracle.cart_lines(selection)).await)?;
        at(
            "searches",
            list::<SearchLine>(&shop, &oracle, "search-analysis", &query, &oracle.search_lines(selection, false)).await,
        )?;
        let converted = format!("{query}&include_converted=true");
        let lines = oracle.search_lines(selection, true);
        at("all searches", list::<SearchLine>(&shop, &oracle, "search-analysis", &converted, &lines).await)?;
        at(
            "repeats",
            list::<RepeatLine>(&shop, &oracle, "repeat-visits", &query, &oracle.repeat_lines(selection)).await,
        )?;
        at(
            "bounces",
            list::<BounceLine>(&shop, &oracle, "performance", &query, &oracle.bounce_lines(selection)).await,
        )?;
        let pages = shop.get(&format!("/analytics/tasks/performance?{query}")).await;
        let pages: Vec<BouncedPage> = compare::parse(&pages["data"]["frequently_bounced_pages"])?;
        at("bounced pages", compare::sequence(&pages, &oracle.bounced_pages(selection)))?;
    }
    let locations: Vec<LocationView> = compare::parse(&shop.get("/analytics/locations").await)?;
    compare::sequence(&locations, &oracle.locations()).map_err(|e| format!("locations: {e}"))?;
    history(&shop, &oracle).await
}

/// Rows in through a job, whole; users and branches as the lists beside them.
pub(crate) async fn load(shop: &Shop, world: &RandomWorld) {
    let (root, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = |name: &str, content: Vec<u8>| {
        let path = files.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let files = [
        file("rows.json", rows::ndjson(&world.rows)),
        file("users.csv", users_csv(&world.users).into_bytes()),
        file("locations.csv", locations_csv(&world.locations).into_bytes()),
    ];
    let mut settings = testkit::state::settings(&shop.db);
    settings.data_root = root.path().to_owned();
    let ingestion = Ingestion::new(&settings, shop.db.app.clone()).unwrap();
    let job = submit(&ingestion.pool, &ingestion.data_root, shop.tenant, "replace", &files).await.unwrap();
    let attempt = Attempt { number: 1, most: 1, stop: CancellationToken::new() };
    work(&ingestion, IngestTask { tenant_id: shop.tenant, job_id: job }, &attempt).await.unwrap();
    let mut tx = common::db::TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    let job = view(tx.conn(), shop.tenant, job).await.unwrap();
    assert!(job.status.starts_with("completed") && job.rejected == 0, "{job:?}");
}

fn query_of(selection: &Selection) -> String {
    let mut parts = Vec::new();
    if selection.from != NaiveDate::MIN {
        parts.push(format!("start_date={}&end_date={}", selection.from, selection.to));
    }
    for branch in selection.locations.iter().flatten() {
        parts.push(format!("location_id={branch}"));
    }
    parts.join("&")
}

async fn dashboard(shop: &Shop, oracle: &Oracle, selection: &Selection, query: &str) -> Result<(), String> {
    for granularity in Granularity::ALL {
        let name = granularity.name();
        let answer = shop.get(&format!("/analytics/stats?granularity={name}&{query}")).await;
        let metrics: Metrics = serde_json::from_value(answer["metrics"].clone()).map_err(|e| e.to_string())?;
        let expected = oracle.metrics(selection);
        if metrics != expected {
            return Err(format!("metrics {query}\nproduct {metrics:#?}\noracle {expected:#?}"));
        }
        let chart: Vec<Period> = compare::parse(&answer["chartData"])?;
        compare::sequence(&chart, &oracle.chart(selection, granularity))
            .map_err(|e| format!("{name} chart {query}: {e}"))?;
        // All active branches, whatever the selection says of branches.
        let mut ours: Vec<LocationStats> = compare::parse(&answer["locationStats"])?;
        let mut theirs = oracle.location_stats(&Selection { locations: None, ..selection.clone() });
        ours.sort_by(|a, b| a.location_id.cmp(&b.location_id));
        theirs.sort_by(|a, b| a.location_id.cmp(&b.location_id));
        compare::sequence(&ours, &theirs).map_err(|e| format!("branches {query}: {e}"))?;
    }
    Ok(())
}

/// A list by pages, by cursor, by another order, and filtered by texts that occur in it.
async fn list<L>(shop: &Shop, oracle: &Oracle, name: &str, query: &str, expected: &[Dated<L>]) -> Result<(), String>
where
    L: DeserializeOwned + PartialEq + Debug + Clone + Searchable,
{
    let path = format!("/analytics/tasks/{name}?{query}");
    let lines: fn(&Value) -> &Value =
        if name == "performance" { |answer| &answer["data"]["bounced_sessions"] } else { |answer| &answer["data"] };
    let all = shop.client.walk_pages(&path, 7, lines).await;
    compare::lines(&compare::parse::<L>(&Value::Array(all.clone()))?, expected)?;
    let walked = shop.client.walk_cursor(&path, 5, lines).await;
    if walked != all {
        return Err("the cursor walks other lines than the pages".into());
    }
    let mut ids: Vec<&str> = all.iter().filter_map(|line| line["line_id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != all.len() {
        return Err("a line_id stands twice".into());
    }
    let by_date = shop.client.walk_cursor(&format!("{path}&sort_field=event_date&sort_order=asc"), 6, lines).await;
    if by_date.len() != all.len()
        || !by_date.is_sorted_by_key(|line| line["event_date"].as_str().unwrap_or_default().to_owned())
    {
        return Err("sorted by event_date it is another list, or not sorted".into());
    }
    for text in ["VALVE", "50%", "_", "acme", "zzz-no-such-text"] {
        let found = shop.client.get_with(&path, &[("query", text), ("limit", "1000")]).await.expect(200);
        let expected = oracle.matching(expected, text);
        compare::lines(&compare::parse::<L>(lines(&found))?, &expected).map_err(|e| format!("query {text:?}: {e}"))?;
    }
    Ok(())
}

async fn history(shop: &Shop, oracle: &Oracle) -> Result<(), String> {
    for user in oracle.known_users() {
        let answer = shop.client.get_with("/analytics/history/user", &[("user_id", user.as_str())]).await.expect(200);
        entries(&answer, &oracle.user_history(&user, 1000)).map_err(|e| format!("history of {user}: {e}"))?;
    }
    for (visitor, session, _) in oracle.visit_keys() {
        let path = "/analytics/history/session";
        let answer = shop.client.get_with(path, &[("session_id", session.as_str())]).await;
        match oracle.session_history(&session, None, 1000) {
            SessionHistory::Ambiguous(candidates) => {
                let problem = answer.problem(409);
                let text = problem["candidates"].to_string();
                if !candidates.iter().all(|candidate| text.contains(candidate.as_str())) {
                    return Err(format!("session {session}: {text} are not {candidates:?}"));
                }
            }
            SessionHistory::Entries(expected) => {
                entries(&answer.expect(200), &expected).map_err(|e| format!("session {session}: {e}"))?
            }
        }
        let query = [("session_id", session.as_str()), ("user_pseudo_id", visitor.as_str())];
        let answer = shop.client.get_with(path, &query).await.expect(200);
        let SessionHistory::Entries(expected) = oracle.session_history(&session, Some(&visitor), 1000) else {
            return Err(format!("{session} of {visitor} is one visit"));
        };
        entries(&answer, &expected).map_err(|e| format!("session {session} of {visitor}: {e}"))?;
    }
    Ok(())
}

fn entries(answer: &Value, expected: &[HistoryEntry]) -> Result<(), String> {
    let entries =
        answer.as_array().ok_or("no array")?.iter().map(HistoryEntry::from_api).collect::<Result<Vec<_>, _>>()?;
    compare::sequence(&entries, expected)
}

#[tokio::test]
async fn a_tenant_without_data_has_zeros_and_empty_lists() {
    let shop = Shop::open_with(&testkit::oracle::TenantSettings::default()).await;
    tenants::add_people(&shop.db.app, shop.tenant, &[], &[]).await;
    let stats = shop.get("/analytics/stats?start_date=2026-01-01&end_date=2026-01-07").await;
    let metrics: Metrics = serde_json::from_value(stats["metrics"].clone()).unwrap();
    assert_eq!(metrics, Metrics { currency: "USD".into(), ..Metrics::default() });
    assert_eq!(stats["chartData"].as_array().unwrap().len(), 7);
    for list in ["purchases", "cart-abandonment", "search-analysis", "repeat-visits"] {
        let answer = shop.get(&format!("/analytics/tasks/{list}")).await;
        assert_eq!((&answer["data"], &answer["total"]), (&serde_json::json!([]), &serde_json::json!(0)), "{list}");
    }
}
