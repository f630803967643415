//! Lists sql/functions for embedding: name, version, checksum and text of every function file.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let folder = root.join("sql/functions");
    println!("cargo:rerun-if-changed={}", root.join("migrations").display());
    println!("cargo:rerun-if-changed={}", folder.display());

    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let text = fs::read_to_string(&file)?;
        let name = file.file_stem().and_then(|stem| stem.to_str()).ok_or("a function file's name is not UTF-8")?;
        let version =
            version(&text).ok_or_else(|| format!("{}: its first lines lack `-- version: N`", file.display()))?;
        let checksum: String = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        list.push_str(&format!(
            "FunctionSource {{ name: {name:?}, version: {version}, checksum: {checksum:?}, sql: include_str!({:?}) }},\n",
            file.canonicalize()?
        ));
    }
    list.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("functions.rs"), list)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo:rerun-if-changed={}", path.display());
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    Ok(())
}

/// The number in a `-- version: N` line among the first five.
fn version(text: &str) -> Option<i32> {
    text.lines().take(5).find_map(|line| line.strip_prefix("-- version:")?.trim().parse().ok())
}
