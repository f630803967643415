//! One day through two sources, in both orders: the higher one counts, and what was posted stays beside it, once.

use std::ops::Range;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use common::auth::Role;
use common::auth::api_key::Scope;
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use common::jobs::Attempt;
use data_service::ingest::job::IngestTask;
use data_service::ingest::submit::submit;
use data_service::ingest::work::work;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use testkit::google::{Property, Table};
use testkit::http::{Answer, Client};
use testkit::oracle::TenantSettings;
use testkit::rows::{Item, ndjson};
use testkit::tokens;
use tokio_util::sync::CancellationToken;

use crate::data_api_scene::{DIMENSIONS, PROPERTY};
use crate::events::as_posted::posted;
use crate::pull::{DATASET, PROJECT, Pull, ago, at, bigquery_source, daily, id};
use crate::support::{TABLES, assert_same};

/// The first so many of [`TABLES`] hold events.
const OF_EVENTS: usize = 6;
const EVENTS_A_VISIT: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    // In the order of their ranks.
    DataApi,
    Files,
    Bigquery,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::DataApi => "data_api",
            Self::Files => "export_files",
            Self::Bigquery => "bigquery",
        }
    }
}

/// Yesterday: all of it is over, and young enough to be posted.
fn day() -> NaiveDate {
    ago(1)
}

/// The visits of these numbers, each with an event of every kind that counts.
fn visits(numbers: Range<usize>) -> Vec<Value> {
    let visit = |number: usize| {
        let event = |hour: u32, name: &str| {
            at(day(), &format!("{hour:02}:{:02}:00", number % 60), name)
                .visit(&format!("visitor.{number}"), 700)
                .param("client_id", format!("visitor.{number}").as_str())
                .property("WebUserId", format!("U{}", number % 7).as_str())
                .property("default_branch_id", format!("D{}", number % 3).as_str())
                .page(&format!("https://shop.example/{}", number % 5))
        };
        let item = || Item::new(&format!("SKU{}", number % 4), "Valve").price(2.5).quantity(2);
        [
            event(1, "page_view"),
            event(2, "view_search_results").param("search_term", "valve"),
            event(3, "no_search_results").param("search_term", "walve"),
            event(4, "view_item").item(item()),
            event(5, "add_to_cart").currency("USD").item(item()),
            event(6, "purchase")
                .currency("USD")
                .transaction(format!("T-{number}").as_str())
                .revenue(12.25)
                .item(item()),
        ]
    };
    numbers.flat_map(visit).map(testkit::rows::Event::build).collect()
}

/// What the day has by this way: a part of it is the others' too, and each has something of its own.
fn part(way: Way) -> Range<usize> {
    match way {
        Way::DataApi => 2..9,
        Way::Files => 0..12,
        Way::Bigquery => 4..16,
    }
}

/// What was posted: some of it is in every source, some is in none.
const POSTED: Range<usize> = 8..20;

/// The same day as seen by several tenants of one service.
struct Meeting {
    pull: Pull,
}

struct Shop<'a> {
    pull: &'a Pull,
    tenant: TenantId,
    owner: Client,
    key: String,
}

impl Meeting {
    async fn new() -> Self {
        let settings = TenantSettings { zone: chrono_tz::UTC, ..TenantSettings::default() };
        let pull = Pull::without_source(&settings, None).await;
        pull.start_folding();
        Self { pull }
    }

    async fn shop(&self) -> Shop<'_> {
        let pull = &self.pull;
        let settings = TenantSettings { zone: chrono_tz::UTC, ..TenantSettings::default() };
        let tenant = testkit::tenants::create(&pull.db.app, &settings).await;
        let person = tokens::member(&pull.state, tenant, Role::Owner).await;
        let key = tokens::api_key(&pull.state, tenant, &[Scope::Ingest]).await;
        Shop { pull, tenant, owner: Client::new(&pull.server.url).of(&person, tenant), key }
    }
}

