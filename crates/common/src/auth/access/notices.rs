//! Hears what the database tells of changes, and whether it can be heard at all.

use std::{
    collections::VecDeque,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use sqlx::postgres::PgListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Inner, memory::Change};

/// Triggers of `migrations/0007_access.sql` write to it.
const CHANNEL: &str = "access_changed";
/// Between two beats.
const BEAT: Duration = Duration::from_millis(250);
/// Before the channel is opened anew after it failed.
const PAUSE: Duration = Duration::from_millis(500);

pub(super) async fn keep_listening(access: &Inner, stop: &CancellationToken) {
    loop {
        let heard = tokio::select! {
            heard = listen(access) => heard,
            () = stop.cancelled() => return,
        };
        access.memory.deaf();
        if let Err(error) = heard {
            tracing::warn!(%error, "changes of access are not heard; each request asks the database until they are");
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Until the connection is lost.
async fn listen(access: &Inner) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(&access.pool).await?;
    // A connection made anew in silence would have missed what was told meanwhile.
    listener.eager_reconnect(false);
    let beats = format!("access_beat_{}", Uuid::new_v4().simple());
    listener.listen_all([CHANNEL, &beats]).await?;
    // Nothing that was learned before can be relied on: it may have changed while nobody listened.
    access.memory.deaf();
    access.keys_version.fetch_add(1, Ordering::AcqRel);
    let mut tick = tokio::time::interval(BEAT);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut sent: VecDeque<(u64, Instant)> = VecDeque::new();
    let mut number = 0_u64;
    loop {
        tokio::select! {
            notice = listener.try_recv() => match notice? {
                None => return Ok(()),
                Some(notice) if notice.channel() == beats => {
                    let number: u64 = notice.payload().parse().unwrap_or_default();
                    while let Some((of, at)) = sent.pop_front() {
                        if of == number {
                            access.memory.beat(at);
                            break;
                        }
                    }
                }
                Some(notice) => {
                    if notice.payload() == "keys" {
                        access.keys_version.fetch_add(1, Ordering::AcqRel);
                    } else {
                        access.memory.forget(change(notice.payload()));
                    }
                }
            },
            _ = tick.tick() => {
                number += 1;
                sent.push_back((number, Instant::now()));
                beat(&mut listener, &beats, number).await?;
            }
        }
    }
}

/// What was committed before it comes back before it.
async fn beat(listener: &mut PgListener, channel: &str, number: u64) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_notify($1, $2)").bind(channel).bind(number.to_string()).execute(listener).await?;
    Ok(())
}

/// What a notice says; one of a later release may say what is not known here.
fn change(payload: &str) -> Change {
    let words: Vec<&str> = payload.split(' ').collect();
    let id = |at: usize| words.get(at).and_then(|word| word.parse::<Uuid>().ok());
    let known = match (words.first().copied(), id(1), id(2)) {
        (Some("session"), Some(session), None) => Some(Change::Session(session.into())),
        (Some("account"), Some(account), None) => Some(Change::Account(account.into())),
        (Some("tenant"), Some(tenant), None) => Some(Change::Tenant(tenant.into())),
        (Some("member"), Some(tenant), Some(account)) => Some(Change::Member(tenant.into(), account.into())),
        (Some("key"), Some(tenant), Some(key)) => Some(Change::ApiKey(tenant.into(), key.into())),
        _ => None,
    };
    known.unwrap_or(Change::Anything)
}
