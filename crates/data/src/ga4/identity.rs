//! Who an event is: the same event is one row whatever the path it came by.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What identifies an event that brought no id of its own. Stream, batch, device, geo and traffic fields are left out:
/// they differ between paths and fill in late. Equal tuples within one load are numbered later, in the database.
pub struct EventTuple<'a> {
    pub event_name: &'a str,
    pub event_timestamp: i64,
    pub user_pseudo_id: Option<&'a str>,
    pub ga_session_id: Option<i64>,
    pub transaction_id: Option<&'a str>,
    pub page_location: Option<&'a str>,
    pub term: Option<&'a str>,
    pub item_ids: &'a [String],
}

/// A hash over parts that cannot run into each other: each is preceded by its length, and an absent one is not an empty one.
struct Parts(Sha256);

impl Parts {
    fn new(domain: &str) -> Self {
        Self(Sha256::new()).text(Some(domain))
    }

    fn text(mut self, part: Option<&str>) -> Self {
        match part {
            Some(text) => {
                self.0.update((text.len() as u64).to_be_bytes());
                self.0.update(text.as_bytes());
            }
            None => self.0.update([0xff; 8]),
        }
        self
    }

    fn int(mut self, part: Option<i64>) -> Self {
        self.0.update([u8::from(part.is_some())]);
        self.0.update(part.unwrap_or_default().to_be_bytes());
        self
    }

    fn digest(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.0.finalize()[..16]);
        bytes
    }
}

/// The visit's id: of the visitor and GA4's session id, which alone is shared by many visitors.
pub fn visit_id(user_pseudo_id: &str, ga_session_id: i64) -> Uuid {
    Uuid::from_bytes(Parts::new("visit").text(Some(user_pseudo_id)).int(Some(ga_session_id)).digest())
}

/// The event's id: 8 bytes of its visit, 8 of its content, so that the primary key finds a visit's events of a day.
pub fn event_id(tuple: &EventTuple, visit: Option<Uuid>) -> Uuid {
    let mut parts = Parts::new("event")
        .text(Some(tuple.event_name))
        .int(Some(tuple.event_timestamp))
        .text(tuple.user_pseudo_id)
        .int(tuple.ga_session_id)
        .text(tuple.transaction_id)
        .text(tuple.page_location)
        .text(tuple.term);
    for id in tuple.item_ids {
        parts = parts.text(Some(id));
    }
    let content = parts.digest();
    let place = match visit {
        Some(visit) => *visit.as_bytes(),
        None => Parts::new("no visit").text(tuple.user_pseudo_id).int(tuple.ga_session_id).digest(),
    };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&place[..8]);
    bytes[8..].copy_from_slice(&content[..8]);
    Uuid::from_bytes(bytes)
}

/// The id of an event that brought its own `event_id` parameter: it replaces all but the name.
pub fn own_event_id(event_name: &str, id: &str) -> Uuid {
    Uuid::from_bytes(Parts::new("own event").text(Some(event_name)).text(Some(id)).digest())
}

/// The id of a sum, from that of an event of which as much is known. An event that was sent at a full minute is not the sum
/// of all that were like it in this minute.
pub fn sum_id(event: Uuid) -> Uuid {
    let mut bytes = *event.as_bytes();
    let content = Parts::new("sum").text(Some(&event.simple().to_string())).digest();
    bytes[8..].copy_from_slice(&content[..8]);
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::{EventTuple, event_id, own_event_id, sum_id, visit_id};

    fn tuple() -> EventTuple<'static> {
        EventTuple {
            event_name: "page_view",
            event_timestamp: 1,
            user_pseudo_id: Some("a"),
            ga_session_id: Some(7),
            transaction_id: None,
            page_location: Some("/"),
            term: None,
            item_ids: &[],
        }
    }

    #[test]
    fn a_visit_is_visitor_and_session() {
        assert_ne!(visit_id("a", 7), visit_id("b", 7));
        assert_ne!(visit_id("a", 7), visit_id("a", 8));
        assert_eq!(visit_id("a", 7), visit_id("a", 7));
    }

    #[test]
    fn an_events_id_begins_with_its_visits() {
        let visit = visit_id("a", 7);
        let id = event_id(&tuple(), Some(visit));
        assert_eq!(sum_id(id).as_bytes()[..8], visit.as_bytes()[..8]);
        assert_ne!(sum_id(id), id);
        assert_eq!(id.as_bytes()[..8], visit.as_bytes()[..8]);
        assert_ne!(id, event_id(&EventTuple { page_location: None, ..tuple() }, Some(visit)));
        assert_ne!(id, event_id(&EventTuple { page_location: Some(""), ..tuple() }, Some(visit)));
        assert_ne!(
            event_id(&EventTuple { page_location: Some("ab"), term: Some("c"), ..tuple() }, None),
            event_id(&EventTuple { page_location: Some("a"), term: Some("bc"), ..tuple() }, None)
        );
    }

    #[test]
    fn an_own_id_replaces_all_but_the_name() {
        assert_eq!(own_event_id("purchase", "x"), own_event_id("purchase", "x"));
        assert_ne!(own_event_id("purchase", "x"), own_event_id("page_view", "x"));
    }
}
