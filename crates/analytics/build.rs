//! Tells the tests whether plpgsql_check is installed, so that the one that needs it is counted as skipped and not as
//! passed where it is not.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(plpgsql_check)");
    let servers = std::fs::read_dir("/usr/share/postgresql").into_iter().flatten().flatten();
    let installed = |server: &Path| server.join("extension/plpgsql_check.control").is_file();
    // The lint of mails takes any Python.
    println!("cargo:rustc-check-cfg=cfg(python3)");
    if std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join("python3").is_file()))
    {
        println!("cargo:rustc-cfg=python3");
    }
    if servers.map(|server| server.path()).any(|server| installed(&server)) {
        println!("cargo:rustc-cfg=plpgsql_check");
    }
}
