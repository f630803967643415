//! Events that are posted instead of pulled: GA4's Measurement Protocol. A request's events are judged, mapped like export
//! rows, and answered once they are committed to `posted_events`; the folder moves them on to where figures come from.

pub mod body;
mod check;
pub mod collect;
pub mod faults;
pub mod fold;
mod idempotency;
pub mod limits;
mod names;
mod number;
pub mod post;
pub mod receive;
mod row;
pub mod settings;
mod store;
pub mod sweep;
#[cfg(test)]
mod tests;
