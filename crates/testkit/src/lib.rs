//! What the tests of all crates share: a database per test, rows of GA4, an oracle to hold answers against, people who
//! may call, mail servers, and a client to call with. A dev-dependency only.

pub mod crash_server;
pub mod db;
pub mod documents;
pub mod google;
pub mod http;
pub mod logs;
pub mod oracle;
pub mod process;
pub mod rows;
pub mod smtp;
pub mod state;
pub mod tenants;
pub mod tokens;
pub mod walls;
pub mod workbook;
