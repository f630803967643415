//! One line of the export: an event with its visit around it, as `bq extract` writes it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::{
    event::{Ecommerce, Event, Int, Item, Param},
    story::Visit,
    surroundings::{DeviceInfo, Geo},
};

#[derive(Serialize)]
struct Row<'a> {
    event_date: &'a str,
    event_timestamp: Int,
    event_name: &'static str,
    event_params: &'a [Param],
    event_bundle_sequence_id: Int,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_pseudo_id: Option<&'a str>,
    privacy_info: Privacy,
    user_properties: &'a [Param],
    #[serde(skip_serializing_if = "Option::is_none")]
    user_first_touch_timestamp: Option<Int>,
    device: &'static DeviceInfo,
    geo: &'static Geo,
    traffic_source: Traffic,
    stream_id: &'static str,
    platform: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ecommerce: Option<&'a Ecommerce>,
    items: &'a [Item],
    #[serde(skip_serializing_if = "Option::is_none")]
    collected_traffic_source: Option<Collected>,
    is_active_user: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_event_index: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_page_id: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_ordering_id: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_traffic_source_last_click: Option<LastClick>,
}

#[derive(Serialize)]
struct Privacy {
    analytics_storage: &'static str,
    ads_storage: &'static str,
    uses_transient_token: &'static str,
}

/// First touch of the visitor.
#[derive(Serialize)]
struct Traffic {
    name: &'static str,
    medium: &'static str,
    source: &'static str,
}

#[derive(Serialize)]
struct Collected {
    manual_campaign_name: &'static str,
    manual_source: &'static str,
    manual_medium: &'static str,
}

#[derive(Serialize)]
struct LastClick {
    manual_campaign: Campaign,
    cross_channel_campaign: Channel,
}

#[derive(Serialize)]
struct Campaign {
    campaign_name: &'static str,
    source: &'static str,
    medium: &'static str,
}

#[derive(Serialize)]
struct Channel {
    campaign_name: &'static str,
    source: &'static str,
    medium: &'static str,
    default_channel_group: &'static str,
}

/// Appends the event as one line. `event_date` is its day in the property's zone, `YYYYMMDD`.
pub(super) fn write(line: &mut Vec<u8>, visit: &Visit, event: &Event, event_date: &str) -> serde_json::Result<()> {
    let source = visit.source;
    let consent = if visit.device.is_some() { "Yes" } else { "No" };
    let batch = |part: usize| event.batch.map(|batch| Int(batch[part]));
    let row = Row {
        event_date,
        event_timestamp: Int(event.at),
        event_name: event.name,
        event_params: &event.params,
        // Grows with time and may be negative: nothing but a number to its readers.
        event_bundle_sequence_id: Int((event.at / 1000).wrapping_mul(2_654_435_761) % 10_000_000_000),
        user_id: event.user_id.as_deref(),
        user_pseudo_id: visit.device.as_ref().map(|device| device.pseudo_id.as_str()),
        privacy_info: Privacy { analytics_storage: consent, ads_storage: consent, uses_transient_token: "No" },
        user_properties: &event.properties,
        user_first_touch_timestamp: visit.device.as_ref().map(|device| Int(device.first_touch)),
        device: visit.device_info,
        geo: visit.geo,
        traffic_source: Traffic { name: source.name, medium: source.medium, source: source.source },
        stream_id: "4400216833",
        platform: "WEB",
        ecommerce: event.ecommerce.as_ref(),
        items: &event.items,
        collected_traffic_source: (event.name == "session_start" && source.medium != "(none)").then_some(Collected {
            manual_campaign_name: source.name,
            manual_source: source.source,
            manual_medium: source.medium,
        }),
        is_active_user: event.name != "session_start",
        batch_event_index: batch(2),
        batch_page_id: batch(0),
        batch_ordering_id: batch(1),
        session_traffic_source_last_click: visit.session.map(|_| LastClick {
            manual_campaign: Campaign { campaign_name: source.name, source: source.source, medium: source.medium },
            cross_channel_campaign: Channel {
                campaign_name: source.name,
                source: source.source,
                medium: source.medium,
                default_channel_group: source.channel,
            },
        }),
    };
    row.serialize(&mut Serializer::with_formatter(&mut *line, Extract))?;
    line.push(b'\n');
    Ok(())
}

/// JSON as BigQuery extracts it: compact, with `<`, `>` and `&` escaped.
struct Extract;

impl Formatter for Extract {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        // Three searches for one byte each are faster than one for three.
        while let Some(place) = ['<', '>', '&'].into_iter().filter_map(|special| rest.find(special)).min() {
            let (plain, special) = rest.split_at(place);
            writer.write_all(plain.as_bytes())?;
            write!(writer, "\\u{:04x}", special.as_bytes()[0])?;
            rest = &special[1..];
        }
        writer.write_all(rest.as_bytes())
    }
}
