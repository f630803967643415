//! Tells the tests whether plpgsql_check and Python are installed, so that those which need them are counted as skipped and
//! not as passed where they are not.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(plpgsql_check)");
    let servers = std::fs::read_dir("/usr/share/postgresql").into_iter().flatten().flatten();
    let installed = |server: &Path| server.join("extension/plpgsql_check.control").is_file();
    if servers.map(|server| server.path()).any(|server| installed(&server)) {
        println!("cargo:rustc-cfg=plpgsql_check");
    }
    // The lint of mails; any Python will do.
    println!("cargo:rustc-check-cfg=cfg(python3)");
    println!("cargo:rerun-if-env-changed=PATH");
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join("python3").is_file()) {
        println!("cargo:rustc-cfg=python3");
    }
}
