//! Rows that stand for several events, as GA4's Data API gives them: every figure is that of as many rows of one event.

use chrono::NaiveDate;
use common::db::TenantTx;
use sqlx::AssertSqlSafe;
use testkit::rows::{RandomWorld, world};

use crate::fold_support::{assert_kept_right, fold_all, held, hold, post, pull, whatever_the_way};
use crate::support::{Shop, assert_same};

/// Figures that do not tell an aggregate from its events, with what of them does.
const FIGURES: [(&str, &str, &str); 9] = [
    ("visits", "visit_id", " - 'has_aggregates'"),
    ("search_lines", "line_id", ""),
    ("hourly_stats", "location_id, day, hour", ""),
    ("daily_stats", "location_id, day", " - 'purchase_lines'"),
    ("user_days", "location_id, day, user_id", ""),
    ("bounce_pages", "location_id, day, page_hash", ""),
    ("user_months", "location_id, month, user_id", ""),
    ("bounce_months", "location_id, month, page_hash", ""),
    ("day_events", "day, table_name", ""),
];

async fn figures(shop: &Shop) -> Vec<(String, Vec<String>)> {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    let mut tables = Vec::new();
    for (table, order, without) in FIGURES {
        let sql = format!("select (to_jsonb(t) - 'tenant_id'{without})::text from {table} t order by {order}");
        let rows = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(tx.conn()).await.unwrap();
        tables.push((table.to_owned(), rows));
    }
    tables
}

async fn run(shop: &Shop, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&shop.db.owner).await.unwrap();
}

/// A shop with a world's events held, one to three of each. An aggregate has no items and is no event of its own.
async fn aggregated(world: &RandomWorld) -> (Shop, Vec<NaiveDate>) {
    let shop = Shop::of(&world.spec.settings).await;
    let days = hold(&shop, &world.spec.settings, &world.rows).await;
    run(
        &shop,
        "delete from held_events where own_id;
         update held_events
         set event_count = case when kind = 0 then 1 else 1 + n % 3 end, items = null, items_count = 0, items_value = 0,
             -- of an order with a number the amount is the order's, however often it was sent; else it is the sum
             amount = amount * case when transaction_id is null then 1 + n % 3 else 1 end",
    )
    .await;
    (shop, days)
}

/// The same events, each a row.
async fn expanded(world: &RandomWorld) -> (Shop, Vec<NaiveDate>) {
    let (shop, days) = aggregated(world).await;
    run(
        &shop,
        "create table copies as
         select h.*, c.copy from held_events h, generate_series(1, h.event_count) c (copy) where c.copy > 1;
         update copies
         set event_id = (left(event_id::text, 18) || left(md5(n || ':' || copy), 16))::uuid;
         alter table copies drop column n, drop column copy;
         insert into held_events overriding user value select null, * from copies;
         update held_events
         set amount = trim_scale(amount / case when transaction_id is null then event_count else 1 end), event_count = 1",
    )
    .await;
    (shop, days)
}

async fn pull_all(shop: &Shop, days: &[NaiveDate]) {
    let numbers = held(shop).await;
    for day in days {
        pull(shop, *day, "replace", &numbers).await;
    }
}

#[tokio::test]
async fn an_aggregate_counts_as_its_events_pulled_or_posted() {
    for seed in [3, 4, 5] {
        let world = world(seed);
        let (one_by_one, days) = expanded(&world).await;
        pull_all(&one_by_one, &days).await;
        let (pulled, _) = aggregated(&world).await;
        pull_all(&pulled, &days).await;
        assert_same(&figures(&one_by_one).await, &figures(&pulled).await);
        assert_eq!(
            pulled
                .number(
                    "select count(*) from daily_stats d where purchase_lines <> (
                         select count(*) from orders o
                         where o.counted and o.event_date = d.day and d.location_id in ('', o.location_id))"
                )
                .await,
            0
        );
        assert_kept_right(&pulled).await;

        let (posted, _) = aggregated(&world).await;
        let mut again = held(&posted).await;
        while !again.is_empty() {
            let rest = again.split_off(again.len().min(100));
            again = post(&posted, &again).await;
            again.extend(rest);
            fold_all(&posted, &days, 70).await;
        }
        assert_same(&whatever_the_way(&pulled).await, &whatever_the_way(&posted).await);
        assert_kept_right(&posted).await;
    }
}

#[tokio::test]
async fn a_load_answers_how_many_events_its_rows_stand_for() {
    let (shop, days) = aggregated(&world(3)).await;
    pull_all(&shop, &days).await;
    assert!(shop.number("select count(*) from page_view where event_count > 1").await > 0);
    assert_eq!(
        shop.number(
            "select count(*) from ingested_days i
             where i.events <> (select sum(e.events) from day_events e where e.day = i.day)"
        )
        .await,
        0
    );
    assert_eq!(
        shop.number(
            "select count(*) from day_events d where table_name = 'page_view'
                 and d.events <> (select sum(e.event_count) from page_view e where e.event_date = d.day)"
        )
        .await,
        0
    );
}
