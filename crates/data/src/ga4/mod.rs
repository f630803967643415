//! GA4's BigQuery export rows and what they become: one code path for every file shape and source.
//! Called by the sources while they parse; knows nothing of files or of the database.

mod event;
mod extra;
mod identity;
mod items;
mod map;
mod money;
mod row;
mod scalar;
mod settings;
mod value;

pub use event::{EventKind, MappedEvent};
pub use identity::sum_id;
pub use map::{LANDED_EVENTS, Mapped, event_names, read_row, session_id};
pub use settings::MappingSettings;
pub use value::{real, real_text};
