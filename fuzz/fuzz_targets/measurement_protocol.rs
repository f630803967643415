//! A posted body: Measurement Protocol objects, read, judged and mapped.
#![no_main]

use data_service::events::body::{Shape, read};
use data_service::events::limits::EventLimits;
use data_service::events::receive::receive;
use data_service::events::settings::EventSettings;
use libfuzzer_sys::fuzz_target;

/// When the body comes in, in microseconds since 1970: a week before the latest time that is taken.
const NOW: i64 = 1_799_400_000_000_000;

fuzz_target!(|body: &[u8]| {
    let Ok(messages) = read(body) else { return };
    let settings = EventSettings {
        mapping: fuzz::settings().clone(),
        zone: chrono_tz::America::New_York,
        limits: EventLimits::default(),
    };
    let sent: usize = messages
        .iter()
        .map(|(_, message)| match &message.events {
            Shape::Is(events) => events.first.len(),
            _ => 0,
        })
        .sum();
    let received = receive(&messages, &settings, NOW);
    for event in &received.events {
        fuzz::check_event(event);
    }
    let passing = usize::try_from(received.passing).unwrap_or(usize::MAX);
    assert_eq!(received.events.len() + received.rejected.len() + passing, sent, "an event is lost");
});
