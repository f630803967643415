//! Branch reports by mail.

mod as_sent;
mod bounces;
mod config;
mod coverage;
mod delivery;
mod golden;
mod history;
mod kill;
mod mail_lint;
mod mappings;
mod outbox;
mod pace;
mod page;
mod preview;
mod races;
mod report;
mod scene;
mod schedules;
mod send;
mod slow_down;
mod smtp;
mod suppressions;
mod worker;
