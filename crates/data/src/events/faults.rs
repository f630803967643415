//! What is wrong with an event, gathered so that its sender hears all of it at once.

use serde::Serialize;
use utoipa::ToSchema;

/// More than a person reads of one event.
const MOST: usize = 10;
/// Names in paths are the sender's and may be long.
const LONGEST_NAME: usize = 60;

/// An event that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RejectedEvent {
    /// Which event, counting from 0 across the whole body.
    #[schema(minimum = 0)]
    pub index: usize,
    /// The field as its sender wrote it: `events[3].params.page_title`, `[1].client_id`.
    pub field: String,
    /// What is wrong with it; further faults of the same event follow it with their fields.
    pub message: String,
}

/// Faults of one event in the order they were found.
#[derive(Debug, Default, Clone)]
pub struct Faults(Vec<(String, String)>);

impl Faults {
    /// Adds one; `field` is the path inside the object.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < MOST {
            self.0.push((field.into(), message.into()));
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The event's and those of the object it came in, as one rejection; none when there are none. `place` is the object's
    /// place in the body.
    pub fn rejection(self, of_object: &Self, place: &str, index: usize) -> Option<RejectedEvent> {
        let mut all = of_object.0.iter().cloned().chain(self.0);
        let (field, mut message) = all.next()?;
        for (field, more) in all {
            message.push_str(&format!("; {place}{field} {more}"));
        }
        // Answers are kept for retries, in a column of JSON; PostgreSQL stores no NUL character there.
        let seen = |text: String| text.replace('\0', "\u{2400}");
        Some(RejectedEvent { index, field: seen(format!("{place}{field}")), message: seen(message) })
    }
}

/// A sender's name as a part of a path.
pub fn shown(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
