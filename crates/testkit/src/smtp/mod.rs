//! Mail servers for tests: one in the process, whose answers a test writes, PyPI's aiosmtpd, and Debian's
//! postfix.

mod aiosmtpd;
mod certificates;
mod postfix;
mod script;
mod session;
mod sink;

pub use aiosmtpd::{Aiosmtpd, AiosmtpdOptions, Taken, python, read_by_python};
pub use certificates::Certificates;
pub use postfix::Postfix;
pub use script::{Answer, Phase, Talk, by_recipient};
pub use sink::{Heard, Options, Received, Sink};
