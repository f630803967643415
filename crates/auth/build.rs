//! Tells the tests whether the OpenID provider is at hand, so that those which need it are counted as skipped and not as
//! passed where it is not.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=OIDC_PROVIDER");
    println!("cargo:rustc-check-cfg=cfg(oidc_provider)");
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/oidc_provider");
    let stamp = std::env::var_os("OIDC_PROVIDER").map_or(usual, PathBuf::from).join("version");
    if stamp.is_file() {
        println!("cargo:rustc-cfg=oidc_provider");
        // Not where it is absent: cargo would compile this crate anew each time.
        println!("cargo:rerun-if-changed={}", stamp.display());
    }
}
