//! A tenant's source: what feeds its events and lists, with which key, and when. Read and set by `/data/source`, asked by
//! ingestion for settings and credentials, run on its schedule by a loop in every process.

pub mod change;
mod check;
mod check_list;
mod config;
mod credentials;
pub mod due;
pub mod grants;
pub mod probe;
pub mod reseal;
mod save;
pub mod scheduling;
mod secret_field;
mod stored;
pub mod support;
pub mod view;

pub use config::{BigquerySettings, DataApiSettings, SourceConfig, SourceKind};
pub use credentials::{KeyHolder, credentials, endpoints, holder};
pub use stored::{ListOf, StoredKey, StoredList, StoredSchedule, StoredSource, load};
