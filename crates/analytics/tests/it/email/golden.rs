//! Every kind of mail against its file in `tests/golden`, to the byte. `UPDATE_GOLDEN=1` writes the files anew: look at what
//! changed, and at `scripts/mail_pictures.sh`, before it is committed.

use std::{collections::BTreeSet, fs, path::PathBuf};

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden"].iter().collect()
}

#[test]
fn every_mail_looks_as_it_was_last_looked_at() {
    let mut files = BTreeSet::new();
    let mut different = Vec::new();
    for mail in analytics_service::sample_mails().unwrap() {
        let parts = [("subject", &format!("{}\n", mail.subject)), ("html", &mail.html), ("txt", &mail.text)];
        for (kind, content) in parts {
            let name = format!("{}.{kind}", mail.name);
            let path = folder().join(&name);
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                fs::write(&path, content).unwrap();
            }
            if fs::read_to_string(&path).ok().as_ref() != Some(content) {
                different.push(name.clone());
            }
            files.insert(name);
        }
    }
    assert_eq!(different, Vec::<String>::new(), "these differ; UPDATE_GOLDEN=1 writes them anew");
    let kept: BTreeSet<String> =
        fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(kept, files, "a file without its mail");
}
