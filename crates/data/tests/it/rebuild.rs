//! The roll-ups are a cache with a proof: made again from the events they are the same to the byte, after whatever history.

use std::collections::BTreeMap;

use common::db::TenantTx;
use proptest::test_runner::{Config, TestRunner};
use testkit::rows::{RandomWorld, by_day, world};

use crate::support::{Shop, assert_same};

/// Loads a random world in a random order: whole, in parts, days replaced by others and back again.
async fn load(shop: &Shop, world: &RandomWorld, order: u64) {
    let days: BTreeMap<_, _> = by_day(&world.rows);
    let mut days: Vec<_> = days.into_iter().collect();
    if order % 2 == 1 {
        days.reverse();
    }
    for (n, (_, rows)) in days.iter().enumerate() {
        if (order >> (n % 16)).is_multiple_of(3) {
            // Half a day first, then the day whole: what the half brought must be gone.
            shop.load("replace", &rows[..rows.len() / 2]).await;
        }
        let job = shop.load("replace", rows).await;
        assert!(job.status.starts_with("completed"), "{job:?}");
    }
}

async fn rebuild(shop: &Shop) {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query("select rebuild_rollups($1)").bind(shop.tenant).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

#[test]
fn rebuilt_equals_kept_and_the_order_of_loading_does_not_matter() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner =
        TestRunner::new(Config { cases: 6, failure_persistence: None, max_shrink_iters: 0, ..Config::default() });
    runner
        .run(&(0u64..1_000_000, 0u64..65_536), |(seed, order)| {
            runtime.block_on(async {
                let world = world(seed);
                let (kept, whole) = (Shop::of(&world.spec.settings).await, Shop::of(&world.spec.settings).await);
                load(&kept, &world, order).await;
                let before = kept.tables(true).await;
                rebuild(&kept).await;
                assert_same(&before, &kept.tables(true).await);
                whole.load("replace", &world.rows).await;
                assert_same(&before, &whole.tables(true).await);
            });
            Ok(())
        })
        .unwrap();
}
