//! Figures from sums: what a property reports of random events, pulled by real jobs, is held against the definitions over
//! the events themselves, as far as the property's registered dimensions can tell.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta, TimeZone};
use common::db::TenantTx;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use testkit::google::Property;
use testkit::oracle::{Input, Metrics, Oracle, Selection, TenantSettings};
use testkit::rows::{RandomWorld, by_day, world};

use crate::data_api_scene::{PropertyScene, at, registered};

const LANDED: [&str; 7] = [
    "page_view",
    "purchase",
    "add_to_cart",
    "view_item",
    "view_search_results",
    "no_search_results",
    "view_search_results_no_results",
];
const FILLERS: [&str; 4] = ["", "(not set)", "(other)", "(data not available)"];
const BRANCHES: [&str; 6] = ["D01", "D02", "D03", "D09", "D99", "7"];

/// What a property has registered.
#[derive(Clone, Copy, Debug)]
struct Registers {
    session: bool,
    visitor: bool,
    user: bool,
    branch: bool,
}

const ALL: Registers = Registers { session: true, visitor: true, user: true, branch: true };
const NONE: Registers = Registers { session: false, visitor: false, user: false, branch: false };

/// A parameter's text, from whichever slot, when it is a value; numbers as people write them.
fn value(list: &Value, key: &str) -> Option<String> {
    let entry = list.as_array()?.iter().find(|entry| entry["key"] == key)?;
    let slot = entry["value"].as_object()?.values().find(|slot| !slot.is_null())?;
    let text = match slot {
        Value::String(text) => text.clone(),
        number => number.to_string().trim_end_matches(".0").to_owned(),
    };
    (!FILLERS.contains(&text.trim())).then_some(text)
}

fn set(row: &mut Value, key: &str, value: Option<String>) {
    let params = row["event_params"].as_array_mut().unwrap();
    params.retain(|entry| entry["key"] != key);
    params.extend(value.map(|text| json!({"key": key, "value": {"string_value": text}})));
}

/// The row as a site sends it that lets the Data API know as much as it can: everything that reports are asked for is an
/// event parameter of one name, and amounts are in the property's currency.
fn sent(row: &Value, settings: &TenantSettings) -> Value {
    let mut row = row.clone();
    for key in [&settings.user_property, &settings.branch_property] {
        let named = value(&row["user_properties"], key).or_else(|| value(&row["event_params"], key));
        set(&mut row, key, named);
    }
    let transaction = value(&row["event_params"], "transaction_id").or_else(|| {
        let id = row["ecommerce"]["transaction_id"].as_str().filter(|id| !FILLERS.contains(id));
        id.map(str::to_owned)
    });
    set(&mut row, "transaction_id", transaction);
    let visitor = row["user_pseudo_id"].as_str().map(str::to_owned);
    set(&mut row, "client_id", visitor);
    for gone in ["event_id", "currency"] {
        set(&mut row, gone, None);
    }
    let fields = row.as_object_mut().unwrap();
    // GA4 tells of neither.
    fields.remove("user_id");
    fields.remove("user_properties");
    if let Some(ecommerce) = fields.get_mut("ecommerce").and_then(Value::as_object_mut) {
        ecommerce.remove("transaction_id");
    }
    row
}

/// The same without what nobody registered, and so nobody can know.
fn known(row: &Value, registers: Registers, settings: &TenantSettings) -> Value {
    let mut row = row.clone();
    if !registers.session {
        set(&mut row, "ga_session_id", None);
    }
    if !registers.visitor {
        row.as_object_mut().unwrap().remove("user_pseudo_id");
    }
    if !registers.user {
        set(&mut row, &settings.user_property, None);
    }
    if !registers.branch {
        set(&mut row, &settings.branch_property, None);
    }
    row
}

fn number(row: &Value, key: &str) -> Option<i64> {
    row[key].as_str().and_then(|text| text.parse().ok())
}

