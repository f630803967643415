//! Mails as `.eml` files, where DEV has no mail server.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Writes the mail into the folder, whole or not at all.
///
/// # Errors
/// The folder cannot be made or written to.
pub(crate) async fn write_eml(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    tokio::fs::create_dir_all(dir).await?;
    let path = dir.join(format!("{name}.eml"));
    tokio::fs::write(&path, bytes).await?;
    Ok(path)
}
