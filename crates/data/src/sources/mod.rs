//! Where event rows come from. Each source turns what it reads into JSON rows for the one mapping in `ga4`.

pub mod export_files;