impl Shop<'_> {
    /// Takes these visits in as the whole of the day; the job as it ended.
    async fn take_visits(&self, way: Way, numbers: Range<usize>) -> Value {
        let rows = visits(numbers);
        let job = match way {
            Way::Files => {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join(format!("{}.json", daily(day())));
                std::fs::write(&file, ndjson(&rows)).unwrap();
                submit(&self.pull.db.app, &self.pull.ingestion.data_root, self.tenant, "replace", &[file])
                    .await
                    .unwrap()
            }
            Way::Bigquery => {
                self.pull.stub.put_table(PROJECT, DATASET, &daily(day()), Table::export(rows));
                self.start(&bigquery_source(Some(&self.pull.stub.key()))).await
            }
            Way::DataApi => {
                let property = Property::of_events(chrono_tz::UTC, rows);
                self.pull.stub.put_property(PROPERTY, DIMENSIONS.into_iter().fold(property, Property::register));
                let key = self.pull.stub.key();
                let data_api = json!({ "property_id": PROPERTY });
                self.start(&json!({ "kind": "data_api", "data_api": data_api, "service_account": key })).await
            }
        };
        let attempt = Attempt { number: 1, most: 25, stop: CancellationToken::new() };
        work(&self.pull.ingestion, IngestTask { tenant_id: self.tenant, job_id: job }, &attempt).await.unwrap();
        self.owner.get(&format!("/data/ingest/jobs/{job}")).await.expect(200)
    }

    async fn start(&self, source: &Value) -> JobId {
        self.owner.put("/data/source", source).await.expect(200);
        let body = json!({ "start_date": day(), "end_date": day(), "data_types": ["events"] });
        id(&self.owner.post("/data/ingest/start", &body).await.expect(202))
    }

    /// Takes in what this way has of the day, which has to go well.
    async fn take(&self, way: Way) -> Value {
        let job = self.take_visits(way, part(way)).await;
        assert!(job["status"].as_str().unwrap().starts_with("completed"), "{way:?}: {job}");
        job
    }

    /// Posts these visits and waits until they count; how many events were not known before.
    async fn post(&self, numbers: Range<usize>) -> u64 {
        let body: Vec<Value> = visits(numbers.clone()).iter().map(posted).collect();
        let request = Client::new(&self.pull.server.url).request(Method::POST, "/data/events");
        let answer = Answer::of(request.header("X-Api-Key", &self.key).json(&body)).await.expect(202);
        assert_eq!(answer["rejected"], json!([]));
        let count = |name: &str| answer[name].as_u64().unwrap();
        assert_eq!(count("accepted") + count("duplicates"), (numbers.len() * EVENTS_A_VISIT) as u64);
        let since = Instant::now();
        while self.texts("select 1::text from posted_events limit 1").await != [""; 0] {
            assert!(since.elapsed() < Duration::from_secs(60), "posted events are not folded");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        count("accepted")
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        let mut tx = TenantTx::begin(&self.pull.db.app, self.tenant).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(tx.conn()).await.unwrap()
    }

    /// All tables, without what an exporter adds and without who brought it.
    async fn tables(&self) -> Vec<(String, Vec<String>)> {
        self.tables_where("true").await
    }

    /// The same; of the tables that hold events, only these rows.
    async fn tables_where(&self, of_events: &str) -> Vec<(String, Vec<String>)> {
        let mut tables = Vec::new();
        for (n, (table, order)) in TABLES.into_iter().enumerate() {
            let wanted = if n < OF_EVENTS { of_events } else { "true" };
            let row = "to_jsonb(t) - 'tenant_id' - 'extra' - 'posted'";
            let sql = format!("select ({row})::text from {table} t where {wanted} order by {order}");
            tables.push((table.to_owned(), self.texts(&sql).await));
        }
        tables
    }

    /// Numbers of the visits of which an event of each kind is marked as posted.
    async fn marked(&self) -> Vec<String> {
        let sql = TABLES[..OF_EVENTS].iter().map(|(table, _)| {
            format!("select user_pseudo_id from {table} where posted and user_pseudo_id is not null")
        });
        let all = sql.collect::<Vec<_>>().join(" union all ");
        let sql = format!(
            "select user_pseudo_id from ({all}) p group by 1 having count(*) = {EVENTS_A_VISIT}
             order by split_part(user_pseudo_id, '.', 2)::integer"
        );
        self.texts(&sql).await
    }
}

fn visitors(numbers: Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("visitor.{number}")).collect()
}

