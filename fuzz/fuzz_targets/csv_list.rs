//! The readers of users and locations: CSV, or rows of a table.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| fuzz::read_lists(content));
