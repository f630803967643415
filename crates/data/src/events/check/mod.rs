//! Whether an event keeps to the limits: Google's rules for names, numbers of things, lengths and age.

mod event;
mod items;
mod object;
mod time;
mod value;

pub use event::event;
pub use object::{object, visitor};
pub use time::{CLOCK_SKEW, time};

/// How strictly an object wants to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behavior {
    Relaxed,
    EnforceRecommendations,
}
