//! Tests of the transport against servers whose answers are written here.

mod connection;
mod letter;
mod open;
mod reply;
mod servers;

use std::{path::PathBuf, time::Duration};

use common::config::MailSettings;
use lettre::message::Mailbox;
use testkit::smtp::Sink;

use crate::email::outlet::{MailServer, Owner, Security};

/// Patience for tests: a reply that does not come is waited for no longer.
const PATIENCE: Duration = Duration::from_millis(300);

fn settings() -> MailSettings {
    MailSettings {
        allowed_ports: vec![25, 465, 587, 2525],
        ca_path: None,
        connections: 4,
        per_second: 0,
        per_domain_per_second: 0,
        timeout: PATIENCE,
        dir: PathBuf::from("mail"),
    }
}

/// An operator's server without a login.
fn server(sink: &Sink, security: Security) -> MailServer {
    let from: Mailbox = "Reports <reports@shop.example>".parse().unwrap();
    MailServer {
        owner: Owner::Operator,
        host: "127.0.0.1".to_owned(),
        port: sink.port(),
        security,
        login: None,
        return_path: from.email.clone(),
        from,
        dkim: None,
    }
}
