//! `auth-service keys`: the key pairs that sign access tokens where JWT_ALGORITHM is RS256, ES256 or EdDSA.

use std::io::Write;

use anyhow::bail;
use chrono::{SecondsFormat, Utc};
use clap::Subcommand;
use common::{
    auth::{
        AppState,
        keys::stored::{self, StoredPair},
    },
    secrets::Sealer,
};

/// What to do with the pairs.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a pair that signs from now on; tokens of the former one hold until they end
    Rotate,
    /// List the pairs, the newest first
    List,
    /// Withdraw a pair whose private half is no longer private: its tokens are refused within a second
    Retire {
        /// Its name, as `list` shows it
        kid: String,
    },
}

/// Runs one of them.
///
/// # Errors
/// Tokens are signed with a shared secret, or there is no such pair.
pub async fn keys(app: &AppState, command: KeysCommand, out: &mut impl Write) -> anyhow::Result<()> {
    if !app.keys.are_pairs() {
        bail!(
            "JWT_ALGORITHM is {:?}: tokens are signed with JWT_SECRET_KEY. To change that one, move it to \
             JWT_SECRET_KEY_PREVIOUS and set another",
            app.keys.algorithm()
        );
    }
    match command {
        KeysCommand::Rotate => {
            let sealer = Sealer::from_settings(&app.settings);
            let kid = stored::rotate(&app.pool, &sealer, app.keys.algorithm(), app.keys.lifetime()).await?;
            writeln!(out, "{kid} signs from now on")?;
        }
        KeysCommand::List => {
            for pair in stored::all(&app.pool).await? {
                writeln!(out, "{}", line(&pair))?;
            }
        }
        KeysCommand::Retire { kid } => {
            stored::retire(&app.pool, &kid).await?;
            writeln!(out, "{kid} is withdrawn; what it signed is refused")?;
        }
    }
    Ok(())
}

fn line(pair: &StoredPair) -> String {
    let StoredPair { kid, algorithm, created_at, verifies_until, .. } = pair;
    let at = |at: &chrono::DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let state = match verifies_until {
        None => String::from("signs"),
        Some(until) if *until > Utc::now() => format!("verifies until {}", at(until)),
        Some(until) => format!("ended {}", at(until)),
    };
    format!("{kid}  {algorithm}  created {}  {state}", at(created_at))
}
