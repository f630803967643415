//! From the objects of a body to rows to store: every event judged by itself, good ones taken although others are not.

use super::body::{EventBody, Message, Shape};
use super::check;
use super::faults::{Faults, RejectedEvent};
use super::row::export_row;
use super::settings::EventSettings;
use crate::ga4::{Mapped, MappedEvent, read_row};

/// What became of a body's events.
#[derive(Debug, Default)]
pub struct Received {
    /// To be stored; equal ones are not told apart yet.
    pub events: Vec<MappedEvent>,
    /// Good events of other names that say nothing of a visit: there is nothing to store of them.
    pub passing: u64,
    pub rejected: Vec<RejectedEvent>,
}

/// Judges and maps. `received` is now, in microseconds since 1970: the time of events that bring none.
pub fn receive(messages: &[(String, Message)], settings: &EventSettings, received: i64) -> Received {
    let mut result = Received::default();
    let mut index = 0;
    for (place, message) in messages {
        let mut of_object = Faults::default();
        let behavior = check::object(message, &settings.limits, &mut of_object);
        let visitor = check::visitor(message);
        for (n, event) in message.events.get().iter().flat_map(|list| list.first.iter().enumerate()) {
            let at = format!("events[{n}]");
            let mut faults = Faults::default();
            let row = match event {
                Shape::Is(event) => {
                    check::event(event, &at, behavior, &settings.limits, &mut faults);
                    let time = check::time(message, event, &at, received, &settings.limits, &mut faults);
                    Some((event, time))
                }
                Shape::Not(kind) => {
                    faults.add(&at, format!("is {kind}, not an event"));
                    None
                }
                Shape::Absent => {
                    faults.add(&at, "is null, not an event");
                    None
                }
            };
            if let Some((event, time)) = row.filter(|_| faults.is_empty() && of_object.is_empty()) {
                match map(message, visitor.as_deref(), event, time, settings) {
                    Ok(Mapped::Event(event)) => result.events.push(*event),
                    Ok(Mapped::Nothing(_)) => result.passing += 1,
                    Err(reason) => faults.add(&at, reason),
                }
            }
            result.rejected.extend(faults.rejection(&of_object, place, index));
            index += 1;
        }
    }
    result
}

fn map(
    message: &Message,
    visitor: Option<&str>,
    event: &EventBody,
    time: i64,
    settings: &EventSettings,
) -> Result<Mapped, String> {
    read_row(&export_row(message, visitor, event, time, settings.zone)?, &settings.mapping)
}
