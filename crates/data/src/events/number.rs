//! Telling equal events of one request apart, exactly as a load of a day does (sql/functions/ingest/load_staged_day.sql).

use std::cmp::Ordering;
use std::collections::HashSet;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ga4::{EventKind, MappedEvent};

/// Numbers equal tuples: thirteen identical clicks are thirteen, and the same thirteen when they are sent again. An event
/// that brought its own id and came twice, on whatever days, is one, the first in event order; so is what an event that does
/// not land says twice. Answers the events in the order of their keys, which keeps two requests from waiting for each other in a circle,
/// and how many were left out.
pub fn number(mut events: Vec<MappedEvent>) -> (Vec<MappedEvent>, u64) {
    let sent = events.len();
    events.sort_by(|a, b| (a.event_date, a.event_id).cmp(&(b.event_date, b.event_id)).then_with(|| among_equals(a, b)));
    let mut last: Option<(Uuid, u64)> = None;
    events.retain_mut(|event| {
        let n = last.filter(|(id, _)| *id == event.event_id).map_or(1, |(_, n)| n + 1);
        last = Some((event.event_id, n));
        if n == 1 {
            return true;
        }
        event.event_id = numbered(event.event_id, n);
        !event.own_id && event.kind != EventKind::Identity
    });
    let mut own = HashSet::new();
    events.retain(|event| !event.own_id || own.insert(event.event_id));
    // Numbers moved some of them.
    events.sort_by_key(|event| (event.event_date, event.event_id));
    let left_out = (sent - events.len()) as u64;
    (events, left_out)
}

/// The first is the event itself. What is not there sorts last, as PostgreSQL sorts nulls.
fn among_equals(a: &MappedEvent, b: &MappedEvent) -> Ordering {
    a.event_timestamp
        .cmp(&b.event_timestamp)
        .then_with(|| nulls_last(a.web_user_id.as_ref(), b.web_user_id.as_ref()))
        .then_with(|| nulls_last(a.ga_user_id.as_ref(), b.ga_user_id.as_ref()))
        .then_with(|| nulls_last(a.branch_id.as_ref(), b.branch_id.as_ref()))
        .then_with(|| nulls_last(a.amount.as_ref(), b.amount.as_ref()))
        .then_with(|| nulls_last(a.extra.as_ref(), b.extra.as_ref()))
}

fn nulls_last<T: Ord>(a: Option<&T>, b: Option<&T>) -> Ordering {
    a.is_none().cmp(&b.is_none()).then_with(|| a.cmp(&b))
}

/// The visit's half of the id, and 8 bytes of a hash of the id and its number.
fn numbered(id: Uuid, n: u64) -> Uuid {
    let hash = Sha256::digest(format!("{id}:{n}"));
    let mut bytes = *id.as_bytes();
    bytes[8..].copy_from_slice(&hash[..8]);
    Uuid::from_bytes(bytes)
}