/// The world's landed events as they are sent, in event order.
fn events(world: &RandomWorld) -> Vec<Value> {
    let settings = &world.spec.settings;
    let is_landed = |row: &&Value| {
        let name = row["event_name"].as_str().unwrap();
        LANDED.contains(&name) || settings.failed_search_aliases.iter().any(|alias| alias == name)
    };
    let mut rows: Vec<Value> = world.rows.iter().filter(is_landed).map(|row| sent(row, settings)).collect();
    rows.sort_by_cached_key(|row| {
        let batch = ["batch_page_id", "batch_ordering_id", "batch_event_index"].map(|key| number(row, key));
        // Nulls last.
        (number(row, "event_timestamp"), batch.map(|field| (field.is_none(), field)), row.to_string())
    });
    rows
}

/// The same events in the same order, no two different ones within one minute: reports tell no more than the minute, so
/// which of two was the last to name a user would be anybody's guess. Equal ones stay together.
fn a_minute_each(rows: &[Value], settings: &TenantSettings) -> Vec<Value> {
    let mut timed = Vec::new();
    for (day, rows) in by_day(rows) {
        // Between the changes of all clocks.
        let mut minute = day.and_hms_opt(4, 0, 20).unwrap();
        let mut before: Option<&Value> = None;
        for row in &rows {
            if before.is_some_and(|before| before != row) {
                minute += TimeDelta::minutes(1);
            }
            before = Some(row);
            let at = settings.zone.from_local_datetime(&minute).single().unwrap();
            let mut row = row.clone();
            row["event_timestamp"] = json!(at.timestamp_micros().to_string());
            for field in ["batch_page_id", "batch_ordering_id", "batch_event_index"] {
                row.as_object_mut().unwrap().remove(field);
            }
            timed.push(row);
        }
        assert_eq!(minute.date(), day, "too many events for a day");
    }
    timed
}

struct Held {
    scene: PropertyScene,
    oracle: Oracle,
    days: Vec<NaiveDate>,
}

/// Pulls what a property with these dimensions reports of the rows.
async fn hold(rows: &[Value], settings: &TenantSettings, registers: Registers) -> Held {
    let dimensions = [
        (registers.session, "customEvent:ga_session_id".to_owned()),
        (registers.visitor, "customEvent:client_id".to_owned()),
        (registers.user, format!("customEvent:{}", settings.user_property)),
        (registers.branch, format!("customEvent:{}", settings.branch_property)),
    ];
    let property = Property::of_events(settings.zone, rows.to_vec()).currency(&settings.currency);
    let property = dimensions
        .into_iter()
        .filter(|(is_registered, _)| *is_registered)
        .fold(property, |property, (_, name)| property.register(&name));
    let rows: Vec<Value> = rows.iter().map(|row| known(row, registers, settings)).collect();
    let oracle = Oracle::new(&Input::loaded(settings.clone(), &rows));
    let days: Vec<NaiveDate> = by_day(&rows).into_keys().collect();
    let scene = PropertyScene::of(settings, property).await;
    scene.pull(&days[0].to_string(), &days[days.len() - 1].to_string()).await;
    Held { scene, oracle, days }
}

impl Held {
    async fn figures(&self, selection: &Selection) -> Metrics {
        let mut tx = TenantTx::begin(&self.scene.db.app, self.scene.tenant).await.unwrap();
        let json = sqlx::query_scalar::<_, Value>("select get_overview_stats($1, $2, $3, $4)")
            .bind(self.scene.tenant)
            .bind(selection.from)
            .bind(selection.to)
            .bind(&selection.locations)
            .fetch_one(tx.conn())
            .await
            .unwrap();
        let metrics: Metrics = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(json["revenue"].to_string().parse(), Ok(metrics.revenue), "to the last digit");
        metrics
    }

    /// The whole range and each day of it.
    fn ranges(&self) -> Vec<Selection> {
        let whole = Selection::days(self.days[0], self.days[self.days.len() - 1]);
        let days = self.days.iter().map(|day| Selection::days(*day, *day));
        std::iter::once(whole).chain(days).collect()
    }

