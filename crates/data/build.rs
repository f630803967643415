//! Tells the tests what is at hand, the real GA4 rows and the BigQuery emulator, so that those which need it are counted as
//! skipped and not as passed where it is not.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(ga4_samples, bqemulator)");
    if named("GA4_SAMPLE_DIR", "../../../shared/data").is_dir() {
        println!("cargo:rustc-cfg=ga4_samples");
    }
    let emulator = named("BQEMULATOR", "../../.local/bqemulator/bin/bqemulator");
    if emulator.is_file() {
        println!("cargo:rustc-cfg=bqemulator");
        // Not where it is absent: cargo would compile this crate anew each time.
        println!("cargo:rerun-if-changed={}", emulator.display());
    }
}

/// What the variable names, or what is at this place beside the crate.
fn named(variable: &str, usual: &str) -> PathBuf {
    println!("cargo:rerun-if-env-changed={variable}");
    std::env::var_os(variable).map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(usual), PathBuf::from)
}
