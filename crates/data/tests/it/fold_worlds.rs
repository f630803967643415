//! Posting held against pulling over random worlds: in whatever order and parts events come, the tables are the same, and
//! what is kept is what a rebuild makes.
//!
//! More worlds, or one again: `FOLD_CASES=200 make test`, `FOLD_SEED=1234 make test`.

use chrono::NaiveDate;
use common::db::TenantTx;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use testkit::rows::{RandomWorld, world};

use crate::fold_support::{assert_kept_right, fold, fold_all, fold_once, held, hold, post, pull, whatever_the_way};
use crate::support::{Shop, assert_same};

const CASES: u32 = 6;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs a test over random seeds. A seed is the whole case: there is nothing smaller to shrink to.
fn over_seeds(test: impl AsyncFn(u64)) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some(seed) = number("FOLD_SEED") {
        return runtime.block_on(test(seed));
    }
    let cases = number("FOLD_CASES").and_then(|n| u32::try_from(n).ok()).unwrap_or(CASES);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    TestRunner::new(config)
        .run(&(0..u64::from(u32::MAX)), |seed| {
            eprintln!("FOLD_SEED={seed}");
            runtime.block_on(test(seed));
            Ok::<(), TestCaseError>(())
        })
        .unwrap();
}

struct Run {
    shop: Shop,
    days: Vec<NaiveDate>,
    dice: Xoshiro256PlusPlus,
}

impl Run {
    async fn of(world: &RandomWorld, seed: u64) -> Self {
        let shop = Shop::of(&world.spec.settings).await;
        let days = hold(&shop, &world.spec.settings, &world.rows).await;
        Self { shop, days, dice: Xoshiro256PlusPlus::seed_from_u64(seed) }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.dice.random_range(0..100) < percent
    }

    fn day(&mut self) -> NaiveDate {
        self.days[self.dice.random_range(0..self.days.len())]
    }

    /// Posts the events in a random order, in parts, some of them again; folds in parts between.
    async fn post_and_fold(&mut self, numbers: &[i64]) {
        let mut queue = numbers.to_vec();
        queue.shuffle(&mut self.dice);
        let mut gone: Vec<i64> = Vec::new();
        while !queue.is_empty() {
            let part = self.dice.random_range(1..60).min(queue.len());
            let part = queue.split_off(queue.len() - part);
            let later = post(&self.shop, &part).await;
            queue.splice(0..0, later);
            gone.extend(&part);
            let repeats: Vec<i64> = (0..5).map(|_| gone[self.dice.random_range(0..gone.len())]).collect();
            post(&self.shop, &repeats).await;
            if self.chance(60) {
                let (day, limit) = (self.day(), self.dice.random_range(1..80));
                if self.chance(15) {
                    self.fold_in_vain(day, limit).await;
                }
                fold_once(&self.shop, day, limit).await;
            }
            if self.chance(10) {
                assert_kept_right(&self.shop).await;
            }
        }
        let limit = self.dice.random_range(1..200);
        fold_all(&self.shop, &self.days, limit).await;
    }

    /// A fold whose process dies before its commit.
    async fn fold_in_vain(&self, day: NaiveDate, limit: i32) {
        let mut tx = TenantTx::begin(&self.shop.db.app, self.shop.tenant).await.unwrap();
        fold(tx.conn(), &self.shop, day, limit).await;
        fold(tx.conn(), &self.shop, self.days[0], limit).await;
    }

    /// A random part of the events.
    fn some(&mut self, numbers: &[i64], percent: u32) -> Vec<i64> {
        numbers.iter().copied().filter(|_| self.dice.random_range(0..100) < percent).collect()
    }

    async fn pull_days(&mut self, numbers: &[i64], mode: &str) {
        let mut days = self.days.clone();
        days.shuffle(&mut self.dice);
        for day in days {
            pull(&self.shop, day, mode, numbers).await;
        }
    }
}

#[test]
fn posted_in_any_parts_is_imported_at_once() {
    over_seeds(async |seed| {
        let world = world(seed);
        let imported = Shop::of(&world.spec.settings).await;
        let job = imported.load("replace", &world.rows).await;
        assert!(job.status.starts_with("completed"), "{job:?}");
        let mut run = Run::of(&world, seed).await;
        let all = held(&run.shop).await;
        run.post_and_fold(&all).await;
        assert_same(&whatever_the_way(&imported).await, &whatever_the_way(&run.shop).await);
        assert_kept_right(&run.shop).await;
        // Everything again: nothing new.
        let before = run.shop.tables(true).await;
        run.post_and_fold(&all).await;
        assert_same(&before, &run.shop.tables(true).await);
    });
}

#[test]
fn posted_and_pulled_in_both_orders_is_imported_at_once() {
    over_seeds(async |seed| {
        let world = world(seed);
        let imported = Shop::of(&world.spec.settings).await;
        imported.load("replace", &world.rows).await;
        for pulled_first in [true, false] {
            let mut run = Run::of(&world, seed).await;
            let all = held(&run.shop).await;
            let pulled = run.some(&all, 60);
            let mut posted: Vec<i64> = all.iter().copied().filter(|n| !pulled.contains(n)).collect();
            posted.extend(run.some(&pulled, 30));
            if pulled_first {
                run.pull_days(&pulled, "replace").await;
                run.post_and_fold(&posted).await;
            } else {
                run.post_and_fold(&posted).await;
                // In two parts of one export.
                let half = pulled.len() / 2;
                run.pull_days(&pulled[..half], "append").await;
                run.pull_days(&pulled[half..], "append").await;
            }
            assert_same(&whatever_the_way(&imported).await, &whatever_the_way(&run.shop).await);
            assert_kept_right(&run.shop).await;

            // A pull that lacks some: posted ones stay, others go.
            let fewer = run.some(&pulled, 50);
            run.pull_days(&fewer, "replace").await;
            let expected = Run::of(&world, seed).await;
            let mut union = posted.clone();
            union.extend(fewer.iter().filter(|n| !posted.contains(n)));
            for day in &expected.days {
                pull(&expected.shop, *day, "replace", &union).await;
            }
            assert_same(&whatever_the_way(&expected.shop).await, &whatever_the_way(&run.shop).await);
            assert_kept_right(&run.shop).await;
        }
    });
}

#[test]
fn a_day_may_be_replaced_while_posted_events_wait() {
    over_seeds(async |seed| {
        let world = world(seed);
        let mut run = Run::of(&world, seed).await;
        let all = held(&run.shop).await;
        let (pulled, posted) = (run.some(&all, 50), run.some(&all, 50));
        run.pull_days(&all, "replace").await;
        let mut again = post(&run.shop, &posted).await;
        for day in run.days.clone() {
            fold_once(&run.shop, day, 7).await;
        }
        run.pull_days(&pulled, "replace").await;
        assert_kept_right(&run.shop).await;
        while !again.is_empty() {
            fold_all(&run.shop, &run.days, 50).await;
            again = post(&run.shop, &again).await;
        }
        fold_all(&run.shop, &run.days, 50).await;
        let expected = Run::of(&world, seed).await;
        let mut union = posted.clone();
        union.extend(pulled.iter().filter(|n| !posted.contains(n)));
        for day in &expected.days {
            pull(&expected.shop, *day, "replace", &union).await;
        }
        assert_same(&whatever_the_way(&expected.shop).await, &whatever_the_way(&run.shop).await);
        assert_kept_right(&run.shop).await;
    });
}