    async fn agree(&self, selections: Vec<Selection>, case: &str) -> Metrics {
        for selection in &selections {
            assert_eq!(self.figures(selection).await, self.oracle.metrics(selection), "{case}, {selection:?}");
        }
        self.oracle.metrics(&selections[0])
    }

    /// Events by day and table: page views, carts, searches and the rest.
    async fn counts_agree(&self, case: &str) {
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        for ((day, kind), events) in self.oracle.landed() {
            *counted.entry(format!("{day} {}", kind.name())).or_default() += events;
        }
        let mut found = BTreeMap::new();
        for table in ["page_view", "purchase", "add_to_cart", "view_item", "view_search_results", "no_search_results"] {
            let sql = format!("select event_date as day, sum(event_count)::bigint as events from {table} group by 1");
            for row in self.scene.rows(&sql).await {
                found.insert(format!("{} {table}", row["day"].as_str().unwrap()), row["events"].as_u64().unwrap());
            }
        }
        assert_eq!(found, counted, "{case}");
    }
}

#[tokio::test]
async fn events_money_and_visits_are_those_of_the_events_whatever_their_order_within_a_minute() {
    let (mut sums, mut money, mut visits) = (0, Decimal::ZERO, 0);
    for seed in 20..24 {
        let world = world(seed);
        let settings = &world.spec.settings;
        let rows = events(&world);
        let held = hold(&rows, settings, Registers { user: false, branch: false, ..ALL }).await;
        let case = format!("seed {seed}");
        held.counts_agree(&case).await;
        let whole = held.agree(held.ranges(), &case).await;
        money += whole.revenue;
        visits += whole.total_visitors;
        sums += held.scene.number("select count(*) from page_view where event_count > 1").await;
    }
    assert!(sums > 0 && money > Decimal::ZERO && visits > 0, "the worlds held nothing: {sums} {money} {visits}");
}

#[tokio::test]
async fn users_and_branches_are_known_as_far_as_they_are_registered() {
    let cases = [
        ALL,
        ALL,
        Registers { user: false, ..ALL },
        Registers { branch: false, ..ALL },
        Registers { session: false, ..ALL },
        Registers { visitor: false, ..ALL },
        Registers { branch: true, ..NONE },
        NONE,
    ];
    let mut users = 0;
    for (seed, registers) in (40..).zip(cases) {
        let world = world(seed);
        let settings = &world.spec.settings;
        let rows = a_minute_each(&events(&world), settings);
        let held = hold(&rows, settings, registers).await;
        let case = format!("seed {seed}, {registers:?}");
        held.counts_agree(&case).await;
        let mut selections = held.ranges();
        for range in held.ranges() {
            selections.extend(BRANCHES.map(|branch| range.clone().at(&[branch])));
            selections.push(range.at(&["D01", "D03", "nowhere"]));
        }
        let whole = held.agree(selections, &case).await;
        users += whole.unique_users;
        let is_visit = registers.session && registers.visitor;
        assert_eq!(whole.total_visitors > 0, is_visit, "{case}");
        assert_eq!(whole.unique_users > 0, is_visit && registers.user, "{case}");
    }
    assert!(users > 0);
}

#[tokio::test]
async fn what_google_adds_up_in_binary_is_the_exact_sum() {
    let purchase = |second: &str, amount: f64| {
        at("purchase", &format!("2026-03-10 12:00:{second}")).revenue(amount).page("/thanks").build()
    };
    let rows = vec![purchase("01", 0.1), purchase("02", 0.2)];
    let scene = PropertyScene::new(registered(rows)).await;
    scene.pull("2026-03-10", "2026-03-10").await;
    let stored = scene.rows("select amount::text, event_count from purchase").await;
    assert_eq!(stored, [json!({"amount": "0.3", "event_count": 2})]);
}
