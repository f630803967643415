//! A service on a free port and a client that calls it as a member of a tenant would.

mod answer;
mod client;
mod server;
mod walk;

pub use answer::Answer;
pub use client::Client;
pub use server::TestServer;

#[cfg(test)]
mod tests;
