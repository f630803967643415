//! The body of a post as its sender wrote it: Measurement Protocol objects, read without judging them.

mod message;
mod read;
mod schema;
mod value;

pub use message::{EventBody, Item, Message, Params, Property};
pub use read::{Unreadable, read};
pub use schema::MeasurementBody;
pub use value::{List, Named, Scalar, Shape};
