//! Rows that a job did not take: listed, downloaded, and taken up again after a fix. Called by the API alone.

pub mod download;
pub mod list;
pub mod redrive;
