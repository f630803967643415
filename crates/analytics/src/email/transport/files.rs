//! Mails as `.eml` files, for a development machine without a mail server.

use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::{
    fs::{self, File},
    io::AsyncWriteExt,
};
use uuid::Uuid;

/// Writes `<name>.eml` into the folder, which is made. It is there as a whole or not at all; written again it is the last one.
///
/// # Errors
/// The folder or the file cannot be written.
pub(crate) async fn write_eml(dir: &Path, name: &str, mail: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(dir).await?;
    let path = dir.join(format!("{name}.eml"));
    // Two who write the same one do not write into each other's file.
    let unfinished = dir.join(format!(".{name}.{}", Uuid::now_v7().simple()));
    let written = async {
        let mut file = File::create_new(&unfinished).await?;
        file.write_all(mail).await?;
        file.sync_all().await?;
        fs::rename(&unfinished, &path).await
    };
    if let Err(error) = written.await {
        let _gone = fs::remove_file(&unfinished).await;
        return Err(error);
    }
    // So that the name survives a loss of power as the content does.
    File::open(dir).await?.sync_all().await?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_mail_is_written_as_a_whole_into_a_folder_that_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        let name = "0197f3a0";
        for content in [&b"first"[..], b"second"] {
            let path = write_eml(&folder, name, content).await.unwrap();
            assert_eq!(path, folder.join("0197f3a0.eml"));
            assert_eq!(std::fs::read(path).unwrap(), content);
        }
        let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }

    #[tokio::test]
    async fn what_cannot_be_written_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        // The place of the file is taken by a folder.
        std::fs::create_dir_all(dir.path().join("a.eml/x")).unwrap();
        assert!(write_eml(dir.path(), "a", b"x").await.is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
