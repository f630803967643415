//! Tells the tests whether the real GA4 rows are at hand, so that those which need them are counted as skipped and not as
//! passed where they are not.

use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=GA4_SAMPLE_DIR");
    println!("cargo:rustc-check-cfg=cfg(ga4_samples)");
    let folder = std::env::var("GA4_SAMPLE_DIR")
        .map_or_else(|_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    if folder.is_dir() {
        println!("cargo:rustc-cfg=ga4_samples");
    }
}
