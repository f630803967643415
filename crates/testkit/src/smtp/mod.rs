//! Mail servers for tests: one in the process, whose answers a test writes, and PyPI's aiosmtpd.

mod certificates;
mod script;
mod session;
mod sink;

pub use certificates::Certificates;
pub use script::{Answer, Phase, Talk, by_recipient};
pub use sink::{Heard, Options, Received, Sink};
