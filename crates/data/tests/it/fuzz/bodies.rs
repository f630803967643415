//! Bodies in the form of the Measurement Protocol: read, judged and mapped, and posted.

use data_service::events::body::{Shape, Unreadable, read};
use data_service::events::limits::EventLimits;
use data_service::events::receive::receive;
use data_service::events::settings::EventSettings;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use reqwest::Method;
use testkit::http::Answer;

use super::mutation::{BODY_FIELDS, mutated, mutations};
use super::{check_event, runner, seeds, settings};
use crate::scene::Scene;

fn check(body: &[u8]) {
    let settings =
        EventSettings { mapping: settings(), zone: chrono_tz::America::New_York, limits: EventLimits::default() };
    let messages = match read(body) {
        Ok(messages) => messages,
        Err(Unreadable::Malformed(reason)) => return assert!(!reason.is_empty()),
        Err(Unreadable::Invalid(faults)) => return assert!(!faults.is_empty()),
    };
    let sent: usize = messages
        .iter()
        .map(|(_, message)| match &message.events {
            Shape::Is(events) => events.first.len(),
            _ => 0,
        })
        .sum();
    let received = receive(&messages, &settings, chrono::Utc::now().timestamp_micros());
    received.events.iter().for_each(check_event);
    assert!(received.rejected.iter().all(|event| event.index < sent && !event.message.is_empty()));
    assert_eq!(received.events.len() + received.rejected.len() + received.passing as usize, sent);
}

#[test]
fn a_body_is_judged_event_by_event_whatever_is_in_it() {
    let seeds = seeds("measurement_protocol");
    seeds.iter().for_each(|seed| check(seed));
    runner(4000)
        .run(&(any::<Index>(), mutations(BODY_FIELDS)), |(seed, mutations)| {
            check(&mutated(&seeds[seed.index(seeds.len())], &mutations));
            Ok(())
        })
        .unwrap();
    runner(1000)
        .run(&vec(any::<u8>(), 0..200), |bytes| {
            check(&bytes);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_post_is_answered_and_what_it_does_not_accept_is_not_there() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scene = runtime.block_on(Scene::new());
    let seeds = seeds("measurement_protocol");
    let stored = async || {
        let mut tx = common::db::TenantTx::begin(&scene.state.pool, scene.tenant).await.unwrap();
        sqlx::query_scalar::<_, i64>("select count(*) from posted_events").fetch_one(tx.conn()).await.unwrap()
    };
    runner(60)
        .run(&(any::<Index>(), mutations(BODY_FIELDS)), |(seed, mutations)| {
            runtime.block_on(async {
                let before = stored().await;
                let body = mutated(&seeds[seed.index(seeds.len())], &mutations);
                let request = scene.owner.request(Method::POST, "/data/events");
                let answer = Answer::of(request.header("content-type", "application/json").body(body)).await;
                let added = stored().await - before;
                match answer.status {
                    202 => {
                        assert!(added <= answer.json()["accepted"].as_i64().unwrap(), "{added} of {}", answer.text())
                    }
                    400 | 413 | 422 => assert_eq!(added, 0),
                    status => panic!("{status}: {}", answer.text()),
                }
            });
            Ok(())
        })
        .unwrap();
}
