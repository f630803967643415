//! analytics-service: what to do. The dashboard, the five task lists, what a customer or a visit did, and branch reports by
//! mail.

mod email;
mod history;
mod locations;
mod params;
mod routes;
mod scope;
mod stats;
mod tasks;

pub use email::{MailState, Mailer, SampleMail, sample_mails, scheduling, wake_due};
pub use routes::{META, app, document, router};
