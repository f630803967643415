//! Ingestion jobs: from the request or command that asks for one to the last committed day. A job is a row; whatever
//! process dies with it, another goes on where the last committed day ended.

pub mod cancel;
mod days;
pub mod folder;
pub mod job;
mod land;
pub(crate) mod list_sources;
pub(crate) mod lists;
mod origin;
mod progress;
mod read;
mod rejected;
pub mod retry;
pub mod spool;
pub mod start;
pub mod stream;
pub mod submit;
mod summary;
pub mod sweep;
mod units;
pub mod upload;
pub mod view;
pub mod work;
