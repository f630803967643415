//! Folding beside others: a day that is being loaded, two sessions at once, a rebuild, another time zone, a process that dies.

use chrono::NaiveDate;
use chrono_tz::Tz;
use common::db::TenantTx;
use testkit::oracle::TenantSettings;
use testkit::rows::{RandomSpec, random};

use crate::fold_support::{Folded, assert_kept_right, fold, fold_once, held, hold, post, pull, whatever_the_way};
use crate::support::{Shop, assert_same};

async fn held_shop(spec: &RandomSpec) -> (Shop, Vec<NaiveDate>, Vec<i64>) {
    let shop = Shop::of(&spec.settings).await;
    let days = hold(&shop, &spec.settings, &random(7, spec)).await;
    let numbers = held(&shop).await;
    (shop, days, numbers)
}

#[tokio::test]
async fn a_day_that_is_being_loaded_is_left_alone() {
    let (shop, days, numbers) = held_shop(&RandomSpec::default()).await;
    post(&shop, &numbers).await;
    let mut loading = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('ga load day ' || $1::text || $2::text, 0))")
        .bind(shop.tenant.to_string())
        .bind(days[0].to_string())
        .execute(loading.conn())
        .await
        .unwrap();
    let before = whatever_the_way(&shop).await;
    assert_eq!(fold_once(&shop, days[0], 1000).await, Folded { folded: 0, left: true, busy: true });
    assert_same(&before, &whatever_the_way(&shop).await);
    // Another day of the same tenant is not in its way.
    assert!(fold_once(&shop, days[1], 1000).await.folded > 0);
    loading.commit().await.unwrap();
    assert!(fold_once(&shop, days[0], 1000).await.folded > 0);
}

#[tokio::test]
async fn a_fold_that_dies_leaves_what_waited() {
    let (shop, days, numbers) = held_shop(&RandomSpec::default()).await;
    post(&shop, &numbers).await;
    let waiting = shop.number("select count(*) from posted_events").await;
    let before = whatever_the_way(&shop).await;
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    assert!(fold(tx.conn(), &shop, days[0], 50).await.folded > 0);
    assert!(fold(tx.conn(), &shop, days[1], 50).await.folded > 0);
    drop(tx);
    assert_eq!(shop.number("select count(*) from posted_events").await, waiting);
    assert_same(&before, &whatever_the_way(&shop).await);
}

#[tokio::test]
async fn sessions_that_fold_and_load_at_once_come_to_the_same() {
    let spec = RandomSpec { visits: 150, ..RandomSpec::default() };
    let (shop, days, numbers) = held_shop(&spec).await;
    let (pulled, posted) = numbers.split_at(numbers.len() / 3);
    let folding = async || {
        let mut waits = true;
        while waits {
            waits = false;
            for day in &days {
                let folded = fold_once(&shop, *day, 25).await;
                waits |= folded.left;
            }
        }
    };
    let loading = async || {
        for day in days.iter().rev() {
            pull(&shop, *day, "replace", pulled).await;
            pull(&shop, *day, "append", pulled).await;
        }
    };
    let mut again = posted.to_vec();
    while !again.is_empty() {
        again = post(&shop, &again).await;
        tokio::join!(folding(), folding(), loading(), folding());
    }
    assert_eq!(shop.number("select count(*) from posted_events").await, 0);
    assert_kept_right(&shop).await;
    let whole = Shop::of(&spec.settings).await;
    whole.load("replace", &random(7, &spec)).await;
    assert_same(&whatever_the_way(&whole).await, &whatever_the_way(&shop).await);
}

async fn rebuild(shop: &Shop) {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query("select rebuild_rollups($1)").bind(shop.tenant).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

/// As an operator does it.
async fn move_to_zone(shop: &Shop, zone: Tz) {
    let mut tx = shop.db.owner.begin().await.unwrap();
    sqlx::query("select set_config('app.tenant_id', $1, true)")
        .bind(shop.tenant.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    let moved = sqlx::query("update tenants set time_zone = $2 where tenant_id = $1")
        .bind(shop.tenant)
        .bind(zone.name())
        .execute(&mut *tx)
        .await
        .unwrap();
    assert_eq!(moved.rows_affected(), 1);
    tx.commit().await.unwrap();
}

/// With `zone`, the tenant moves there half way: folding goes on, and one rebuild makes all of it that zone's.
async fn rebuilt_meanwhile(zone: Option<Tz>) {
    let spec = RandomSpec { visits: 150, ..RandomSpec::default() };
    let (shop, days, numbers) = held_shop(&spec).await;
    let (pulled, posted) = numbers.split_at(numbers.len() / 3);
    let folding = async || {
        let mut waits = true;
        while waits {
            waits = false;
            for day in &days {
                waits |= fold_once(&shop, *day, 25).await.left;
            }
        }
    };
    let loading = async || {
        for day in &days {
            pull(&shop, *day, "replace", pulled).await;
        }
    };
    let rebuilding = async || {
        for _ in 0..3 {
            rebuild(&shop).await;
        }
        if let Some(zone) = zone {
            move_to_zone(&shop, zone).await;
        }
    };
    let mut again = posted.to_vec();
    while !again.is_empty() {
        again = post(&shop, &again).await;
        tokio::join!(folding(), rebuilding(), loading(), folding());
    }
    assert_eq!(shop.number("select count(*) from posted_events").await, 0);
    if zone.is_some() {
        rebuild(&shop).await;
    }
    assert_kept_right(&shop).await;
    let settings = TenantSettings { zone: zone.unwrap_or(spec.settings.zone), ..spec.settings.clone() };
    let whole = Shop::of(&settings).await;
    whole.load("replace", &random(7, &spec)).await;
    assert_same(&whatever_the_way(&whole).await, &whatever_the_way(&shop).await);
}

#[tokio::test]
async fn a_rebuild_meanwhile_changes_nothing() {
    rebuilt_meanwhile(None).await;
}

#[tokio::test]
async fn a_tenant_may_move_to_another_zone_while_events_are_folded() {
    rebuilt_meanwhile(Some(chrono_tz::Pacific::Auckland)).await;
}
