//! The row mapper: one row of an export as JSON text.
#![no_main]

use data_service::ga4::{Mapped, read_row};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|row: &[u8]| {
    match read_row(row, fuzz::settings()) {
        Ok(Mapped::Event(event)) => fuzz::check_event(&event),
        Ok(Mapped::Nothing(_)) => {}
        Err(reason) => assert!(!reason.is_empty()),
    }
});
