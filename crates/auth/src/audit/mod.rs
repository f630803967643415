//! The audit log as owners see it: listed and exported. Writing it is `common::auth::audit`.

mod entries;
mod export;
mod filter;
mod list;

pub(crate) use export::{__path_export_audit, export_audit};
pub(crate) use list::{__path_list_audit, list_audit};