#[tokio::test]
async fn of_two_sources_of_a_day_the_higher_one_counts_whichever_came_first() {
    let meeting = Meeting::new().await;
    for (lower, higher) in [(Way::DataApi, Way::Files), (Way::DataApi, Way::Bigquery), (Way::Files, Way::Bigquery)] {
        let alone = meeting.shop().await;
        alone.take(higher).await;
        let expected = alone.tables().await;
        assert_eq!(alone.texts("select count(*)::text from purchase").await, [part(higher).len().to_string()]);

        let rising = meeting.shop().await;
        rising.take(lower).await;
        rising.take(higher).await;
        assert_same(&expected, &rising.tables().await);

        let falling = meeting.shop().await;
        falling.take(higher).await;
        let refused = falling.take_visits(lower, part(lower)).await;
        assert_eq!(refused["status"], "failed", "{lower:?} over {higher:?}: {refused}");
        let held = format!("day {} is held by source {}, which ranks above {}", day(), higher.name(), lower.name());
        assert!(refused["error_message"].as_str().unwrap().contains(&held), "{refused}");
        assert_same(&expected, &falling.tables().await);
        for shop in [&rising, &falling] {
            assert_eq!(shop.texts("select source from ingested_days").await, [higher.name()]);
        }
    }
}

#[tokio::test]
async fn what_was_posted_and_exported_is_there_once_and_what_was_only_posted_stays() {
    let meeting = Meeting::new().await;
    for way in [Way::Files, Way::Bigquery] {
        let both = part(way).start..POSTED.end;
        let alone = meeting.shop().await;
        alone.take_visits(way, both.clone()).await;
        let expected = alone.tables().await;
        let only_posted = ((POSTED.end - part(way).end) * EVENTS_A_VISIT) as u64;

        let before = meeting.shop().await;
        assert_eq!(before.post(POSTED).await, (POSTED.len() * EVENTS_A_VISIT) as u64);
        before.take(way).await;
        let after = meeting.shop().await;
        after.take(way).await;
        assert_eq!(after.post(POSTED).await, only_posted);
        for shop in [before, after] {
            assert_same(&expected, &shop.tables().await);
            assert_eq!(shop.marked().await, visitors(POSTED));
            // GA4 takes back almost all of the day: what was posted is nobody's to take.
            shop.take_visits(way, 0..1).await;
            let left = meeting.shop().await;
            left.take_visits(way, 0..1).await;
            left.post(POSTED).await;
            assert_same(&left.tables().await, &shop.tables().await);
            assert_eq!(shop.marked().await, visitors(POSTED));
        }
    }
}

#[tokio::test]
async fn sums_stand_beside_what_was_posted_and_the_job_says_so() {
    let meeting = Meeting::new().await;
    let (sums, posts) = (meeting.shop().await, meeting.shop().await);
    sums.take(Way::DataApi).await;
    posts.post(POSTED).await;
    let (sums, posts) = (sums.tables().await, posts.tables().await);

    let before = meeting.shop().await;
    before.post(POSTED).await;
    let job = before.take(Way::DataApi).await;
    let told = format!("{}: events were posted too: those that Google's sums hold as well count twice", day());
    assert!(job["warnings"].as_array().unwrap().contains(&json!(told)), "{job}");
    let after = meeting.shop().await;
    after.take(Way::DataApi).await;
    after.post(POSTED).await;
    assert_same(&before.tables().await, &after.tables().await);
    for shop in [before, after] {
        assert_same(&sums[..OF_EVENTS], &shop.tables_where("not posted").await[..OF_EVENTS]);
        assert_same(&posts[..OF_EVENTS], &shop.tables_where("posted").await[..OF_EVENTS]);
        let views = "select sum(page_views)::text from daily_stats where location_id = ''";
        assert_eq!(shop.texts(views).await, [(part(Way::DataApi).len() + POSTED.len()).to_string()]);
        // Once more, as a schedule does: the sums are replaced, the posted events are not.
        let once = shop.tables().await;
        shop.take(Way::DataApi).await;
        assert_same(&once, &shop.tables().await);
    }
}

#[tokio::test]
async fn posted_events_outlive_a_day_that_rises_through_all_sources() {
    let meeting = Meeting::new().await;
    let alone = meeting.shop().await;
    alone.take_visits(Way::Bigquery, part(Way::Bigquery).start..POSTED.end).await;
    for posts_before in [Way::DataApi, Way::Files, Way::Bigquery] {
        let shop = meeting.shop().await;
        for way in [Way::DataApi, Way::Files, Way::Bigquery] {
            if way == posts_before {
                shop.post(POSTED).await;
            }
            shop.take(way).await;
        }
        assert_same(&alone.tables().await, &shop.tables().await);
        assert_eq!(shop.marked().await, visitors(POSTED), "posted before {posts_before:?}");
    }
}
