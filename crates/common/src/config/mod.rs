//! Settings of all three services, read once at start from the environment over `.env`; every fault is reported at once.
//!
//! Variables: the table in `variables.rs`; `.env.example` is their manual, and a test holds the two together.

mod database;
mod dotenv;
mod error;
mod prod;
mod reader;
mod sections;
mod settings;
#[cfg(test)]
mod tests;
mod variables;

pub use database::DatabaseSettings;
pub use error::{ConfigErrors, ConfigFault};
pub use sections::{
    DkimSettings, GoogleEndpoints, GoogleSettings, JwtSettings, LimitSettings, LogSettings, MailSettings,
    OAuthSettings, SmtpSettings,
};
pub use settings::{Environment, Settings};
pub use variables::{VARIABLES, Variable};
