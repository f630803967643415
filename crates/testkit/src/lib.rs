//! What the tests of all crates share: a database per test, rows of GA4, an oracle to hold answers against, people and tokens.

pub mod db;
pub mod oracle;
pub mod rows;
