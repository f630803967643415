//! PostgreSQL's binary COPY format (documentation of COPY, "Binary Format") for one staged event.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use sqlx::encode::{Encode, IsNull};
use sqlx::postgres::{PgArgumentBuffer, Postgres};
use uuid::Uuid;

use crate::ga4::MappedEvent;

/// Ends a COPY stream.
pub const TRAILER: [u8; 2] = [0xff, 0xff];

/// Columns of `staged_events`, in the order in which `encode_event` writes them.
const COLUMNS: i16 = 26;

/// Begins a COPY stream: signature, flags, no extension.
pub fn header() -> [u8; 19] {
    *b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0"
}

struct Record<'a>(&'a mut Vec<u8>);

impl Record<'_> {
    fn field(&mut self, bytes: Option<&[u8]>) -> std::io::Result<()> {
        match bytes {
            Some(bytes) => {
                let length = i32::try_from(bytes.len()).map_err(|_| std::io::Error::other("a field beyond 2 GiB"))?;
                self.0.extend_from_slice(&length.to_be_bytes());
                self.0.extend_from_slice(bytes);
            }
            None => self.0.extend_from_slice(&(-1i32).to_be_bytes()),
        }
        Ok(())
    }

    fn int8(&mut self, value: Option<i64>) -> std::io::Result<()> {
        self.field(value.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice))
    }

    fn text(&mut self, value: Option<&str>) -> std::io::Result<()> {
        self.field(value.map(str::as_bytes))
    }

    fn uuid(&mut self, value: Option<Uuid>) -> std::io::Result<()> {
        self.field(value.as_ref().map(|id| id.as_bytes().as_slice()))
    }

    fn date(&mut self, value: NaiveDate) -> std::io::Result<()> {
        let epoch = NaiveDate::from_ymd_opt(2000, 1, 1).ok_or_else(|| std::io::Error::other("no epoch"))?;
        let days = i32::try_from((value - epoch).num_days()).map_err(std::io::Error::other)?;
        self.field(Some(&days.to_be_bytes()))
    }

    /// jsonb on the wire is a version byte and the text.
    fn jsonb(&mut self, value: Option<&str>) -> std::io::Result<()> {
        match value {
            Some(text) => {
                let length =
                    i32::try_from(text.len() + 1).map_err(|_| std::io::Error::other("a field beyond 2 GiB"))?;
                self.0.extend_from_slice(&length.to_be_bytes());
                self.0.push(1);
                self.0.extend_from_slice(text.as_bytes());
                Ok(())
            }
            None => self.field(None),
        }
    }

    fn numeric(&mut self, value: Option<Decimal>) -> std::io::Result<()> {
        let Some(value) = value else { return self.field(None) };
        let mut buffer = PgArgumentBuffer::default();
        match <Decimal as Encode<Postgres>>::encode_by_ref(&value, &mut buffer) {
            Ok(IsNull::No) => self.field(Some(&buffer)),
            Ok(IsNull::Yes) => self.field(None),
            Err(error) => Err(std::io::Error::other(error)),
        }
    }
}

/// Appends the event as one record of a binary COPY into `staged_events`.
///
/// # Errors
/// A field that is too large for the format.
pub fn encode_event(event: &MappedEvent, out: &mut Vec<u8>) -> std::io::Result<()> {
    let MappedEvent {
        kind,
        event_date,
        event_id,
        own_id,
        visit_id,
        event_timestamp,
        batch_page_id,
        batch_ordering_id,
        batch_event_index,
        user_pseudo_id,
        ga_session_id,
        web_user_id,
        ga_user_id,
        branch_id,
        event_count,
        page_location,
        page_title,
        extra,
        items,
        items_count,
        items_value,
        transaction_id,
        revenue,
        currency,
        amount,
        term,
        foreign_amount: _,
    } = event;
    out.extend_from_slice(&COLUMNS.to_be_bytes());
    let mut record = Record(out);
    record.field(Some(&(*kind as i16).to_be_bytes()))?;
    record.date(*event_date)?;
    record.uuid(Some(*event_id))?;
    record.field(Some(&[u8::from(*own_id)]))?;
    record.uuid(*visit_id)?;
    record.int8(Some(*event_timestamp))?;
    record.int8(*batch_page_id)?;
    record.int8(*batch_ordering_id)?;
    record.int8(*batch_event_index)?;
    record.text(user_pseudo_id.as_deref())?;
    record.int8(*ga_session_id)?;
    record.text(web_user_id.as_deref())?;
    record.text(ga_user_id.as_deref())?;
    record.text(branch_id.as_deref())?;
    record.int8(Some(*event_count))?;
    record.text(page_location.as_deref())?;
    record.text(page_title.as_deref())?;
    record.jsonb(extra.as_deref())?;
    record.jsonb(items.as_ref().map(ToString::to_string).as_deref())?;
    record.field(Some(&items_count.to_be_bytes()))?;
    record.numeric(Some(*items_value))?;
    record.text(transaction_id.as_deref())?;
    record.numeric(*revenue)?;
    record.text(currency.as_deref())?;
    record.numeric(*amount)?;
    record.text(term.as_deref())?;
    Ok(())
}
