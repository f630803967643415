//! Tells the tests what is at hand, plpgsql_check and two mail servers, so that those which need it are counted as skipped
//! and not as passed where it is not.

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(plpgsql_check, aiosmtpd, postfix)");
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
    println!("cargo:rerun-if-env-changed=AIOSMTPD");
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/aiosmtpd/bin/python3");
    let aiosmtpd = std::env::var_os("AIOSMTPD").map_or_else(usual, PathBuf::from);
    if aiosmtpd.is_file() {
        println!("cargo:rustc-cfg=aiosmtpd");
        // Not where it is absent: cargo would compile this crate anew each time.
        println!("cargo:rerun-if-changed={}", aiosmtpd.display());
    }
    // Debian's postfix, and what makes users for its logins; it changes to users of its own, which only root may.
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    let needed = ["/usr/sbin/postfix", "/usr/sbin/saslpasswd2", "/usr/lib/postfix/sbin/virtual"].map(Path::new);
    if is_root && needed.iter().all(|file| file.is_file()) {
        println!("cargo:rustc-cfg=postfix");
        println!("cargo:rerun-if-changed={}", needed[0].display());
    }
}
